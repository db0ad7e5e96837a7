"""The kinds of message events: what is said, and what is said about it (docs/protocol.md, part 3, Messages).

    1 text      [text, emote ids [id, …], custom emoji ids [id, …]]     ref: the message that it answers, or nil
    2 edit      as 1                                                    ref: the message whose words these replace
    3 delete    []                                                      ref: the message
    4 reaction  [emoji, custom?, on?]                                   ref: the message
    5 pin       [on?]                                                   ref: the message
    6 setting   [1, title] or [2, seconds between two texts of one member, 0 none]

Knows shapes and sizes; `view` knows what follows. Bodies are MessagePack arrays without a spare field.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, TypeAlias

import msgspec

from ..errors import BadSetting, MalformedFrame, MessageTooLarge

__all__ = [
    "MAX_BODY_BYTES",
    "MAX_SLOW_MODE_S",
    "MAX_TEXT_BYTES",
    "Body",
    "Delete",
    "Edit",
    "Kind",
    "Pin",
    "Reaction",
    "SlowMode",
    "Text",
    "Title",
    "check_body",
    "decode_body",
    "encode_body",
    "kind_of",
]

MAX_TEXT_BYTES = 8 * 1024
"""UTF-8."""
MAX_BODY_BYTES = 15 * 1024
"""So that a header of the longest fits into an event beside it."""
MAX_SLOW_MODE_S = 86_400
_MAX_IDS = 64
_MAX_ID_CHARS = 64

_Ids = Annotated[tuple[Annotated[str, msgspec.Meta(max_length=_MAX_ID_CHARS)], ...], msgspec.Meta(max_length=_MAX_IDS)]


class Kind(IntEnum):
    """The `kind` of a header on the message plane."""

    TEXT = 1
    EDIT = 2
    DELETE = 3
    REACTION = 4
    PIN = 5
    SETTING = 6


class _Words(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(max_length=MAX_TEXT_BYTES)] = ""
    """At most 8 KiB of UTF-8."""
    emote_ids: _Ids = ()
    emoji_ids: _Ids = ()


class Text(_Words, frozen=True):
    """A message."""


class Edit(_Words, frozen=True):
    """New words for a message of one's own."""


class Delete(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Takes a message back, for ever: everybody drops its words."""


class Reaction(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """One emoji of one member at one message, put or taken away; the last of these counts."""

    emoji: Annotated[str, msgspec.Meta(min_length=1, max_length=_MAX_ID_CHARS)]
    """Any emoji, or the id of a custom one."""
    is_custom: bool
    is_on: bool


class Pin(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Keeps a message beyond the newest, or no longer."""

    is_on: bool


class Title(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=1):
    """What the room is called."""

    text: Annotated[str, msgspec.Meta(max_length=64)]


class SlowMode(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True, tag=2):
    """How often a plain member may speak."""

    seconds: Annotated[int, msgspec.Meta(ge=0, le=MAX_SLOW_MODE_S)]


Body: TypeAlias = Text | Edit | Delete | Reaction | Pin | Title | SlowMode

_KINDS: dict[type[Body], Kind] = {
    Text: Kind.TEXT,
    Edit: Kind.EDIT,
    Delete: Kind.DELETE,
    Reaction: Kind.REACTION,
    Pin: Kind.PIN,
    Title: Kind.SETTING,
    SlowMode: Kind.SETTING,
}
_decoders: dict[Kind, msgspec.msgpack.Decoder[Body]] = {
    Kind.TEXT: msgspec.msgpack.Decoder(Text),
    Kind.EDIT: msgspec.msgpack.Decoder(Edit),
    Kind.DELETE: msgspec.msgpack.Decoder(Delete),
    Kind.REACTION: msgspec.msgpack.Decoder(Reaction),
    Kind.PIN: msgspec.msgpack.Decoder(Pin),
    Kind.SETTING: msgspec.msgpack.Decoder(Title | SlowMode),
}


def kind_of(body: Body) -> Kind:
    """What the header of such an event says."""
    return _KINDS[type(body)]


def encode_body(body: Body) -> bytes:
    """The bytes to sign and send, of a body that `check_body` let pass."""
    return msgspec.msgpack.encode(body)


def decode_body(kind: Kind, encoded: bytes) -> Body:
    """Raise MalformedFrame, and nothing else."""
    if len(encoded) > MAX_BODY_BYTES:
        raise MalformedFrame(f"the body of a message has at most {MAX_BODY_BYTES} bytes")
    try:
        body = _decoders[kind].decode(encoded)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedFrame(f"not the body of a message: {error}") from error
    if isinstance(body, _Words) and len(body.text.encode()) > MAX_TEXT_BYTES:
        raise MalformedFrame(f"a text has at most {MAX_TEXT_BYTES} bytes")
    return body


def check_body(body: Body) -> None:
    """Whether others would take what we are about to say; raise MessageTooLarge, BadSetting."""
    try:
        encoded = encode_body(body)
    except UnicodeEncodeError as error:
        raise BadSetting("the text holds half a character (a lone surrogate): decode it properly first") from error
    text_bytes = len(body.text.encode()) if isinstance(body, _Words) else 0
    for actual_bytes, limit_bytes in ((text_bytes, MAX_TEXT_BYTES), (len(encoded), MAX_BODY_BYTES)):
        if actual_bytes > limit_bytes:
            raise MessageTooLarge(actual_bytes=actual_bytes, limit_bytes=limit_bytes)
    try:
        decode_body(kind_of(body), encoded)
    except MalformedFrame as error:
        raise BadSetting(f"others would not take this: {error}") from error
