"""The plaintext of a link's frames: a MessagePack array, its first element the type (docs/protocol.md, Frames).

Knows shapes and sizes, nothing of order or meaning. Types that we do not know are passed over, so that old peers
understand new ones; a known type with a wrong shape is malformed. Fields that a later version appends are ignored.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from ..errors import MalformedFrame
from .aside_frames import AsideFrame, DirectGate, RoomInvite
from .message_frames import (
    MessageDigest,
    MessageEvents,
    MessageFrame,
    MessageMore,
    MessageSummary,
    ProfileDigest,
    ProfileFrame,
    Profiles,
    Receipts,
)

__all__ = [
    "MAX_ATTESTATION_CHARS",
    "MAX_CHUNK_BYTES",
    "MAX_CONTROL_BYTES",
    "MAX_CONTROL_EVENTS",
    "MAX_CONTROL_PART_BYTES",
    "MAX_NAME_CHARS",
    "MAX_REASON_CHARS",
    "MAX_STREAM_LABEL_CHARS",
    "AsideFrame",
    "AttestationUpdate",
    "ControlDigest",
    "ControlEvents",
    "ControlFrame",
    "ControlMore",
    "ControlSummary",
    "DirectGate",
    "FloodNotice",
    "Frame",
    "Goodbye",
    "Heartbeat",
    "Introduction",
    "Knock",
    "MessageDigest",
    "MessageEvents",
    "MessageFrame",
    "MessageMore",
    "MessageSummary",
    "PresenceUpdate",
    "ProfileDigest",
    "ProfileFrame",
    "Profiles",
    "Receipts",
    "RoomInvite",
    "StreamCredit",
    "StreamData",
    "StreamDone",
    "StreamEnd",
    "StreamFrame",
    "StreamOpen",
    "StreamReset",
    "StreamStop",
    "TypingNotice",
    "decode",
    "encode",
]

MAX_NAME_CHARS = 64
MAX_ATTESTATION_CHARS = 4096
MAX_CONTROL_PART_BYTES = 48 * 1024
"""Of one part of a summary, and of the events in one frame."""
MAX_CONTROL_EVENTS = 512
MAX_CONTROL_BYTES = 16 * 1024
"""Of one control event."""
MAX_CHUNK_BYTES = 16 * 1024
"""Of a stream, in one frame: a larger one would hold up every other channel (RFC 8831, section 6.6)."""
MAX_STREAM_LABEL_CHARS = 128
MAX_REASON_CHARS = 128

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_CHARS)]
_Title = Annotated[str, msgspec.Meta(max_length=MAX_NAME_CHARS)]
_Attestation = Annotated[str, msgspec.Meta(max_length=MAX_ATTESTATION_CHARS)]
_Number = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
_Count = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
"""Of bytes; a number that every language can hold."""
_Reason = Annotated[str, msgspec.Meta(max_length=MAX_REASON_CHARS)]
_Presence: TypeAlias = Literal["online", "away", "offline"]


class Introduction(msgspec.Struct, array_like=True, frozen=True, tag=1):
    """Who speaks, once both sides are members: sent once by each."""

    name: _Name
    title: _Title
    presence: _Presence
    attestation: _Attestation = ""
    """The server's word for the sender's key; empty where there is none."""


class PresenceUpdate(msgspec.Struct, array_like=True, frozen=True, tag=3):
    """A change of one's presence."""

    presence: _Presence


class Goodbye(msgspec.Struct, array_like=True, frozen=True, tag=4):
    """The sender leaves; nothing follows."""


class TypingNotice(msgspec.Struct, array_like=True, frozen=True, tag=5):
    """Typing now, or no longer."""

    typing: bool


class Heartbeat(msgspec.Struct, array_like=True, frozen=True, tag=6):
    """Still here."""


class AttestationUpdate(msgspec.Struct, array_like=True, frozen=True, tag=7):
    """A newer word of the server for the sender's key, in place of the one before."""

    attestation: _Attestation


class ControlDigest(msgspec.Struct, array_like=True, frozen=True, tag=8):
    """What the sender's control log hashes to: equal means that both hold the same events."""

    digest: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]


class ControlSummary(msgspec.Struct, array_like=True, frozen=True, tag=9):
    """One part of which control events the sender holds; the answer is those that it lacks."""

    knows_genesis: bool
    part: Annotated[bytes, msgspec.Meta(max_length=MAX_CONTROL_PART_BYTES)]
    """As `peer.log` writes it; empty where the sender knows nothing yet."""
    is_last: bool
    """No further part follows."""


