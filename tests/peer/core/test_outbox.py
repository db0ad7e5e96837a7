"""Messages that wait for a link: who gets what, in which order, and how much is kept."""

from __future__ import annotations

import pytest

from peer.core.confirmation import Sent
from peer.core.outbox import Outbox
from peer.errors import OutboxFull
from peer.ids import PeerId
from peer.wire.frames import Chat

BOB, CY = PeerId("bob"), PeerId("cy")


def chat(number: int, *, at: int = 0) -> Sent:
    return Sent(number, Chat(number.to_bytes(16, "big"), at, f"message {number}"))


def texts(chats: list[Sent]) -> list[str]:
    return [each.chat.text for each in chats]


def test_drafts_go_to_whoever_comes_first_and_to_nobody_else() -> None:
    """A draft is a message that nobody was handed; once handed over it is none."""
    outbox = Outbox(limit=8)
    outbox.add_draft(chat(1))
    assert outbox.take(BOB) == ([chat(1)], [chat(1).message_id])
    assert outbox.take(CY) == ([], [])


def test_waiting_messages_are_kept_for_each_peer_by_itself() -> None:
    """Who was present, but not linked, when it was written gets it once linked."""
    outbox = Outbox(limit=8)
    outbox.add_waiting(chat(1), [BOB, CY])
    assert outbox.take(BOB) == ([chat(1)], [])
    assert outbox.take(BOB) == ([], [])
    assert outbox.take(CY) == ([chat(1)], [])


def test_message_that_is_draft_and_awaited_is_given_once() -> None:
    """Written while two peers were on their way: the first to link makes it sent, both get it, neither twice."""
    outbox = Outbox(limit=8)
    outbox.add_draft(chat(1))
    outbox.add_waiting(chat(1), [BOB, CY])
    assert outbox.take(BOB) == ([chat(1)], [chat(1).message_id])
    assert outbox.take(CY) == ([chat(1)], [])


def test_messages_are_given_in_the_order_written_within_one_millisecond() -> None:
    """Two drafts, then the peer appears, then a third: the wall clock cannot tell them apart."""
    outbox = Outbox(limit=8)
    for number in (1, 2):
        outbox.add_draft(chat(number))
    outbox.add_draft(chat(3))
    outbox.add_waiting(chat(3), [BOB])
    assert texts(outbox.take(BOB)[0]) == ["message 1", "message 2", "message 3"]


def test_order_survives_a_wall_clock_that_is_set_back() -> None:
    """The order written is the order given, whatever the time of day says."""
    outbox = Outbox(limit=8)
    outbox.add_draft(chat(1, at=2_000))
    outbox.add_draft(chat(2, at=1_000))
    outbox.add_waiting(chat(2, at=1_000), [BOB])
    outbox.add_waiting(chat(3, at=500), [BOB])
    assert texts(outbox.take(BOB)[0]) == ["message 1", "message 2", "message 3"]


def test_drafts_beyond_the_bound_are_refused() -> None:
    """The writer is told; what waits already is kept."""
    outbox = Outbox(limit=2)
    outbox.add_draft(chat(1))
    outbox.add_draft(chat(2))
    with pytest.raises(OutboxFull) as caught:
        outbox.add_draft(chat(3))
    assert caught.value.limit == 2
    assert texts(outbox.take(BOB)[0]) == ["message 1", "message 2"]


def test_for_a_peer_that_never_links_the_oldest_messages_go() -> None:
    """Others were handed them, so the writer is not held up."""
    outbox = Outbox(limit=2)
    for number in (1, 2, 3):
        outbox.add_waiting(chat(number), [BOB])
    assert texts(outbox.take(BOB)[0]) == ["message 2", "message 3"]


def test_nothing_is_kept_for_a_peer_that_is_gone() -> None:
    """Or peers that come and go would grow the outbox."""
    outbox = Outbox(limit=8)
    outbox.add_waiting(chat(1), [BOB])
    outbox.forget(BOB)
    outbox.forget(CY)
    assert outbox.take(BOB) == ([], [])


def test_who_has_yet_to_get_something_is_known() -> None:
    """A draft is owed to whoever is there; a message that waits, to whom it waits for; neither to nobody."""
    outbox = Outbox(limit=8)
    assert not outbox.owes([BOB, CY])
    outbox.add_draft(chat(1))
    assert outbox.owes([CY])
    assert not outbox.owes([])
    outbox.take(BOB)
    outbox.add_waiting(chat(2), [BOB])
    assert outbox.owes([CY, BOB])
    assert not outbox.owes([CY])
