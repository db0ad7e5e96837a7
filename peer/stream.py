"""Byte streams as a program sees them: write and close, or read to the end.

All that is decided is decided in `core.streams`; here it is waited for. A stream belongs to the link that it began on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType

from .core.incoming import Incoming
from .core.names import clean_name
from .core.outgoing import Outgoing
from .errors import StreamBroken, UsageError
from .runtime import Driver
from .wire.frames import MAX_REASON_CHARS

__all__ = ["IncomingStream", "OutgoingStream"]


class OutgoingStream:
    """Bytes on their way to one member. `async with` closes it, or aborts it where the block raises."""

    def __init__(self, stream: Outgoing, driver: Driver, *, buffer_bytes: int) -> None:
        self._stream = stream
        self._driver = driver
        self._buffer_bytes = buffer_bytes
        self._changed = asyncio.Event()
        stream.on_change = self._changed.set

    async def __aenter__(self) -> OutgoingStream:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            await self.close()
        else:
            self.abort("the sender gave up")

    @property
    def acknowledged_bytes(self) -> int:
        """So many the other side's program has read, at least."""
        return self._stream.acknowledged_bytes

    async def write(self, data: bytes) -> None:
        """Any number of bytes; waits while too much of the stream waits. Raises StreamBroken, UsageError when closed.

        Cancelled while it waits, it has taken all of `data` nevertheless.
        """
        if self._stream.is_finishing:
            raise UsageError("this stream was closed: open another one to write more")
        self._check_whole()
        self._stream.write(bytes(data))
        self._driver.drain()
        while self._stream.unsent_bytes > self._buffer_bytes:
            await self._wait_change()
        self._check_whole()

    async def close(self) -> None:
        """Flush, and return once the other side's program has read all. Raises StreamBroken. May be called twice."""
        self._stream.is_finishing = True
        self._driver.drain()
        while not self._stream.is_over:
            await self._wait_change()
        self._check_whole()

    def abort(self, reason: str = "the sender gave up") -> None:
        """Give it up at once; the other side hears why. Nothing happens where it is over."""
        self._driver.mesh.transfers.streams.abort(self._stream, reason[:MAX_REASON_CHARS])
        self._driver.settle()

    async def _wait_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _check_whole(self) -> None:
        if self._stream.broken is not None:
            raise _broken(self._stream.broken, self._stream.acknowledged_bytes)


class IncomingStream:
    """Bytes that a member sends us; see `StreamReader`."""

    def __init__(self, stream: Incoming, driver: Driver) -> None:
        self._stream = stream
        self._driver = driver
        self._changed = asyncio.Event()
        stream.on_change = self._changed.set

    @property
    def taken_bytes(self) -> int:
        return self._stream.taken_bytes

    async def read(self) -> bytes:
        """The next chunk, at most 16 KiB; empty at the end. Raises StreamBroken."""
        while not (chunk := self._take()) and not self._stream.is_read:
            if self._stream.broken is not None:
                raise _broken(self._stream.broken, self._stream.taken_bytes)
            self._changed.clear()
            await self._changed.wait()
        return chunk or b""

    def _take(self) -> bytes | None:
        chunk = self._driver.mesh.transfers.streams.read(self._stream, now=self._driver.now)
        self._driver.settle()
        return chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await self.read():
            yield chunk

    def refuse(self, reason: str = "refused") -> None:
        """Take no more of it; the other side hears why."""
        self._driver.mesh.transfers.streams.refuse(self._stream, reason[:MAX_REASON_CHARS])
        self._driver.settle()


def _broken(reason: str, acknowledged_bytes: int) -> StreamBroken:
    """The other side may have said why."""
    readable = clean_name(reason, max_chars=MAX_REASON_CHARS) or "the other side ended it"
    return StreamBroken(readable, acknowledged_bytes=acknowledged_bytes)
