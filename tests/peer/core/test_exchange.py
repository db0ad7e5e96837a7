"""Two control logs are brought level over one link."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peer.core.exchange import Exchange
from peer.errors import UnexpectedFrame
from peer.wire.frames import ControlDigest, ControlEvents, ControlFrame, ControlMore, ControlSummary


@dataclass
class Shelf:
    """A control log of single letters; a part of its summary names some of them."""

    held: set[bytes] = field(default_factory=set)
    genesis: bytes = b"genesis"

    def digest(self) -> bytes:
        return hashlib.sha256(b"".join(sorted(self.held))).digest()[:16]

    def summary(self) -> list[bytes]:
        ids = b"".join(sorted(self.held))
        return [b"?" + ids[:2], b"?" + ids[2:]] if len(ids) > 2 else [b"?" + ids]

    def missing(self, part: bytes) -> list[list[bytes]]:
        mine = [each for each in sorted(self.held) if each not in part]
        return [mine[start : start + 2] for start in range(0, len(mine), 2)]


def side(*held: str, genesis: bytes = b"genesis") -> tuple[Exchange, Shelf]:
    shelf = Shelf({each.encode() for each in held}, genesis)
    return Exchange(shelf), shelf


def hear(exchange: Exchange, shelf: Shelf, frame: ControlFrame) -> list[ControlFrame]:
    match frame:
        case ControlDigest():
            return exchange.receive_digest(frame)
        case ControlSummary():
            return exchange.receive_summary(frame)
        case ControlEvents(genesis=genesis, events=events, is_last=is_last):
            shelf.genesis = shelf.genesis or genesis
            shelf.held |= set(events)
            return exchange.receive_events(is_last=is_last)
        case ControlMore():
            return exchange.receive_more()
    return []


def settle(left: tuple[Exchange, Shelf], right: tuple[Exchange, Shelf]) -> int:
    """Both begin, and all that is said is heard; how many frames that took."""
    waiting = [(right, frame) for frame in left[0].begin()] + [(left, frame) for frame in right[0].begin()]
    count = 0
    while waiting:
        to, frame = waiting.pop(0)
        count += 1
        waiting += [(left if to is right else right, reply) for reply in hear(*to, frame)]
    return count


def test_level_logs_cost_one_frame_each() -> None:
    """The digest; both are settled by it."""
    left, right = side("a", "b"), side("a", "b")
    assert settle(left, right) == 2
    assert left[0].is_settled
    assert right[0].is_settled


def test_newcomer_asks_at_once_and_gets_everything_with_the_genesis() -> None:
    """Who knows nothing has no digest to show; it cannot hold what we lack."""
    newcomer, member = side(genesis=b""), side("a", "b", "c")
    assert newcomer[0].begin() == [ControlSummary(False, b"", True)]
    assert not newcomer[0].is_settled
    answer = member[0].receive_summary(ControlSummary(False, b"", True))
    assert answer == [
        ControlEvents(b"genesis", (b"a", b"b"), False),
        ControlEvents(b"", (b"c",), True),
    ]
    assert member[0].is_settled
    for frame in answer:
        hear(*newcomer, frame)
    assert newcomer[0].is_settled
    assert newcomer[1] == member[1]


def test_two_newcomers_have_nothing_to_tell_each_other() -> None:
    """Both are settled, and neither knows more."""
    left, right = side(genesis=b""), side(genesis=b"")
    assert settle(left, right) == 4
    assert left[0].is_settled
    assert left[1] == right[1] == Shelf(set(), b"")


def test_digest_says_nothing_to_who_knows_nothing() -> None:
    """It asks, once: a second digest while the answer is on its way changes nothing."""
    exchange, _ = side(genesis=b"")
    assert exchange.receive_digest(ControlDigest(bytes(16))) == [ControlSummary(False, b"", True)]
    assert exchange.receive_digest(ControlDigest(bytes(16))) == []
    assert not exchange.is_settled


def test_end_that_was_not_asked_for_settles_nothing() -> None:
    """Or anybody could say that we know all."""
    exchange, _ = side("a")
    exchange.receive_events(is_last=True)
    assert not exchange.is_settled


def test_long_answer_goes_on_as_fast_as_it_is_taken_in() -> None:
    """No question of one end fills the buffers of the other; whatever is asked next waits behind."""
    shelf = Shelf({bytes([each]) for each in b"abcdefghij"})
    exchange = Exchange(shelf, window=2)
    first = exchange.receive_summary(ControlSummary(False, b"", True))
    assert [len(frame.events) for frame in first if isinstance(frame, ControlEvents)] == [2, 2]
    assert exchange.receive_summary(ControlSummary(True, b"?abcdefghij", True)) == []
    assert exchange.is_answering
    assert exchange.receive_more() == [ControlEvents(b"", (b"e", b"f"), False)]
    *_, last, nothing = rest = exchange.receive_more()
    assert rest == [ControlEvents(b"", (b"g", b"h"), False), last, nothing]
    assert (last, nothing) == (ControlEvents(b"", (b"i", b"j"), True), ControlEvents(b"", (), True))
    assert not exchange.is_answering
    assert [exchange.receive_more() for _ in range(5)] == [[]] * 5


def test_questions_of_who_reads_no_answer_are_bounded() -> None:
    """What waits for it costs memory."""
    exchange = Exchange(Shelf({b"a", b"b", b"c"}), window=0, max_waiting=3)
    assert exchange.receive_summary(ControlSummary(False, b"", True)) == []
    with pytest.raises(UnexpectedFrame):
        exchange.receive_summary(ControlSummary(False, b"", True))


def test_asking_in_vain_is_not_done_again_until_something_changes() -> None:
    """What one side refuses for good would be sent at every comparison."""
    exchange, shelf = side("a")
    theirs = ControlDigest(bytes(16))
    assert exchange.receive_digest(theirs) != []
    assert exchange.receive_events(is_last=False) == [ControlMore()]
    assert exchange.receive_events(is_last=True) == []
    exchange.is_settled = False
    assert exchange.receive_digest(theirs) == []
    assert exchange.is_settled
    assert exchange.receive_digest(ControlDigest(b"another digest..")) != []
    exchange.receive_events(is_last=True, has_left_over=True)
    assert exchange.receive_digest(ControlDigest(b"another digest..")) != []
    exchange.receive_events(is_last=True)
    shelf.held.add(b"b")
    assert exchange.receive_digest(ControlDigest(b"another digest..")) != []


letters = st.sets(st.sampled_from("abcdefgh"), max_size=8)


@settings(max_examples=60, deadline=None)
@given(letters, letters, st.booleans())
def test_any_two_logs_become_level(mine: set[str], theirs: set[str], knows: bool) -> None:
    """Whatever each of them holds; also if one of them is new."""
    left, right = side(*mine), side(*theirs) if knows else side(genesis=b"")
    settle(left, right)
    settle(left, right)
    assert left[1].held == right[1].held == {each.encode() for each in (mine | theirs if knows else mine)}
    assert left[0].is_settled
    assert right[0].is_settled
