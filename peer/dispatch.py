"""One queue a member: events of one are handled in order, and a slow handler for one holds up nobody else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from .events import Event, MemberLeft, Message, RoomState, StateChanged
from .runtime import Runtime

__all__ = ["Dispatcher"]

_log = logging.getLogger("peer")

_MAX_WAITING = 256
"""Events of one member that wait for a handler; beyond, the newest are dropped and the log says so."""

_RESERVED = 2
"""Places for the last two things that a queue may get: that the member left, and that the room did."""


class Dispatcher:
    """Takes the events of one room as they come, and calls `handle` from one task for each member."""

    def __init__(self, handle: Callable[[Event], Awaitable[None]], runtime: Runtime) -> None:
        self._handle = handle
        self._runtime = runtime
        self._queues: dict[str, asyncio.Queue[Event | None]] = {}
        self._ended = asyncio.Event()

    def put(self, event: Event) -> None:
        """Queue it behind what its member did before."""
        queue = self._queue_of(event)
        if queue.qsize() < _MAX_WAITING + isinstance(event, MemberLeft):
            queue.put_nowait(event)
        else:
            _log.warning("! a handler is too slow: an event was dropped")
        if isinstance(event, StateChanged) and event.state is RoomState.LEFT:
            self.end()

    def fall_behind(self) -> None:
        """The room dropped events before we were there."""
        _log.warning("! events were dropped before any handler was there")

    def end(self) -> None:
        """No more events come; what is queued is still handled."""
        for queue in self._queues.values():
            queue.put_nowait(None)  # always fits: a place is reserved
        self._queues.clear()
        self._ended.set()

    async def wait_ended(self) -> None:
        await self._ended.wait()

    def _queue_of(self, event: Event) -> asyncio.Queue[Event | None]:
        key = _member_of(event)
        if key not in self._queues:
            self._queues[key] = asyncio.Queue(_MAX_WAITING + _RESERVED)
            self._runtime.spawn(self._work(key, self._queues[key]), name=f"handlers for {key[:8]}")
        return self._queues[key]

    async def _work(self, key: str, queue: asyncio.Queue[Event | None]) -> None:
        """Handle one member's events until the room or the member is gone."""
        while event := await queue.get():
            await self._handle(event)
            if isinstance(event, MemberLeft) and queue.empty() and self._queues.get(key) is queue:
                del self._queues[key]
                return


def _member_of(event: Event) -> str:
    """Whose queue an event belongs to; what is about nobody has one of its own."""
    member = event.sender if isinstance(event, Message) else getattr(event, "member", None)
    return member.id if member is not None else ""
