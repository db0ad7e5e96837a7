"""The bodies of control events."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from peer.crypto.identity import verify
from peer.errors import MalformedFrame
from peer.ids import RoomId
from peer.keys.room_keys import derive_invite_key
from peer.log.control import (
    MAX_CUTS,
    MAX_OVER,
    Ban,
    Control,
    Cut,
    Grant,
    Invitation,
    Join,
    Kind,
    Revoke,
    Uninvite,
    decode_control,
    encode_control,
    invite_signs,
    kind_of,
    sign_join,
)
from peer.log.event import MAX_EVENT_BYTES, Event, Header, Plane, Reference, hlc_at, seal_event

from ...support.keys import identity, private_room

ROOM_ID = private_room()[0]
ANN, BOB = identity("ann"), identity("bob")
CUTS = (Cut(bytes(8), Plane.CONTROL, 7), Cut(bytes(8), Plane.MESSAGE, 1))
TARGET = Reference(bytes(32), 1)


def event(body: bytes, kind: int, *, plane: Plane = Plane.CONTROL, ref: Reference | None = TARGET) -> Event:
    digest = hashlib.sha256(body).digest()
    header = Header(1, ANN.public_key, bytes(8), plane, 1, b"", hlc_at(1), kind, b"", ref, digest)
    return seal_event(header, body, identity=ANN, room_id=ROOM_ID)


@pytest.mark.parametrize(
    "control",
    [
        Grant(BOB.public_key, 3, (bytes(32),)),
        Revoke(CUTS),
        Invitation(bytes(32), 1, 1_700_000_000_000),
        Uninvite(),
        Join(bytes(64)),
        Ban(BOB.public_key, CUTS),
    ],
)
def test_control_comes_back_as_it_was(control: Control) -> None:
    assert decode_control(event(encode_control(control), kind_of(control))) == control


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Kind.GRANT, [bytes(31), 1, []]),
        (Kind.GRANT, [bytes(32), 0, []]),
        (Kind.GRANT, [bytes(32), 4, []]),
        (Kind.GRANT, [bytes(32), 1, [bytes(32)] * (MAX_OVER + 1)]),
        (Kind.GRANT, [bytes(32), 1, [], "more"]),
        (Kind.REVOKE, [[[bytes(8), 0, 1]] * (MAX_CUTS + 1)]),
        (Kind.REVOKE, [[[bytes(8), 0, 0]]]),
        (Kind.REVOKE, [[[bytes(7), 0, 1]]]),
        (Kind.REVOKE, [[[bytes(8), 2, 1]]]),
        (Kind.INVITE, [bytes(31), 0, 0]),
        (Kind.INVITE, [bytes(32), 2, 0]),
        (Kind.INVITE, [bytes(32), 0, 2**47]),
        (Kind.JOIN, [bytes(63)]),
        (Kind.BAN, [b"", []]),
        (0, []),
        (7, []),
    ],
)
def test_body_outside_its_ranges_is_malformed(kind: int, body: list[Any]) -> None:
    """Also one with a field that we do not know, and a kind that we do not know."""
    with pytest.raises(MalformedFrame):
        decode_control(event(msgspec.msgpack.encode(body), kind))


@pytest.mark.parametrize("control", [Revoke(), Uninvite()])
def test_end_of_nothing_is_malformed(control: Control) -> None:
    with pytest.raises(MalformedFrame, match="what it ends"):
        decode_control(event(encode_control(control), kind_of(control), ref=None))


def test_message_is_no_control_event() -> None:
    with pytest.raises(MalformedFrame):
        decode_control(event(encode_control(Uninvite()), Kind.UNINVITE, plane=Plane.MESSAGE))


def test_longest_control_events_fit_into_an_event() -> None:
    """So that nobody is refused for what the ranges allow."""
    cut = Cut(bytes(8), Plane.MESSAGE, 2**32 - 1)
    for control in (Ban(BOB.public_key, (cut,) * MAX_CUTS), Grant(BOB.public_key, 1, (bytes(32),) * MAX_OVER)):
        assert len(event(encode_control(control), kind_of(control)).encoded) < MAX_EVENT_BYTES // 2


def test_invite_is_for_one_or_for_many() -> None:
    assert [Invitation(bytes(32), uses).is_open for uses in (0, 1)] == [False, True]


def test_join_is_signed_by_the_key_of_the_invite() -> None:
    """Computed from the page: over label, room and the newcomer's key, so that nobody else can use it."""
    invite = derive_invite_key(bytes(16), ROOM_ID)
    join = sign_join(invite, room_id=ROOM_ID, newcomer=BOB.public_key)
    assert verify(invite.public_key, b"speaktube v1 join", join.signature, ROOM_ID + BOB.public_key)
    assert invite_signs(join, invite_key=invite.public_key, room_id=ROOM_ID, newcomer=BOB.public_key)
    assert not invite_signs(join, invite_key=invite.public_key, room_id=ROOM_ID, newcomer=ANN.public_key)
    assert not invite_signs(join, invite_key=invite.public_key, room_id=RoomId(bytes(32)), newcomer=BOB.public_key)
    assert not invite_signs(join, invite_key=ANN.public_key, room_id=ROOM_ID, newcomer=BOB.public_key)
