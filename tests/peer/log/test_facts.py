"""How far a log counts."""

from __future__ import annotations

import pytest

from peer.errors import MalformedFrame
from peer.log.control import Grant, Level, Uninvite, encode_control
from peer.log.event import Event
from peer.log.facts import Fact, decode_fact, fact_of, order_of, whole_logs

from .replicas import Pen, Room, public_key


def written(pen: Pen, name: str = "bob", **changes: int | bytes | Event) -> Fact:
    return fact_of(pen.write(Grant(public_key(name), Level.MEMBER), **changes))  # type: ignore[arg-type]


def test_fact_is_read_once_and_whole() -> None:
    room = Room()
    fact = written(room.pen("ann"))
    assert decode_fact(fact.event.encoded, room_id=room.id) == fact
    assert (fact.target, fact.auth, fact.control) == (None, b"", Grant(public_key("bob"), 1))
    assert order_of(fact) == (fact.hlc, fact.id)
    event = room.pen("ann").write(Uninvite(), ref=fact.event)
    assert fact_of(event).target == fact.id


def test_event_of_an_unknown_kind_is_malformed() -> None:
    with pytest.raises(MalformedFrame):
        decode_fact(encode_control(Uninvite()), room_id=Room().id)


def test_log_counts_up_to_its_first_gap() -> None:
    """Of each log by itself, in any order, duplicates or not."""
    room = Room()
    left, right = room.pen("ann"), room.pen("ann", b"another!")
    first, second, third, fourth = (written(left) for _ in range(4))
    other = written(right)
    assert sorted(whole_logs([fourth, second, first, first, other]), key=order_of) == [first, second, other]
    assert whole_logs([third, second]) == []


def test_log_is_cut_where_two_things_were_said() -> None:
    pen = Room().pen("ann")
    first, second = written(pen), written(pen)
    again = written(pen, "cyd", after=first.event)
    assert whole_logs([first, second, again]) == [first]


def test_log_is_cut_where_what_follows_contradicts() -> None:
    """The next event names another one before it: its author has said two things there, though one was never seen."""
    pen = Room().pen("ann")
    first, second = written(pen), written(pen)
    third = written(pen, seq=3, prev=bytes(32))
    assert whole_logs([first, second, third]) == [first]
    fourth, fifth = written(pen, after=second.event), written(pen, seq=3, prev=bytes(32))
    assert whole_logs([first, second, fourth, fifth]) == [first]


def test_event_whose_clock_stands_still_is_not_there() -> None:
    pen = Room().pen("ann")
    first, second = written(pen), written(pen)
    still = written(pen, "cyd", after=first.event, hlc=first.hlc)
    assert whole_logs([first, second, still]) == [first, second]
    assert whole_logs([first, still]) == [first]
