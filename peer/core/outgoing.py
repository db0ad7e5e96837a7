"""One stream that we write: what waits, what has left, and how much the other side has let us send.

It begins with no credit at all, so that a stream which nobody reads costs the other side nothing but its name. Pieces
are cut and joined to chunks of the wire's size here; whose turn it is, is decided by `lane`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from ..errors import UnexpectedFrame
from ..wire.frames import MAX_CHUNK_BYTES, StreamCredit, StreamData, StreamEnd, StreamOpen
from .machine import LinkId

__all__ = ["Outgoing"]


class Outgoing:
    """Ends by itself when all was read; otherwise `broken` says why. `on_change` is called after each step."""

    def __init__(self, link: LinkId, *, label: str, size: int | None) -> None:
        self.link = link
        self.number = -1
        """As the wire has it, once the other side was told of it."""
        self.label = label
        self.size = size
        self.acknowledged_bytes = 0
        """So many the other side's program has read, at least."""
        self.broken: str | None = None
        self.is_done = False
        self.on_change: Callable[[], None] = lambda: None
        self._waiting: deque[memoryview] = deque()
        self.unsent_bytes = 0
        self.is_finishing = False
        """Nothing more will be written."""
        self.is_open_sent = self.is_end_sent = False
        self._sent = self._limit = 0

    @property
    def is_over(self) -> bool:
        return self.is_done or self.broken is not None

    def write(self, data: bytes) -> None:
        """More of it; an end is not to follow."""
        if data:
            self._waiting.append(memoryview(data))
            self.unsent_bytes += len(data)

    @property
    def sendable_bytes(self) -> int:
        """Of the next chunk."""
        return min(self.unsent_bytes, self._limit - self._sent, MAX_CHUNK_BYTES)

    @property
    def is_end_due(self) -> bool:
        """All has left but the end."""
        return self.is_open_sent and self.is_finishing and not self.unsent_bytes and not self.is_end_sent

    def take_open(self, number: int) -> StreamOpen:
        self.number = number
        self.is_open_sent = True
        return StreamOpen(self.number, self.label, self.size)

    def take_chunk(self) -> StreamData:
        """The next `sendable_bytes`, which are some."""
        chunk = self._cut(self.sendable_bytes)
        self._sent += len(chunk)
        self.unsent_bytes -= len(chunk)
        self.on_change()
        return StreamData(self.number, chunk)

    def take_end(self) -> StreamEnd:
        self.is_end_sent = True
        return StreamEnd(self.number)

    def _cut(self, count: int) -> bytes:
        parts = []
        while count:
            head = self._waiting.popleft()
            if len(head) > count:
                self._waiting.appendleft(head[count:])
            parts.append(head[:count])
            count -= len(parts[-1])
        return b"".join(parts)

    def receive_credit(self, credit: StreamCredit) -> int:
        """How many more bytes were read; raise UnexpectedFrame for what nobody honest would say."""
        progress = credit.taken - self.acknowledged_bytes
        if progress < 0 or credit.taken > self._sent or credit.limit < self._limit:
            raise UnexpectedFrame("a credit that takes something back, or is for what was never sent")
        self.acknowledged_bytes, self._limit = credit.taken, credit.limit
        self.on_change()
        return progress

    def receive_done(self) -> None:
        """All was read; raise UnexpectedFrame where the end was not even sent."""
        if not self.is_end_sent:
            raise UnexpectedFrame("a stream was read to an end that it has not")
        self.acknowledged_bytes = self._sent
        self.is_done = True
        self.on_change()

    def break_off(self, reason: str) -> None:
        """Nothing more of it leaves."""
        if not self.is_over:
            self.broken = reason
            self._waiting.clear()
            self.unsent_bytes = 0
            self.on_change()
