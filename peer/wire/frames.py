"""The plaintext of a link's frames: a MessagePack array, its first element the type (docs/protocol.md, Frames).

Knows shapes and sizes, nothing of order or meaning. Types that we do not know are passed over, so that old peers
understand new ones; a known type with a wrong shape is malformed. Fields that a later version appends are ignored.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from ..errors import MalformedFrame

__all__ = [
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

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Title = Annotated[str, msgspec.Meta(max_length=64)]
_Ids = Annotated[tuple[Annotated[str, msgspec.Meta(max_length=64)], ...], msgspec.Meta(max_length=64)]
_Milliseconds = Annotated[int, msgspec.Meta(ge=0, lt=253_402_300_800_000)]  # up to the year 9999
_Presence: TypeAlias = Literal["online", "away", "offline"]


class Introduction(msgspec.Struct, array_like=True, frozen=True, tag=1):
    """Who speaks and which room they mean: the first frame of each side, sent once."""

    name: _Name
    title: _Title
    presence: _Presence
    genesis: Annotated[bytes, msgspec.Meta(max_length=256)]


class Chat(msgspec.Struct, array_like=True, frozen=True, tag=2):
    """A message of a person or bot."""

    message_id: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    sent_at_ms: _Milliseconds
    text: Annotated[str, msgspec.Meta(max_length=16 * 1024)]
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


Frame: TypeAlias = Introduction | Chat | PresenceUpdate | Goodbye | TypingNotice | Heartbeat

_KNOWN_TYPES = range(1, 7)
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def encode(frame: Frame) -> bytes:
    """The plaintext of one frame."""
    return _encoder.encode(frame)


def decode(data: bytes) -> Frame | None:
    """Read one plaintext; None for a type of a later version; raise MalformedFrame for anything else."""
    if _is_of_later_version(data):
        return None
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedFrame(f"not a frame: {error}") from error


def _is_of_later_version(data: bytes) -> bool:
    """A short array (MessagePack fixarray) that begins with a small number which is no type of ours."""
    return len(data) > 1 and 0x91 <= data[0] <= 0x9F and data[1] < 0x80 and data[1] not in _KNOWN_TYPES