class ControlEvents(msgspec.Struct, array_like=True, frozen=True, tag=10):
    """Control events as they were signed; of its own accord, or in answer to a summary."""

    genesis: Annotated[bytes, msgspec.Meta(max_length=256)]
    """Empty where the other side knows it."""
    events: Annotated[
        tuple[Annotated[bytes, msgspec.Meta(max_length=MAX_CONTROL_BYTES)], ...],
        msgspec.Meta(max_length=MAX_CONTROL_EVENTS),
    ]
    is_last: bool
    """All parts of the summary are answered with this."""


class Knock(msgspec.Struct, array_like=True, frozen=True, tag=11):
    """Who waits in the lobby tells a member its name, so that an admin knows whom to admit."""

    name: _Name


class ControlMore(msgspec.Struct, array_like=True, frozen=True, tag=12):
    """One frame of an answer that goes on was taken in: send one more."""


ControlFrame: TypeAlias = ControlDigest | ControlSummary | ControlEvents | Knock | ControlMore
"""All that is said in a lobby."""


class StreamOpen(msgspec.Struct, array_like=True, frozen=True, tag=32):
    """The sender begins a stream, and may send none of it yet. It numbers its own from 0 on, leaving none out."""

    number: _Number
    label: Annotated[str, msgspec.Meta(max_length=MAX_STREAM_LABEL_CHARS)]
    size: _Count | None
    """In bytes, as far as the sender knows; it binds nobody."""


class StreamData(msgspec.Struct, array_like=True, frozen=True, tag=33):
    """The next bytes of a stream of the sender's."""

    number: _Number
    data: Annotated[bytes, msgspec.Meta(min_length=1, max_length=MAX_CHUNK_BYTES)]


class StreamEnd(msgspec.Struct, array_like=True, frozen=True, tag=34):
    """A stream of the sender's is complete."""

    number: _Number


class StreamReset(msgspec.Struct, array_like=True, frozen=True, tag=35):
    """The sender gives up a stream of its own, or confirms that it was told to stop."""

    number: _Number
    reason: _Reason


class StreamCredit(msgspec.Struct, array_like=True, frozen=True, tag=36):
    """Of the receiver's stream so many bytes were read, and this many in all may be sent; neither ever falls."""

    number: _Number
    taken: _Count
    limit: _Count


class StreamDone(msgspec.Struct, array_like=True, frozen=True, tag=37):
    """The receiver's stream was read to its end."""

    number: _Number


class StreamStop(msgspec.Struct, array_like=True, frozen=True, tag=38):
    """The sender wants no more of the receiver's stream."""

    number: _Number
    reason: _Reason


class FloodNotice(msgspec.Struct, array_like=True, frozen=True, tag=39):
    """The receiver of this sent too much too fast: the link ends, and no other is made for so long."""

    pause_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)]


StreamFrame: TypeAlias = StreamOpen | StreamData | StreamEnd | StreamReset | StreamCredit | StreamDone | StreamStop
"""All that is said on the bulk channel."""

Frame: TypeAlias = (
    Introduction
    | PresenceUpdate
    | Goodbye
    | TypingNotice
    | Heartbeat
    | AttestationUpdate
    | ControlFrame
    | StreamFrame
    | FloodNotice
    | MessageFrame
    | ProfileFrame
    | AsideFrame
)

_KNOWN_TYPES = frozenset((1, *range(3, 13), *range(16, 23), 24, 25, *range(32, 40)))


class _Head(msgspec.Struct, array_like=True):
    """What every frame of every version begins with; the rest is passed over."""

    type: Annotated[int, msgspec.Meta(ge=0)]


_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
_head_decoder = msgspec.msgpack.Decoder(_Head)


def encode(frame: Frame) -> bytes:
    """The plaintext of one frame."""
    return _encoder.encode(frame)


def decode(data: bytes) -> Frame | None:
    """Read one plaintext; None for a type of a later version; raise MalformedFrame for anything else."""
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        if _is_of_later_version(data):
            return None
        raise MalformedFrame(f"not a frame: {error}") from error


def _is_of_later_version(data: bytes) -> bool:
    """An array whose first element is a number, and no type of ours."""
    try:
        return _head_decoder.decode(data).type not in _KNOWN_TYPES
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
