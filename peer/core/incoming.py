"""One stream that we are sent: what came, what was read, and how much more may come.

The sender may send nothing before somebody reads. From then on it may be ahead of the reader by one window, and what
it sends beyond that ends the link. Credit is given in halves of a window, so that a reader who takes little bites does
not answer each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ..errors import UnexpectedFrame
from ..ids import MemberId
from ..wire.frames import StreamCredit, StreamOpen
from .machine import LinkId

__all__ = ["Incoming"]

_FAIR_BYTES = 1024
"""Whoever brings less than this in the time of a watch is idle."""


class Incoming:
    """`on_change` is called when there is something new for the reader."""

    def __init__(self, link: LinkId, member: MemberId, opened: StreamOpen, *, give_up_at: float) -> None:
        self.link = link
        self.member = member
        self.number = opened.number
        self.label = opened.label
        self.size = opened.size
        self.give_up_at = give_up_at
        """When it is refused, if nobody reads until then."""
        self.is_wanted = False
        """Somebody began to read."""
        self.is_ended = False
        """All of it has come."""
        self.is_stopped = False
        """We want no more; what is on its way is passed over until the sender has heard that."""
        self.broken: str | None = None
        self.on_change: Callable[[], None] = lambda: None
        self._chunks: deque[bytes] = deque()
        self._received = self._taken = self._limit = 0
        self._seen: int | None = None
        """How many bytes were read when it was last watched."""

    @property
    def is_read(self) -> bool:
        """To its end."""
        return self.is_ended and not self._chunks

    @property
    def taken_bytes(self) -> int:
        """So many were read."""
        return self._taken

    @property
    def is_idle(self) -> bool:
        """Next to nothing was read since it is watched, and nothing is there to read."""
        return self._seen is not None and not self._chunks and self._taken - self._seen < _FAIR_BYTES

    def watch(self) -> None:
        """From now on, what it brings counts."""
        self._seen = self._taken

    def receive(self, data: bytes) -> None:
        """Raise UnexpectedFrame for more than was allowed, or behind the end."""
        self._received += len(data)
        if self.is_ended or self._received > self._limit:
            raise UnexpectedFrame("more of a stream than was asked for")
        if not self.is_stopped:
            self._chunks.append(data)
            self.on_change()

    def end(self) -> None:
        self.is_ended = True
        self.on_change()

    def maybe_take(self) -> bytes | None:
        """The next chunk, if it is there."""
        if not self._chunks:
            return None
        chunk = self._chunks.popleft()
        self._taken += len(chunk)
        return chunk

    def maybe_credit(self, window_bytes: int) -> StreamCredit | None:
        """What to tell the sender, if it is worth it."""
        limit = self._taken + window_bytes
        if self.is_ended or limit - self._limit < (window_bytes + 1) // 2:
            return None
        self._limit = limit
        return StreamCredit(self.number, self._taken, limit)

    def stop(self, reason: str) -> None:
        """We want no more of it."""
        self.is_stopped = True
        self.break_off(reason)

    def break_off(self, reason: str) -> None:
        """Nothing more comes, and what has come is no use without the rest."""
        self._chunks.clear()
        self.broken = self.broken or reason
        self.on_change()
