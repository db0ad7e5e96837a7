"""Two members bring their messages level over one link."""

from __future__ import annotations

import msgspec
import pytest

from peer.core.message_exchange import MessageExchange, pack_events
from peer.errors import MalformedFrame
from peer.messages.compare import digest_of
from peer.messages.holdings import Holdings
from peer.messages.said import Said, decode_said, stripped
from peer.wire.message_frames import (
    MAX_PART_BYTES,
    MessageDigest,
    MessageEvents,
    MessageFrame,
    MessageMore,
    MessageSummary,
)

from ..messages.desks import PUBLIC_ROOM, holding, public_pen

NOW = 100.0


class Side:
    """One end, which takes in whatever it is told."""

    def __init__(self, *said: Said, window: int = 8, since: int = 0) -> None:
        self.holdings: Holdings = holding(said)
        self.exchange = MessageExchange(self.holdings, lambda: since, window=window)
        self.heard: list[MessageFrame] = []

    def receive(self, frame: MessageFrame, now: float = NOW) -> list[MessageFrame]:
        self.heard.append(frame)
        match frame:
            case MessageDigest():
                return self.exchange.receive_digest(frame, now=now)
            case MessageSummary():
                return self.exchange.receive_summary(frame, now=now)
            case MessageMore():
                return self.exchange.receive_more()
            case MessageEvents():
                return self._take_in(frame, now)
            case _:
                raise AssertionError(frame)

    def _take_in(self, frame: MessageEvents, now: float) -> list[MessageFrame]:
        for data in frame.events:
            said = decode_said(data, room_id=PUBLIC_ROOM)
            assert said is not None
            self.holdings.put(said)
        return self.exchange.receive_events(
            is_last=frame.is_last, is_news=bool(frame.events), has_left_over=False, now=now
        )


def talk(left: Side, right: Side, frames: list[MessageFrame]) -> int:
    """What `left` says first, and all that follows; the number of frames."""
    there, back, count = list(frames), list[MessageFrame](), 0
    while there or back:
        for _ in range(len(there)):
            back += right.receive(there.pop(0))
            count += 1
        for _ in range(len(back)):
            there += left.receive(back.pop(0))
            count += 1
        assert count < 400
    return count


def test_equal_sets_cost_one_frame_each_way() -> None:
    texts = public_pen("ann").texts(3)
    left, right = Side(*texts), Side(*texts)
    assert talk(left, right, left.exchange.begin()) == 2
    assert left.exchange.is_equal
    assert right.exchange.is_equal
    assert right.exchange.is_settled


def test_both_hold_the_same_in_the_end() -> None:
    pen = public_pen("ann")
    texts = pen.texts(6)
    left, right = Side(*texts[:4]), Side(*texts[3:])
    talk(left, right, left.exchange.begin())
    assert digest_of(left.holdings, 0) == digest_of(right.holdings, 0)
    assert left.exchange.is_equal
    assert right.exchange.is_equal
    assert len(left.holdings.logs.held) == 6


def test_long_answer_goes_out_as_fast_as_it_is_taken_in() -> None:
    texts = [public_pen("ann").write("x" * 8000)]
    pen = public_pen("bob")
    texts += [pen.write("x" * 8000) for _ in range(40)]
    left, right = Side(window=2), Side(*texts, window=2)
    asked = left.exchange.ask(now=NOW)
    [question] = asked
    first = right.receive(question)
    assert len(first) == 2
    assert right.exchange.is_answering
    assert right.receive(MessageMore())
    assert left.exchange.ask(now=NOW + 1) == []
    assert left.exchange.is_asking(now=NOW + 1)
    left, right = Side(window=2), Side(*texts, window=2)
    talk(left, right, left.exchange.ask(now=NOW))
    assert len(left.holdings.logs.held) == 41
    assert not right.exchange.is_answering


def test_lost_question_is_asked_again() -> None:
    left = Side()
    assert left.exchange.ask(now=NOW)
    assert not left.exchange.is_asking(now=NOW + 10)
    assert left.exchange.ask(now=NOW + 10)


def test_asking_in_vain_is_not_repeated() -> None:
    left = Side()
    digest = MessageDigest(bytes(16), 0)
    [question] = left.receive(digest)
    assert isinstance(question, MessageSummary)
    assert left.receive(MessageEvents((), True)) == left.exchange.begin()
    assert left.receive(digest) == []
    assert left.exchange.is_settled
    left.holdings.put(public_pen("ann").write("a"))
    assert left.receive(digest, NOW + 16) != []


def test_vain_question_says_nothing_of_a_later_digest() -> None:
    """They may have got something between their answer and that digest, which overtook it."""
    pen = public_pen("ann")
    [text] = pen.texts(1)
    left, right = Side(), Side(text)
    left.receive(MessageDigest(b"before".ljust(16), 0))
    [theirs] = right.exchange.begin()
    left.receive(theirs)
    left.receive(MessageEvents((), True))
    assert [type(frame) for frame in left.receive(theirs, now=NOW + 60)] == [MessageSummary]


