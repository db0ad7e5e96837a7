"""Signed events: one fact that its author said once, as bytes that everybody keeps as they were (DESIGN, section 5).

    event  = MessagePack [header, signature 64, body]                all three as byte strings, at most 16 KiB in all
    header = MessagePack [version 1, author 32, incarnation 8, plane, seq, prev 32 | 0, hlc, kind, auth 32 | 0,
                          [id 32, hlc] | nil, SHA-256 of body]
    id     = SHA-256("speaktube v1 event id" ‖ 00 ‖ room id ‖ header)
    signed = "speaktube v1 event" ‖ 00 ‖ room id ‖ header            Ed25519 by the author

Knows bytes, sizes and signatures; nothing of who may say what. The exact bytes are signed and kept: nothing that came
from afar is ever encoded again, and the id does not cover the signature, so a second spelling of a signature makes no
second event. A room stands in no header: an event of another room has another id and no valid signature here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Annotated, Literal, NamedTuple, NewType

import msgspec

from ..crypto.identity import Identity, verify
from ..crypto.labels import EVENT_HASH, EVENT_SIGNATURE, hash_labelled
from ..errors import MalformedFrame
from ..ids import RoomId

__all__ = [
    "INCARNATION_BYTES",
    "MAX_EVENT_BYTES",
    "MAX_HLC",
    "MAX_SEQ",
    "Event",
    "EventId",
    "Header",
    "LogId",
    "Plane",
    "Reference",
    "Signed",
    "Verifier",
    "VerifyAll",
    "decode_event",
    "event_id_of",
    "hlc_at",
    "is_signed",
    "ms_of",
    "replace_body",
    "seal_event",
    "signed_by",
]

MAX_EVENT_BYTES = 16 * 1024
MAX_SEQ = 2**32 - 1
INCARNATION_BYTES = 8
_ID_BYTES = 32
_COUNTER_BITS = 16
MAX_HLC = 2**63 - 1

EventId = NewType("EventId", bytes)
"""32 bytes; the same on every replica."""

Verifier = Callable[[bytes, bytes, bytes, bytes], bool]
"""`crypto.identity.verify`: (public key, label, signature, data); an argument, so that tests count the calls."""

Signed = tuple[bytes, bytes, bytes, bytes]
"""What a `Verifier` is asked."""

VerifyAll = Callable[[Sequence[Signed]], Sequence[bool]]
"""The same for many at once, on all cores: `peer.signatures`."""

_Bytes32 = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
_Hlc = Annotated[int, msgspec.Meta(ge=0, le=MAX_HLC)]


class Plane(IntEnum):
    """Which of an author's logs."""

    CONTROL = 0
    """Who may do what: kept for ever."""
    MESSAGE = 1
    """What is said: kept as the room's retention says."""


class LogId(NamedTuple):
    """One writer's signed chain of events."""

    author: bytes
    """Ed25519 key."""
    incarnation: bytes
    """8 bytes, new for each new or restored database, so that a lost tail never forks a log."""
    plane: Plane


