"""What the rows of messages hold before they are sealed; what comes out of them was written by us.

The order of a message stands first and its text next, at places that need no decoder, so that a search goes over tens
of thousands of rows and decodes only those that it found.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from ..log.event import EventId
from ..log.record import Cursor, Shown, Summary

__all__ = [
    "Extra",
    "cursor_key",
    "decode_extra",
    "decode_shown",
    "decode_summary",
    "encode_extra",
    "encode_shown",
    "encode_summary",
    "key_of",
    "text_of",
]

Extra: TypeAlias = Literal["draft", "register"]

_CURSOR_BYTES = 8 + 32
_TEXT_AT = _CURSOR_BYTES + 32 + 2


def cursor_key(cursor: Cursor) -> bytes:
    """40 bytes that sort as places do; those that a row of the view begins with."""
    hlc, event = cursor
    return hlc.to_bytes(8, "big") + event


def encode_shown(shown: Shown) -> bytes:
    """A row of the view.

    0     8    40       72           74     74 + n
    | hlc | id | author | n, 2 bytes | text | content |
    """
    text = shown.text.encode()
    assert len(shown.author) == len(shown.id) == 32
    return cursor_key(shown.cursor) + shown.author + len(text).to_bytes(2, "big") + text + shown.content


def decode_shown(row: bytes) -> Shown:
    """Raise ValueError for what `encode_shown` does not give."""
    if len(row) < _TEXT_AT or len(row) < _TEXT_AT + _text_bytes(row):
        raise ValueError("a message cut short")
    return Shown(
        id=EventId(row[8:_CURSOR_BYTES]),
        hlc=int.from_bytes(row[:8], "big"),
        author=row[_CURSOR_BYTES : _TEXT_AT - 2],
        text=text_of(row).decode(),
        content=row[_TEXT_AT + _text_bytes(row) :],
    )


def key_of(row: bytes) -> bytes:
    """The `cursor_key` of a row of the view."""
    return row[:_CURSOR_BYTES]


def text_of(row: bytes) -> bytes:
    """The text of a row of the view, as UTF-8."""
    return row[_TEXT_AT : _TEXT_AT + _text_bytes(row)]


def _text_bytes(row: bytes) -> int:
    return 256 * row[_TEXT_AT - 2] + row[_TEXT_AT - 1]


class _Line(msgspec.Struct, array_like=True, frozen=True):
    """Fields that a later version adds come last, with a default."""

    version: Literal[1]
    title: str
    unread: int
    hlc: int
    author: bytes
    text: str
    content: bytes


_line_decoder = msgspec.msgpack.Decoder(_Line)


def encode_summary(summary: Summary) -> bytes:
    """A line of the list of conversations."""
    line = _Line(1, summary.title, summary.unread, summary.hlc, summary.author, summary.text, summary.content)
    return msgspec.msgpack.encode(line)


def decode_summary(row: bytes) -> Summary:
    """Raise ValueError for what `encode_summary` does not give."""
    line = _line_decoder.decode(row)
    return Summary(
        title=line.title,
        unread=line.unread,
        hlc=line.hlc,
        author=line.author,
        text=line.text,
        content=line.content,
    )


_extra_decoder = msgspec.msgpack.Decoder(tuple[Extra, bytes, bytes])


def encode_extra(kind: Extra, key: bytes, value: bytes) -> bytes:
    """A draft or register, with what it is: rows of both look the same to a thief."""
    return msgspec.msgpack.encode((kind, key, value))


def decode_extra(row: bytes) -> tuple[Extra, bytes, bytes]:
    """Raise ValueError for what `encode_extra` does not give."""
    return _extra_decoder.decode(row)
