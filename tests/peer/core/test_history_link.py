"""What one linked member costs and brings."""

from __future__ import annotations

from peer.core.history_link import HistoryLink
from peer.core.message_exchange import MessageExchange
from peer.core.pace import Pace
from peer.log.event import EventId
from peer.messages.news import Changed, UnreadChanged
from peer.messages.view import View
from peer.wire.message_frames import MessageDigest, MessageEvents, MessageMore, MessageSummary

from ..log.replicas import member
from ..messages.desks import holding, public_pen

LINKED_HLC = 100


def link_with(*texts: str) -> HistoryLink:
    pen = public_pen("ann")
    exchange = MessageExchange(holding([pen.write(text) for text in texts]), lambda: 0, window=1)
    pace = Pace(burst=1, per_s=1.0, now=0.0)
    return HistoryLink(member("bob"), exchange, pace, pace, pace, LINKED_HLC)


def new(hlc: int) -> Changed:
    return Changed(View(EventId(bytes(32)), hlc, bytes(32), bytes(8), 1, "a"), None)


def test_what_was_written_before_the_link_is_late() -> None:
    link = link_with()
    assert link.marked(new(LINKED_HLC - 1)) == Changed(new(LINKED_HLC - 1).view, None, is_late=True)
    assert link.marked(new(LINKED_HLC)) == new(LINKED_HLC)
    changed = Changed(new(1).view, new(1).view)
    assert link.marked(changed) == changed
    assert link.marked(UnreadChanged(1)) == UnreadChanged(1)


def test_question_costs_the_most_and_events_have_a_pace_of_their_own() -> None:
    link = link_with()
    assert link.cost_of(MessageSummary(b"", 0, True)) == 8
    assert link.cost_of(MessageDigest(bytes(16), 0)) == 1
    assert link.cost_of(MessageEvents((), True)) == 0


def test_more_is_free_while_we_answer() -> None:
    link = link_with(*("x" * 8000 for _ in range(20)))
    assert link.cost_of(MessageMore()) == 1
    [question] = link_with().exchange.ask(now=0.0)
    assert isinstance(question, MessageSummary)
    link.exchange.receive_summary(question, now=0.0)
    assert link.cost_of(MessageMore()) == 0
