"""What happens to a peer, in whichever of its rooms: what a program tells its user by a notification."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from .errors import FellBehind
from .events import Member, Message
from .room import Room

__all__ = ["DirectOpened", "Invited", "MessageArrived", "PeerEvent", "PeerEventStream"]


@dataclass(frozen=True, slots=True)
class MessageArrived:
    """Somebody wrote something in a room, now or while we were away."""

    room: Room
    message: Message
    unread: int
    """Of the room, with this one."""


@dataclass(frozen=True, slots=True)
class Invited:
    """A member of a room that we are in wants us in another one: `await me.join_room(event.invite)`."""

    title: str
    """Of that room, says the member."""
    by: Member
    invite: str = field(repr=False)
    """The link, as secret as any."""


@dataclass(frozen=True, slots=True)
class DirectOpened:
    """Somebody whom we share a room with opened a direct one with us, or enters it again; we are in it."""

    room: Room
    by: Member


PeerEvent: TypeAlias = MessageArrived | Invited | DirectOpened


class PeerEventStream(AsyncIterator[PeerEvent]):
    """The events of a peer, in order, from the moment it was asked for; ends with the peer."""

    def __init__(self, *, limit: int, on_done: Callable[[PeerEvent], None]) -> None:
        """For `Peer`: the reader is done with an event when it asks for the next one."""
        self._limit = limit
        self._on_done = on_done
        self._given: PeerEvent | None = None
        self._events: deque[PeerEvent] = deque()
        self._arrived = asyncio.Event()
        self._is_ended = False
        self._fell_behind = False

    def put(self, event: PeerEvent) -> None:
        """For `Peer`: keep it; beyond the bound nothing more is kept until the reader was told of the gap."""
        if len(self._events) < self._limit and not self._fell_behind:
            self._events.append(event)
        else:
            self._fell_behind = True
        self._arrived.set()

    def end(self) -> None:
        """For `Peer`: nothing comes after what is kept."""
        self._is_ended = True
        self._arrived.set()

    async def __anext__(self) -> PeerEvent:
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
        return self._given