def test_digests_that_differ_by_what_is_on_its_way_cause_no_storm() -> None:
    """Who has just asked begins again after a pause, which grows while asking brings nothing."""
    left, pen, now = Side(), public_pen("ann"), NOW
    for pause_s in (2, 4, 8, 16, 16):
        assert left.receive(MessageDigest(bytes(16), 0), now) != []
        assert left.exchange.next_at is None
        left.receive(MessageEvents((), True), now)
        left.holdings.put(pen.write("a"))
        assert left.receive(MessageDigest(bytes(16), 0), now) == []
        assert left.exchange.next_at == now + pause_s
        assert not left.exchange.is_due(now=now)
        now += pause_s
        assert left.exchange.is_due(now=now)
        left.exchange.begin()
        assert not left.exchange.is_due(now=now)


def test_who_was_told_too_much_at_once_asks_after_a_pause() -> None:
    left = Side()
    left.exchange.wonder(now=NOW)
    assert left.exchange.next_at == NOW + 1


def test_answer_that_nobody_asked_for_is_not_answered() -> None:
    left = Side()
    assert left.receive(MessageEvents((), True)) == []
    assert left.receive(MessageMore()) == []


def test_later_horizon_of_the_two_counts() -> None:
    """Whoever hears of a later one than before says its digest again."""
    pen = public_pen("ann")
    old, new = pen.texts(2)
    left, right = Side(since=new.hlc), Side(old, new)
    talk(right, left, right.exchange.begin())
    assert list(left.holdings.logs.held) == [new.id]
    assert left.exchange.is_equal
    again = Side(old, new)
    frames = again.receive(MessageDigest(bytes(16), new.hlc))
    assert [type(frame) for frame in frames] == [MessageDigest, MessageSummary]


def test_new_question_takes_the_place_of_the_one_before() -> None:
    """No number of questions fills our memory."""
    pen = public_pen("ann")
    right = Side(*(pen.write("x" * 8000) for _ in range(60)), window=1)
    [question] = Side().exchange.ask(now=NOW)
    told = [frame for _ in range(50) for frame in right.receive(question)]
    assert len(told) == 1
    assert len(right.exchange._rest) == 60
    assert len(right.receive(question, now=NOW + 10)) == 1


def test_what_was_let_go_since_is_passed_over() -> None:
    pen = public_pen("ann")
    texts = [pen.write("x" * 8000) for _ in range(12)]
    right = Side(*texts, window=1)
    [question] = Side().exchange.ask(now=NOW)
    right.receive(question)
    for said in texts[:3]:
        right.holdings._let_go(said)
    told = [frame for frame in right.receive(MessageMore()) if isinstance(frame, MessageEvents)]
    assert sum(len(frame.events) for frame in told) == 12 - 5 - 3


def test_proof_of_a_fork_is_told_though_it_is_no_message() -> None:
    pen = public_pen("ann")
    first = pen.write("1")
    right = Side(first, pen.write("2"), pen.write("2'", after=first))
    [question] = Side(first).exchange.ask(now=NOW)
    [answer] = right.receive(question)
    assert isinstance(answer, MessageEvents)
    assert sorted(answer.events) == sorted(stripped(said).encoded for said in pen.said[1:])


def test_proof_from_before_the_horizon_goes_without_its_words() -> None:
    """Half of it may be a message that is held, and that the other side is not to read."""
    pen = public_pen("ann")
    first = pen.write("1")
    late = pen.write("5", seq=5, prev=bytes(32), hlc=first.hlc)
    right = Side(first, late)
    [question] = Side(since=first.hlc + 1).exchange.ask(now=NOW)
    [answer] = right.receive(question)
    assert isinstance(answer, MessageEvents)
    assert sorted(answer.events) == sorted(stripped(said).encoded for said in (first, late))


def test_summary_in_parts_is_answered_at_its_end() -> None:
    [question] = Side().exchange.ask(now=NOW)
    assert isinstance(question, MessageSummary)
    right = Side()
    assert right.receive(MessageSummary(question.part, 0, False)) == []
    assert right.receive(question) == [MessageEvents((), True)]
    with pytest.raises(MalformedFrame):
        right.receive(MessageSummary(b"junk", 0, True))


def test_part_behind_the_first_adds_what_was_not_promised_yet() -> None:
    texts = public_pen("ann").texts(3)
    right = Side(*texts, window=1)
    later = msgspec.msgpack.encode([bytes(40), b"", [0, b""], []])
    right.exchange._owed.add(texts[0].id)
    assert right.receive(MessageMore()) == []
    [answer] = right.receive(MessageSummary(later, 0, True))
    assert isinstance(answer, MessageEvents)
    assert len(answer.events) == 2


def test_events_are_packed_into_frames() -> None:
    assert pack_events([]) == []
    assert pack_events([b"a"] * 513) == [(b"a",) * 512, (b"a",)]
    big = bytes(MAX_PART_BYTES // 2 + 1)
    assert pack_events([big, big]) == [(big,), (big,)]
