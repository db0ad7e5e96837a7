"""One queue a member: events of one are handled in order, and a slow handler for one holds up nobody else.

A queue is bounded. Beyond the bound its oldest event is dropped, counted and told in the log: in a chat what is newest
matters most, the flood of one grows nobody's memory, and the member that floods loses its own words alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from ..events import (
    Event,
    Message,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    RoomState,
    StateChanged,
)
from ..runtime import Runtime

__all__ = ["Dispatcher"]

_log = logging.getLogger("peer")


class _Queue:
    """Of one member; it and the task that empties it end when it is empty: authors that are not here never leave."""

    def __init__(self) -> None:
        self.events: deque[Event] = deque()
        self.is_behind = False
        """Something was dropped since it was last empty."""


class Dispatcher:
    """Takes the events of one room as they come, and calls `handle` from one task for each member."""

    def __init__(
        self,
        handle: Callable[[Event], Awaitable[None]],
        runtime: Runtime,
        *,
        max_waiting: int = 256,
        on_drop: Callable[[Event], None] = lambda _: None,
    ) -> None:
        """`max_waiting` events of one member wait at most."""
        self._handle = handle
        self._runtime = runtime
        self._max_waiting = max_waiting
        self._on_drop = on_drop
        self._queues: dict[str, _Queue] = {}
        self._open = 0
        """Events that wait or are being handled."""
        self._quiet = asyncio.Event()
        self._ended = asyncio.Event()
        self._takes_more = True
        self._is_closed = False

    def put(self, event: Event) -> None:
        """Queue it behind what its member did before."""
        has_left = isinstance(event, StateChanged) and event.state is RoomState.LEFT
        if self._is_closed:
            return
        if self._takes_more or has_left:
            self._append(self._queue_of(event), event)
        if has_left:
            self.end()

    def fall_behind(self) -> None:
        """The room dropped events before we were there."""
        _log.warning("! events were dropped before any handler was there")

    def end(self) -> None:
        """No more events come; what is queued is still handled."""
        self._ended.set()

    def close(self) -> None:
        """Whatever still comes is for nobody: there may be no task to handle it."""
        self._is_closed = True

    async def wait_ended(self) -> None:
        await self._ended.wait()

    async def finish(self, *, within_s: float) -> None:
        """Take nothing more, and return once all that came is handled, or the time is over."""
        self._takes_more = False
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while self._open:
                    self._quiet.clear()
                    await self._quiet.wait()

    def _append(self, queue: _Queue, event: Event) -> None:
        queue.events.append(event)
        self._open += 1
        if len(queue.events) > self._max_waiting:
            self._drop_oldest(queue)

    def _drop_oldest(self, queue: _Queue) -> None:
        oldest = queue.events.popleft()
        self._close_one()
        self._on_drop(oldest)
        if not queue.is_behind:
            queue.is_behind = True
            _log.warning("! a handler is too slow: of one member the oldest events are dropped")

    def _close_one(self) -> None:
        self._open -= 1
        if not self._open:
            self._quiet.set()

    def _queue_of(self, event: Event) -> _Queue:
        key = _member_of(event)
        if key not in self._queues:
            self._queues[key] = _Queue()
            self._runtime.spawn(self._work(key, self._queues[key]), name=f"handlers for {key[:8]}")
        return self._queues[key]

    async def _work(self, key: str, queue: _Queue) -> None:
        """Handle one member's events, as many as there are."""
        while queue.events:
            await self._handle(queue.events.popleft())
            self._close_one()
        del self._queues[key]


def _member_of(event: Event) -> str:
    """Whose queue an event belongs to; what is about nobody has one of its own."""
    match event:
        case Message(sender=sender):
            return sender.id
        case MessageEdited(message=message) | MessageDeleted(message=message) | MessagePinned(message=message):
            return message.sender.id
        case _:
            member = getattr(event, "member", None)
            return member.id if member is not None else ""
