"""What two members tell each other of what they hold."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peer.errors import MalformedFrame
from peer.log.control import Level
from peer.messages.bodies import Delete, Pin, Title
from peer.messages.compare import DIGEST_BYTES, decode_part, digest_of, encode_parts, missing
from peer.messages.holdings import Holdings
from peer.messages.said import Said, stripped
from peer.messages.window import Limits

from .desks import Desk, holding, public_pen

MAX_BYTES = 48 * 1024


def asked(asking: Holdings, asked: Holdings, *, horizon: int = 0) -> list[Said]:
    parts = [decode_part(part, max_bytes=MAX_BYTES) for part in encode_parts(asking, horizon)]
    return [said for part in parts for said in missing(part, asked, horizon)]


def test_digest_is_of_what_is_kept_and_not_of_the_way_there() -> None:
    texts = public_pen("ann").texts(3)
    assert digest_of(holding(texts), 0) == digest_of(holding(texts[::-1]), 0)
    assert len(digest_of(holding([]), 0)) == DIGEST_BYTES
    assert len({digest_of(holding(texts[:n]), 0) for n in range(4)}) == 4
    assert digest_of(holding([*texts[:2], stripped(texts[2])]), 0) != digest_of(holding(texts), 0)


def test_digest_follows_without_our_code() -> None:
    [text] = public_pen("ann").texts(1)
    data = text.author + text.log.incarnation + bytes(4) + text.id + b"\0"
    assert digest_of(holding([text]), 0) == hashlib.sha256(data).digest()[:16]


def test_what_is_missing_comes_the_newest_first() -> None:
    texts = public_pen("ann").texts(4)
    assert asked(holding([texts[1]]), holding(texts)) == [texts[3], texts[2], texts[0]]
    assert asked(holding(texts), holding(texts)) == []
    assert asked(holding(texts), holding([])) == []


def test_summary_says_what_is_held_in_ranges() -> None:
    texts = public_pen("ann").texts(6)
    [part] = encode_parts(holding([texts[0], texts[1], texts[4]]), 0)
    [_, _, floor, [[key, fork, ranges, fingerprint]]] = msgspec.msgpack.decode(part)
    assert key == texts[0].author + texts[0].log.incarnation
    assert (floor, fork, ranges) == ([-1, b""], 0, [1, 2, 5, 1])
    assert fingerprint == hashlib.sha256(texts[0].id + texts[1].id + texts[4].id).digest()[:16]


def test_summary_is_in_parts_each_of_which_stands_for_itself() -> None:
    pens = [public_pen("ann", bytes([number]) * 8) for number in range(20)]
    said = [pen.write("a") for pen in pens]
    small = holding(said[::2], limits=Limits(max_frame_bytes=512))
    parts = encode_parts(small, 0)
    assert len(parts) > 2
    assert all(len(part) <= 512 for part in parts)
    found = [missing(decode_part(part, max_bytes=512), holding(said), 0) for part in parts]
    assert {each.id for part in found for each in part} == {each.id for each in said[1::2]}
    assert len(encode_parts(holding([]), 0)) == 1


def test_other_events_in_the_same_places_are_told_by_the_fingerprint() -> None:
    """Truncation holes hide no fork."""
    pen = public_pen("ann")
    first = pen.write("1")
    ours = [pen.write("2"), pen.write("3"), pen.write("4")]
    theirs = [pen.write("2'", after=first), pen.write("3'"), pen.write("4'")]
    left, right = holding([first, ours[2]]), holding([first, theirs[2]])
    assert theirs[2] in asked(left, right)
    assert digest_of(left, 0) != digest_of(right, 0)


def test_fork_is_told_to_who_does_not_know_it_or_knows_a_higher_one() -> None:
    pen = public_pen("ann")
    first, second = pen.write("1"), pen.write("2")
    third = pen.write("3")
    higher = holding([first, second, third, pen.write("3'", after=second)])
    lower = holding([first, second, pen.write("2'", after=first)])
    assert len(asked(holding([first]), lower)) == 2
    assert len(asked(higher, lower)) == 2
    assert [said.seq for said in asked(lower, higher)] == []
    assert asked(lower, lower) == []


def test_nothing_below_the_floor_is_sent_but_what_is_kept_there() -> None:
    desk = Desk(bob=Level.MODERATOR)
    pen, other = desk.pen("ann"), desk.pen("bob", highest=True)
    texts = pen.texts(5)
    pin, delete = other.write(Pin(True), ref=texts[1]), other.write(Delete(), ref=texts[0])
    new = holding(texts[2:], rules=desk.rules(), limits=Limits(max_texts=3))
    everything = holding([*texts, pin, delete], rules=desk.rules())
    assert {said.id for said in asked(new, everything)} == {texts[1].id, pin.id, delete.id}


def test_horizon_hides_what_was_said_before_it() -> None:
    """Settings are no history."""
    desk = Desk()
    pen = desk.pen("ann")
    old, title, new = pen.write("old"), pen.write(Title("t")), pen.write("new")
    late = pen.write(Delete(), ref=old)
    ours = holding([old, title, new, late], rules=desk.rules())
    assert asked(holding([], rules=desk.rules()), ours, horizon=new.hlc) == [new, title]
    theirs = holding([title, new], rules=desk.rules())
    assert digest_of(ours, new.hlc) == digest_of(theirs, new.hlc)


def test_words_that_are_missing_are_asked_for() -> None:
    texts = public_pen("ann").texts(2)
    ours = holding([texts[0], stripped(texts[1])])
    assert asked(ours, holding(texts)) == [texts[1]]
    assert [said.id for said in asked(holding([]), ours)] == [texts[1].id, texts[0].id]


@pytest.mark.parametrize("ranges", [[1], [1, 0], [3, 2, 4, 1], [3, 1, 4, 1], [5, 1, 1, 1]])
def test_ranges_that_do_not_rise_are_refused(ranges: list[int]) -> None:
    part = msgspec.msgpack.encode([b"", b"", [0, b""], [[bytes(40), 0, ranges, bytes(16)]]])
    with pytest.raises(MalformedFrame, match="rise"):
        decode_part(part, max_bytes=MAX_BYTES)


def test_part_is_bounded() -> None:
    with pytest.raises(MalformedFrame, match="at most 60 bytes"):
        decode_part(bytes(61), max_bytes=60)


@settings(max_examples=60)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_part_or_refused(data: bytes) -> None:
    try:
        decode_part(data, max_bytes=60)
    except MalformedFrame:
        return


@settings(max_examples=40)
@given(st.sets(st.integers(0, 7)), st.sets(st.integers(0, 7)))
def test_after_one_exchange_both_hold_the_same(left: set[int], right: set[int]) -> None:
    texts = public_pen("ann").texts(8)
    ours, theirs = holding(texts[n] for n in left), holding(texts[n] for n in right)
    for said in asked(ours, theirs):
        ours.put(said)
    for said in asked(theirs, ours):
        theirs.put(said)
    assert digest_of(ours, 0) == digest_of(theirs, 0)
    assert len(ours.logs.held) == len(left | right)
