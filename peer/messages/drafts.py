"""What we have said while nobody was there to hear it: bodies without a number, in the order they were written in.

A draft gets its number, clock and signature when the first member is linked; until then it can be changed and taken
back without a trace. Where slow mode is on, those that are texts go one in each slot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec

from ..errors import MalformedFrame, OutboxFull
from ..log.event import EventId
from .bodies import Body, Kind, decode_body, encode_body, kind_of
from .said import Place

__all__ = ["Draft", "Drafts"]

_KEY_BYTES = 8
_KINDS = {int(kind): kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Draft:
    """Something to be said."""

    key: bytes
    """8 bytes: a number that grows."""
    body: Body
    ref: Place | None = None


class _Row(msgspec.Struct, array_like=True, frozen=True):
    kind: int
    body: bytes
    ref: tuple[int, Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]] | None = None


_decoder = msgspec.msgpack.Decoder(_Row)


class Drafts:
    """Of one room."""

    def __init__(self, *, limit: int, rows: Mapping[bytes, bytes] | None = None) -> None:
        """Raise MalformedFrame for rows that are not ours."""
        self._limit = limit
        self._drafts = {key: _decode(key, row) for key, row in sorted((rows or {}).items())}
        self._last = int.from_bytes(max(self._drafts, default=b""), "big")
        self._stirred: dict[bytes, bytes | None] = {}

    def __iter__(self) -> Iterator[Draft]:
        """In the order in which they were written."""
        return iter(list(self._drafts.values()))

    def __len__(self) -> int:
        return len(self._drafts)

    def __contains__(self, key: bytes) -> bool:
        return key in self._drafts

    def add(self, body: Body, ref: Place | None = None) -> Draft:
        """One more; raise OutboxFull."""
        if len(self._drafts) >= self._limit:
            raise OutboxFull(limit=self._limit)
        self._last += 1
        return self._keep(Draft(self._last.to_bytes(_KEY_BYTES, "big"), body, ref))

    def replace(self, key: bytes, body: Body) -> Draft:
        """Other words, in the same place."""
        return self._keep(Draft(key, body, self._drafts[key].ref))

    def drop(self, key: bytes) -> None:
        """It was said, or taken back."""
        del self._drafts[key]
        self._stirred[key] = None

    def _keep(self, draft: Draft) -> Draft:
        self._drafts[draft.key] = draft
        self._stirred[draft.key] = _encode(draft)
        return draft

    def take_stir(self) -> dict[bytes, bytes | None]:
        """The rows that have changed since it was last asked."""
        taken, self._stirred = self._stirred, {}
        return taken


def _encode(draft: Draft) -> bytes:
    return msgspec.msgpack.encode(_Row(kind_of(draft.body), encode_body(draft.body), draft.ref))


def _decode(key: bytes, encoded: bytes) -> Draft:
    try:
        row = _decoder.decode(encoded)
        body = decode_body(_KINDS[row.kind], row.body)
    except (msgspec.MsgspecError, ValueError, RecursionError, KeyError) as error:
        raise MalformedFrame(f"not a draft: {error}") from error
    return Draft(key, body, (row.ref[0], EventId(row.ref[1])) if row.ref is not None else None)
