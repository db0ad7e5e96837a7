"""What two replicas tell each other of what they hold."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.errors import MalformedFrame
from peer.log.chains import Bounds, Chains
from peer.log.control import Grant
from peer.log.event import Event
from peer.log.facts import fact_of
from peer.log.summary import DIGEST_BYTES, batches, decode_part, digest_of, encode_parts, lacking

from .replicas import Pen, Room, public_key

MAX_BYTES = 48 * 1024


def holding(*events: Event) -> Chains:
    logs = Chains([public_key("ann")], Bounds())
    for event in events:
        fact = fact_of(event)
        assert logs.refusal_of(fact) is None
        logs.put(fact)
    return logs


def grants(pen: Pen, count: int, name: str = "bob") -> list[Event]:
    return [pen.write(Grant(public_key(name), 1)) for _ in range(count)]


def exchanged(asking: Chains, asked: Chains, *, max_bytes: int = MAX_BYTES) -> list[Event]:
    parts = [decode_part(part, max_bytes=max_bytes) for part in encode_parts(asking, max_bytes=max_bytes)]
    return [fact.event for part in parts for fact in lacking(part, asked)]


def test_digest_is_of_what_is_held_and_not_of_the_way_there() -> None:
    room = Room()
    left, right = room.pen("ann", b"12345678"), room.pen("ann", b"abcdefgh")
    ours, theirs = grants(left, 2), grants(right, 1)
    assert digest_of(holding(*ours, *theirs)) == digest_of(holding(*theirs, *ours))
    assert len(digest_of(holding())) == DIGEST_BYTES
    assert len({digest_of(holding(*ours[:n])) for n in range(3)}) == 3


def test_digest_knows_of_forks() -> None:
    room = Room()
    left, right = room.pen("ann"), room.pen("ann")
    first, second, third = *grants(left, 1), *grants(right, 1, "cyd"), *grants(room.pen("ann"), 1, "dan")
    assert digest_of(holding(first, second)) == digest_of(holding(second, third)) != digest_of(holding())


@pytest.mark.parametrize("held", [0, 1, 2, 3, 4, 7, 8, 20])
def test_who_holds_less_gets_the_rest(held: int) -> None:
    """And who holds as much or more gets nothing."""
    events = grants(Room().pen("ann"), 20)
    less, all_of_it = holding(*events[:held]), holding(*events)
    assert exchanged(less, all_of_it) == events[held:]
    assert exchanged(all_of_it, less) == []


@pytest.mark.parametrize("common", [0, 1, 2, 6, 7, 8, 12])
def test_branches_that_part_are_sent_from_before_the_fork(common: int) -> None:
    """Marks at 1, 2, 4, 8, … from the tip find a place that both hold, not far below."""
    room = Room()
    left, right = room.pen("ann"), room.pen("ann")
    shared = grants(left, common)
    right.events = list(shared)
    ours, theirs = grants(left, 12 - common + 1), grants(right, 12 - common + 3, "cyd")
    sent = exchanged(holding(*shared, *ours), holding(*shared, *theirs))
    assert theirs == sent[-len(theirs) :]
    assert len(sent) <= 2 * len(theirs) + 1


def test_proof_of_a_fork_is_told_to_those_who_do_not_know() -> None:
    """With what comes before it; and nothing behind a fork that they know."""
    room = Room()
    left, right = room.pen("ann"), room.pen("ann")
    shared = grants(left, 2)
    right.events = list(shared)
    ours, theirs = grants(left, 3), grants(right, 1, "cyd")
    knowing = holding(*shared, *ours, *theirs)
    assert set(exchanged(holding(), knowing)) == {*shared, ours[0], theirs[0]}
    assert set(exchanged(holding(*shared, *ours), knowing)) == {ours[0], theirs[0]}
    assert exchanged(knowing, holding(*shared, *ours)) == []
    assert exchanged(knowing, knowing) == []
    earlier = holding(shared[0], *grants(room.pen("ann"), 1, "dan"))
    assert len(exchanged(knowing, earlier)) == 2
    assert exchanged(earlier, knowing) == []


def test_long_summary_comes_in_parts_that_stand_alone() -> None:
    """Each answers for its own stretch of logs, so that any may be lost."""
    room = Room()
    events = [event for n in range(40) for event in grants(room.pen("ann", bytes(7) + bytes([n])), 1)]
    logs, parts = holding(*events), encode_parts(holding(*events[::2]), max_bytes=600)
    assert len(parts) >= 3
    assert all(len(part) <= 600 for part in parts)
    sent = [[fact.event for fact in lacking(decode_part(part, max_bytes=600), logs)] for part in parts]
    assert sorted(event.id for batch in sent for event in batch) == sorted(event.id for event in events[1::2])
    assert all(sent)


def test_empty_replica_says_so() -> None:
    [part] = encode_parts(holding(), max_bytes=MAX_BYTES)
    assert msgspec.msgpack.decode(part) == [b"", b"", []]


def test_batches_hold_at_least_one_item_each() -> None:
    items = [(b"", bytes(size)) for size in (5, 5, 50, 5)]
    assert [[len(data) for _, data in batch] for batch in batches(items, 20)] == [[5, 5], [50], [5]]
    assert list(batches([], 20)) == []


@pytest.mark.parametrize(
    "part",
    [
        [b"", b""],
        [bytes(41), b"", []],
        [b"", b"", [[bytes(39), 1, 0, b""]]],
        [b"", b"", [[bytes(40), 2**32, 0, b""]]],
        [b"", b"", [[bytes(40), 1, 0, bytes(8 * 34)]]],
    ],
)
def test_part_outside_its_ranges_is_malformed(part: list[object]) -> None:
    with pytest.raises(MalformedFrame):
        decode_part(msgspec.msgpack.encode(part), max_bytes=MAX_BYTES)


def test_part_may_lie_about_marks() -> None:
    """Missing or made up, they cost a few events more, and nothing else."""
    events = grants(Room().pen("ann"), 3)
    key, logs = events[0].log, holding(*events)
    for seq, marks in ((3, b""), (3, bytes(24)), (900, bytes(8)), (2**32 - 1, b"")):
        part = [b"", b"", [[key.author + key.incarnation, seq, 0, marks]]]
        sent = lacking(decode_part(msgspec.msgpack.encode(part), max_bytes=MAX_BYTES), logs)
        assert len(sent) <= 3


def test_oversize_part_is_refused_before_it_is_read() -> None:
    with pytest.raises(MalformedFrame, match="at most"):
        decode_part(bytes(101), max_bytes=100)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_malformed(data: bytes) -> None:
    try:
        decode_part(data, max_bytes=MAX_BYTES)
    except MalformedFrame:
        return
    assert msgspec.msgpack.decode(data)
