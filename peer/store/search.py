"""What a search finds, and which of it comes first: pure, for any store.

A text is found if it holds every word of the query, in any order and also inside of other words; case and accents do
not count. Only the accents of European scripts are taken off: in others such marks make another letter.
"""

from __future__ import annotations

import heapq
import re
from typing import Generic, TypeVar
from unicodedata import normalize

__all__ = ["Newest", "Query", "fold"]

T = TypeVar("T")

_ACCENTS = re.compile("[\u0300-\u036f]+")
"""Unicode's block of combining marks for Latin, Greek and Cyrillic letters."""


def fold(text: str) -> str:
    """The text as it is compared."""
    if text.isascii():
        return text.lower()
    return normalize("NFKC", _ACCENTS.sub("", normalize("NFKD", text.casefold())).casefold())


class Query:
    """What somebody looks for."""

    def __init__(self, text: str) -> None:
        self._words = sorted(set(fold(text).split()), key=len, reverse=True)
        self._encoded = [word.encode() for word in self._words]

    def __bool__(self) -> bool:
        """Whether there is anything to look for: an empty query finds nothing."""
        return bool(self._words)

    def finds(self, text: bytes) -> bool:
        """Whether this text, valid UTF-8, is what is looked for; plain loops, since it is asked 50,000 times."""
        if text.isascii():
            lowered = text.lower()
            for encoded in self._encoded:  # noqa: SIM110
                if encoded not in lowered:
                    return False
            return True
        folded = fold(text.decode())
        return all(word in folded for word in self._words)


class Newest(Generic[T]):
    """Keeps the newest of what it is offered, so that a scan needs no more memory than its answer."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._heap: list[tuple[bytes, T]] = []

    def offer(self, key: bytes, value: T) -> None:
        """`key` says how new it is."""
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, (key, value))
        elif self._heap and key > self._heap[0][0]:
            heapq.heapreplace(self._heap, (key, value))

    def take(self) -> list[T]:
        """Newest first."""
        return [value for _, value in sorted(dict(self._heap).items(), key=lambda entry: entry[0], reverse=True)]
