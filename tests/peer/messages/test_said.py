"""Message events, read once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peer.errors import MalformedFrame
from peer.log.control import Grant
from peer.log.event import Header, Plane, hlc_at, seal_event
from peer.messages.bodies import Delete, Edit, Kind, Text
from peer.messages.said import HIGHEST, LOWEST, decode_said, place_of, said_of, stripped, with_words

from ...support.keys import identity
from ..log.replicas import Room, public_key
from .desks import NOW_MS, PUBLIC_ROOM, MessagePen, public_pen


def header(**changes: object) -> Header:
    fields: dict[str, object] = {
        "version": 1,
        "author": public_key("ann"),
        "incarnation": bytes(8),
        "plane": Plane.MESSAGE,
        "seq": 1,
        "prev": b"",
        "hlc": hlc_at(NOW_MS),
        "kind": Kind.DELETE,
        "auth": b"",
        "ref": None,
        "body_hash": __import__("hashlib").sha256(b"\x90").digest(),
    }
    return Header(**{**fields, **changes})  # type: ignore[arg-type]


def test_message_is_read_as_it_was_written() -> None:
    """With its place among all, and the place of what it is about."""
    pen = public_pen("ann")
    text = pen.write("ahoy")
    answer, edit = pen.write("hi", ref=text), pen.write(Edit("ahoy!"), ref=text)
    read = decode_said(edit.encoded, room_id=PUBLIC_ROOM)
    assert read is not None
    assert (read.id, read.body, read.seq, read.target) == (edit.id, Edit("ahoy!"), 3, text.id)
    assert edit.anchor == text.place == text.anchor
    assert answer.target == text.id
    assert answer.anchor == answer.place
    assert LOWEST < place_of(text) < place_of(answer) < HIGHEST
    assert text.hlc == text.place[0]


def test_words_go_and_come_back() -> None:
    """Of another copy the words are taken, and nothing else."""
    text = public_pen("ann").write("ahoy")
    bare = stripped(text)
    assert bare.body is None
    assert b"ahoy" not in bare.encoded
    read = decode_said(bare.encoded, room_id=PUBLIC_ROOM)
    assert read is not None
    assert (read.id, read.body) == (text.id, None)
    assert with_words(bare, text).encoded == text.encoded
    assert with_words(bare, text).body == Text("ahoy")


def test_control_event_is_no_message() -> None:
    room = Room()
    event = room.pen("ann").write(Grant(public_key("bob"), 1))
    with pytest.raises(MalformedFrame, match="not a message event"):
        said_of(event)


def test_kind_of_a_later_version_is_none() -> None:
    event = seal_event(header(kind=200), b"\x90", identity=identity("ann"), room_id=PUBLIC_ROOM)
    assert decode_said(event.encoded, room_id=PUBLIC_ROOM) is None


def test_what_is_about_something_says_about_what() -> None:
    event = seal_event(header(), b"\x90", identity=identity("ann"), room_id=PUBLIC_ROOM)
    with pytest.raises(MalformedFrame, match="what it is about"):
        said_of(event)


@settings(max_examples=50)
@given(st.integers(0, 400), st.integers(1, 255))
def test_any_byte_changed_is_another_event_or_none(position: int, change: int) -> None:
    pen = MessagePen(identity("ann"))
    text = pen.write("ahoy")
    encoded = pen.write(Delete(), ref=text).encoded
    position %= len(encoded)
    altered = encoded[:position] + bytes([encoded[position] ^ change]) + encoded[position + 1 :]
    try:
        said = decode_said(altered, room_id=PUBLIC_ROOM)
    except MalformedFrame:
        return
    assert said is None or said.encoded == altered
