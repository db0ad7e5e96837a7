"""Signed events: their bytes."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.crypto.identity import verify
from peer.errors import MalformedFrame
from peer.ids import RoomId
from peer.log.event import (
    MAX_EVENT_BYTES,
    Event,
    Header,
    Plane,
    Reference,
    decode_event,
    hlc_at,
    is_signed,
    ms_of,
    replace_body,
    seal_event,
)

from ...support.keys import identity, private_room

ROOM_ID = private_room()[0]
ANN = identity("ann")
BODY = b"\x90"


def fields(**changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "version": 1,
        "author": ANN.public_key,
        "incarnation": bytes(8),
        "plane": Plane.CONTROL,
        "seq": 1,
        "prev": b"",
        "hlc": hlc_at(1_000),
        "kind": 3,
        "auth": b"",
        "ref": None,
        "body_hash": hashlib.sha256(changes.pop("body", BODY)).digest(),
    }
    return usual | changes


def sealed(body: bytes = BODY, **changes: Any) -> Event:
    return seal_event(Header(**fields(body=body, **changes)), body, identity=ANN, room_id=ROOM_ID)


def raw(body: bytes = BODY, **changes: Any) -> bytes:
    """The bytes of somebody who keeps to no rule."""
    header = list(fields(**changes).values())
    return msgspec.msgpack.encode([msgspec.msgpack.encode(header), bytes(64), body])


def test_event_comes_back_as_it_was_signed() -> None:
    """The exact bytes are kept, and nothing but the room says which room it is."""
    event = sealed(prev=b"p" * 32, seq=2, ref=Reference(b"r" * 32, hlc_at(999)))
    assert decode_event(event.encoded, room_id=ROOM_ID) == event
    assert event.log == (ANN.public_key, bytes(8), Plane.CONTROL)
    assert is_signed(event, room_id=ROOM_ID)


def test_id_and_signature_are_those_of_the_protocol() -> None:
    """Computed from the page: SHA-256 and Ed25519 over label, room and header."""
    event = sealed()
    signed, signature, body = msgspec.msgpack.decode(event.encoded)
    assert event.id == hashlib.sha256(b"speaktube v1 event id\0" + ROOM_ID + signed).digest()
    assert verify(ANN.public_key, b"speaktube v1 event", signature, ROOM_ID + signed)
    assert msgspec.msgpack.decode(signed)[10] == hashlib.sha256(body).digest()


def test_event_of_another_room_is_another_event_and_not_signed() -> None:
    """A room stands in no header, so a relay cannot carry an event from one room into another."""
    other = RoomId(bytes(32))
    event = sealed()
    moved = decode_event(event.encoded, room_id=other)
    assert moved.id != event.id
    assert not is_signed(moved, room_id=other)


def test_every_changed_byte_is_refused() -> None:
    """Of header, signature or body: by its shape, by its hash or by its signature."""
    encoded = sealed().encoded
    for position in range(len(encoded)):
        changed = encoded[:position] + bytes([encoded[position] ^ 1]) + encoded[position + 1 :]
        try:
            event = decode_event(changed, room_id=ROOM_ID)
        except MalformedFrame:
            continue
        assert not is_signed(event, room_id=ROOM_ID)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"author": bytes(31)},
        {"incarnation": bytes(7)},
        {"plane": 2},
        {"seq": 0},
        {"seq": 2**32},
        {"seq": 1, "prev": bytes(32)},
        {"seq": 2, "prev": b""},
        {"seq": 2, "prev": bytes(31)},
        {"hlc": -1},
        {"hlc": 2**63},
        {"kind": 256},
        {"auth": bytes(31)},
        {"ref": [bytes(32), hlc_at(1_000)]},
        {"ref": [bytes(31), 0]},
        {"body_hash": bytes(31)},
        {"body_hash": bytes(32)},
    ],
)
def test_header_outside_its_ranges_is_malformed(changes: dict[str, Any]) -> None:
    """Also one that follows nothing, one that answers what comes after it, and one without its body."""
    with pytest.raises(MalformedFrame):
        decode_event(raw(**changes), room_id=ROOM_ID)


def test_header_with_more_fields_is_malformed() -> None:
    """What we do not understand of a signed fact we cannot judge."""
    header = msgspec.msgpack.encode([*fields().values(), "more"])
    with pytest.raises(MalformedFrame):
        decode_event(msgspec.msgpack.encode([header, bytes(64), BODY]), room_id=ROOM_ID)


def test_deleted_message_keeps_its_header() -> None:
    """On the message plane the body may be gone; a control event is whole."""
    event = sealed(plane=Plane.MESSAGE)
    emptied = msgspec.msgpack.encode([event.signed, event.signature, b""])
    left = decode_event(emptied, room_id=ROOM_ID)
    assert (left.id, left.body) == (event.id, b"")
    assert is_signed(left, room_id=ROOM_ID)
    control = sealed()
    with pytest.raises(MalformedFrame, match="body"):
        decode_event(msgspec.msgpack.encode([control.signed, control.signature, b""]), room_id=ROOM_ID)


def test_oversize_event_is_refused_before_it_is_read() -> None:
    with pytest.raises(MalformedFrame, match="at most"):
        decode_event(b"\xc1" * (MAX_EVENT_BYTES + 1), room_id=ROOM_ID)


def test_own_event_cannot_be_oversize() -> None:
    """Kinds bound their bodies; one that does not is our own bug."""
    with pytest.raises(AssertionError):
        sealed(bytes(MAX_EVENT_BYTES))


def test_clock_has_milliseconds_above_and_a_counter_below() -> None:
    assert hlc_at(1) == 65_536
    assert ms_of(hlc_at(1_700_000_000_000) + 65_535) == 1_700_000_000_000


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_malformed(data: bytes) -> None:
    with pytest.raises(MalformedFrame):
        decode_event(data, room_id=ROOM_ID)


def test_body_goes_and_comes_back_and_the_signature_holds() -> None:
    """On the message plane: a deleted message keeps its header."""
    room_id = private_room()[0]
    body = b"\x91\xa4ahoy"
    header = Header(1, identity("ann").public_key, bytes(8), Plane.MESSAGE, 1, b"", 7, 1, b"", None,
                    hashlib.sha256(body).digest())  # fmt: skip
    event = seal_event(header, body, identity=identity("ann"), room_id=room_id)
    bare = replace_body(event, b"")
    read = decode_event(bare.encoded, room_id=room_id)
    assert (read.id, read.body, read.signature) == (event.id, b"", event.signature)
    assert is_signed(read, room_id=room_id)
    assert replace_body(bare, body) == event
