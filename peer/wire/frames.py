"""The plaintext of a link's frames: a MessagePack array, its first element the type (docs/protocol.md, Frames).

Knows shapes and sizes, nothing of order or meaning. Types that we do not know are passed over, so that old peers
understand new ones; a known type with a wrong shape is malformed. Fields that a later version appends are ignored.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from ..errors import MalformedFrame

__all__ = [
    "MAX_ATTESTATION_CHARS",
    "MAX_IDS",
    "MAX_ID_CHARS",
    "MAX_NAME_CHARS",
    "MAX_TEXT_CHARS",
    "AttestationUpdate",
    "Chat",
    "Frame",
    "Goodbye",
    "Heartbeat",
    "Introduction",
    "PresenceUpdate",
    "TypingNotice",
    "decode",
    "encode",
]

MAX_NAME_CHARS = 64
MAX_TEXT_CHARS = 16 * 1024
MAX_IDS = 64
"""Emote ids of a message, and custom emoji ids."""
MAX_ID_CHARS = 64
MAX_ATTESTATION_CHARS = 4096

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_CHARS)]
_Title = Annotated[str, msgspec.Meta(max_length=MAX_NAME_CHARS)]
_Ids = Annotated[tuple[Annotated[str, msgspec.Meta(max_length=MAX_ID_CHARS)], ...], msgspec.Meta(max_length=MAX_IDS)]
_Attestation = Annotated[str, msgspec.Meta(max_length=MAX_ATTESTATION_CHARS)]
_Milliseconds = Annotated[int, msgspec.Meta(ge=0, lt=253_370_764_800_000)]
"""Before the year 9999, so that a reader in any time zone can still write it down."""
_Presence: TypeAlias = Literal["online", "away", "offline"]


class Introduction(msgspec.Struct, array_like=True, frozen=True, tag=1):
    """Who speaks and which room they mean: the first frame of each side, sent once."""

    name: _Name
    title: _Title
    presence: _Presence
    genesis: Annotated[bytes, msgspec.Meta(max_length=256)]
    attestation: _Attestation = ""
    """The server's word for the sender's key; empty where there is none, and left out by old peers."""


class Chat(msgspec.Struct, array_like=True, frozen=True, tag=2):
    """A message of a person or bot."""

    message_id: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    sent_at_ms: _Milliseconds
    text: Annotated[str, msgspec.Meta(max_length=MAX_TEXT_CHARS)]
    emote_ids: _Ids = ()
    custom_emoji_ids: _Ids = ()


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


Frame: TypeAlias = Introduction | Chat | PresenceUpdate | Goodbye | TypingNotice | Heartbeat | AttestationUpdate

_KNOWN_TYPES = range(1, 8)


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
