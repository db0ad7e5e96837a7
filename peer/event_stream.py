"""The events of a room on their way to whoever reads them: in order, bounded, with gaps told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Protocol, TypeVar

from .errors import FellBehind
from .events import Event, RoomState, StateChanged

__all__ = ["BoundedStream", "EventSink", "EventStream"]

E = TypeVar("E")


class EventSink(Protocol):
    """Whoever hears a room's events as they come; called on the event loop, must not block."""

    def put(self, event: Event) -> None: ...

    def fall_behind(self) -> None:
        """Events were dropped before they could be put."""

    def end(self) -> None:
        """The room was left; nothing more is put."""


class BoundedStream(AsyncIterator[E]):
    """What somebody puts in comes out in order. A reader that is too slow is told of the gap."""

    def __init__(
        self,
        *,
        limit: int,
        on_given: Callable[[E], None] = lambda _: None,
        on_done: Callable[[E], None] = lambda _: None,
    ) -> None:
        """The reader is given an event, and is done with it when it asks for the next one."""
        self._limit = limit
        self._on_given = on_given
        self._on_done = on_done
        self._given: E | None = None
        self._events: deque[E] = deque()
        self._arrived = asyncio.Event()
        self._is_ended = False
        self._fell_behind = False

    def put(self, event: E) -> None:
        """For `Room` and `Peer`: keep it; beyond the bound nothing more until the reader was told of the gap."""
        if len(self._events) < self._limit and not self._fell_behind:
            self._events.append(event)
        else:
            self._fell_behind = True
        self._arrived.set()

    def fall_behind(self) -> None:
        """For `Room` and `Peer`: the reader is told, after what is kept."""
        self._fell_behind = True
        self._arrived.set()

    def end(self) -> None:
        """For `Room` and `Peer`: nothing comes after what is kept."""
        self._is_ended = True
        self._arrived.set()

    async def __anext__(self) -> E:
        """Raises FellBehind once, after what was kept, if events were dropped; it goes on after that."""
        if self._given is not None:
            self._on_done(self._given)
            self._given = None
        while not self._events:
            if self._fell_behind:
                self._fell_behind = False
                raise FellBehind(limit=self._limit)
            if self._is_ended:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        self._given = self._events.popleft()
        self._on_given(self._given)
        return self._given


class EventStream(BoundedStream[Event]):
    """The events of a room, in order, from the moment it was asked for; ends when the room was left."""

    def put(self, event: Event) -> None:
        """For `Room`."""
        super().put(event)
        if isinstance(event, StateChanged) and event.state is RoomState.LEFT:
            self.end()

    def pour_into(self, sink: EventSink) -> None:
        """For `Room`: hand over what is kept, and whether that is all."""
        while self._events:
            sink.put(self._events.popleft())
        if self._fell_behind:
            sink.fall_behind()