class Reference(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """The event that another one is about."""

    id: _Bytes32
    hlc: _Hlc


class Header(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """What is signed; the body hangs on it by its hash, so that a body can be deleted and the log still be checked."""

    version: Literal[1]
    author: _Bytes32
    incarnation: Annotated[bytes, msgspec.Meta(min_length=INCARNATION_BYTES, max_length=INCARNATION_BYTES)]
    plane: Plane
    seq: Annotated[int, msgspec.Meta(ge=1, le=MAX_SEQ)]
    """Contiguous for each author, incarnation and plane."""
    prev: Annotated[bytes, msgspec.Meta(max_length=_ID_BYTES)]
    """The id at seq - 1; empty for the first."""
    hlc: _Hlc
    """47 bits of ms since 1970, 16 of counter; rises within a log, and is above that of `ref`."""
    kind: Annotated[int, msgspec.Meta(ge=0, le=255)]
    auth: Annotated[bytes, msgspec.Meta(max_length=_ID_BYTES)]
    """The one event that gives the right: a grant, a join, for a join its invite; empty for an owner of the genesis."""
    ref: Reference | None
    body_hash: _Bytes32

    @property
    def log(self) -> LogId:
        return LogId(self.author, self.incarnation, self.plane)


class Event(msgspec.Struct, frozen=True, gc=False):
    """An event whose shape is right; its signature is another question."""

    id: EventId
    header: Header
    encoded: bytes
    """As received; what is kept and passed on."""
    signed: bytes
    """The header as received."""
    signature: bytes
    body: bytes
    """Empty where it was deleted, on the message plane."""

    @property
    def log(self) -> LogId:
        return self.header.log


class _Parts(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    header: Annotated[bytes, msgspec.Meta(max_length=1024)]
    signature: Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]
    body: bytes


_parts_decoder = msgspec.msgpack.Decoder(_Parts)
_header_decoder = msgspec.msgpack.Decoder(Header)


def seal_event(header: Header, body: bytes, *, identity: Identity, room_id: RoomId) -> Event:
    """Sign an event of our own; the header's `body_hash` is that of the body, and its author this identity."""
    assert header.author == identity.public_key
    assert header.body_hash == hashlib.sha256(body).digest()
    signed = msgspec.msgpack.encode(header)
    signature = identity.sign(EVENT_SIGNATURE, room_id + signed)
    encoded = msgspec.msgpack.encode(_Parts(signed, signature, body))
    assert len(encoded) <= MAX_EVENT_BYTES
    return Event(event_id_of(signed, room_id), header, encoded, signed, signature, body)


def decode_event(encoded: bytes, *, room_id: RoomId) -> Event:
    """Read an event without looking at its signature; raise MalformedFrame, and nothing else."""
    if len(encoded) > MAX_EVENT_BYTES:
        raise MalformedFrame(f"an event has at most {MAX_EVENT_BYTES} bytes")
    try:
        parts = _parts_decoder.decode(encoded)
        header = _header_decoder.decode(parts.header)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedFrame(f"not an event: {error}") from error
    _check_header(header)
    if not _has_its_body(header, parts.body):
        raise MalformedFrame("this body belongs to another header")
    return Event(event_id_of(parts.header, room_id), header, encoded, parts.header, parts.signature, parts.body)


def is_signed(event: Event, *, room_id: RoomId, verify: Verifier = verify) -> bool:
    """Whether the author signed exactly these bytes, for this room."""
    return verify(*signed_by(event, room_id=room_id))


def signed_by(event: Event, *, room_id: RoomId) -> Signed:
    """By whom, as what, with which signature, and what."""
    return event.header.author, EVENT_SIGNATURE, event.signature, room_id + event.signed


def event_id_of(signed: bytes, room_id: RoomId) -> EventId:
    """The id of a header's exact bytes in this room."""
    return EventId(hash_labelled(EVENT_HASH, room_id + signed))


def replace_body(event: Event, body: bytes) -> Event:
    """The same event of the message plane with its body, or, empty, without; id and signature hold as before."""
    encoded = msgspec.msgpack.encode(_Parts(event.signed, event.signature, body))
    return msgspec.structs.replace(event, encoded=encoded, body=body)


def hlc_at(ms: int) -> int:
    """The first hybrid logical clock value of a millisecond since 1970."""
    return ms << _COUNTER_BITS


def ms_of(hlc: int) -> int:
    """The millisecond since 1970 that a hybrid logical clock value claims."""
    return hlc >> _COUNTER_BITS


def _check_header(header: Header) -> None:
    if len(header.prev) != (0 if header.seq == 1 else _ID_BYTES):
        raise MalformedFrame("the first event of a log has no predecessor, and every other one has")
    if len(header.auth) not in {0, _ID_BYTES}:
        raise MalformedFrame("an event relies on one grant, or on the genesis")
    if header.ref is not None and header.ref.hlc >= header.hlc:
        raise MalformedFrame("an event comes after the one that it is about")


def _has_its_body(header: Header, body: bytes) -> bool:
    """On the message plane a body may be gone; control events are kept whole."""
    return (not body and header.plane is Plane.MESSAGE) or hashlib.sha256(body).digest() == header.body_hash
