"""A room as its user sees it: send, listen, look around, leave."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol
from weakref import ref

from .config import Config
from .core.claims import Standing
from .core.mesh import Mesh
from .core.safety import safety_number
from .errors import FellBehind
from .events import Event, Member, Message, Presence, RoomState, StateChanged
from .ids import Topic
from .ports import LinkFactory, Seat
from .runtime import Driver, Runtime

__all__ = ["EventSink", "EventStream", "Room"]


class EventSink(Protocol):
    """Whoever hears a room's events as they come; called on the event loop, must not block."""

    def put(self, event: Event) -> None: ...

    def fall_behind(self) -> None:
        """Events were dropped before they could be put."""

    def end(self) -> None:
        """The room was left; nothing more is put."""


class EventStream(AsyncIterator[Event]):
    """The events of a room, in order, from the moment it was asked for; ends when the room was left."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._events: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._is_ended = False
        self._fell_behind = False

    def put(self, event: Event) -> None:
        """Keep it for the reader; beyond the bound nothing more is kept until the reader was told of the gap."""
        if len(self._events) < self._limit and not self._fell_behind:
            self._events.append(event)
        else:
            self._fell_behind = True
        if isinstance(event, StateChanged) and event.state is RoomState.LEFT:
            self._is_ended = True
        self._arrived.set()

    def fall_behind(self) -> None:
        """The reader is told, after what is kept."""
        self._fell_behind = True
        self._arrived.set()

    def end(self) -> None:
        """Nothing comes after what is kept."""
        self._is_ended = True
        self._arrived.set()

    def pour_into(self, sink: EventSink) -> None:
        """Hand over what is kept, and whether that is all."""
        while self._events:
            sink.put(self._events.popleft())
        if self._fell_behind:
            sink.fall_behind()

    async def __anext__(self) -> Event:
        """Raises FellBehind once, after what was kept, if events were dropped; it goes on after that."""
        while not self._events:
            if self._fell_behind:
                self._fell_behind = False
                raise FellBehind(limit=self._limit)
            if self._is_ended:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._events.popleft()


class Room:
    """A room that we are in. Made by `Peer.create_room` and `Peer.join_room`."""

    def __init__(
        self, mesh: Mesh, *, topic: Topic, invite: str | None, seat: Seat, open_link: LinkFactory, runtime: Runtime,
        config: Config, on_return: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._topic = topic
        self._invite = invite
        self._config = config
        self._sinks: list[ref[EventSink]] = []
        self._early: EventStream | None = self._new_stream()
        self._sinks.append(ref(self._early))
        self._mesh = mesh
        mesh.reply_with(self.send)
        self._driver = Driver(
            mesh,
            seat=seat,
            open_link=open_link,
            runtime=runtime,
            config=config,
            on_event=self._on_event,
            on_return=on_return,
        )
        self._driver.start()

    def __repr__(self) -> str:
        return f"<Room {self.name!r} {self.state}>"

    @property
    def id(self) -> Topic:
        """What the signaling server calls the room."""
        return self._topic

    @property
    def name(self) -> str:
        """Its title; in a private room known once the first member is linked, until then the id."""
        return self._mesh.title or self._topic

    @property
    def invite(self) -> str | None:
        """The link that lets others in: as secret as what is said in a private room."""
        return self._invite

    @property
    def members(self) -> tuple[Member, ...]:
        """Ourselves first, then who is here, then who left."""
        return self._mesh.members

    @property
    def me(self) -> Member:
        return self._mesh.members[0]

    @property
    def state(self) -> RoomState:
        return self._mesh.state

    def events(self) -> EventStream:
        """What happens from now on; the first stream also has what happened since the room was entered."""
        stream = self._new_stream()
        self.attach(stream)
        return stream

    def attach(self, sink: EventSink) -> None:
        """Hear events without a queue of ours in between; the room forgets a sink that nobody else holds."""
        early, self._early = self._early, None
        if early is not None:
            early.pour_into(sink)
        if self.state is RoomState.LEFT:
            sink.end()
        self._sinks = [*(kept for kept in self._sinks if kept() is not None), ref(sink)]

    async def send(self, text: str, *, emote_ids: Sequence[str] = (), custom_emoji_ids: Sequence[str] = ()) -> Message:
        """Send to all members; waits while a link is full.

        Before anybody is linked the message is a `draft` that goes to whoever comes first; `StatusChanged` tells.
        Raises NotJoined, MessageTooLarge, OutboxFull, BadSetting.
        """
        message = self._mesh.send(text, emote_ids=emote_ids, custom_emoji_ids=custom_emoji_ids, now=self._driver.now)
        self._driver.drain()
        await self._driver.wait_drained()
        return message

    async def set_typing(self, typing: bool) -> None:
        """Call it at each key: the pace of notices is kept here. It goes stale by itself. Raises NotJoined."""
        self._mesh.set_typing(typing, now=self._driver.now)
        self._driver.drain()

    async def set_presence(self, presence: Presence) -> None:
        """`online`, `away` or `offline`. Raises NotJoined, BadSetting."""
        self._mesh.set_presence(presence, now=self._driver.now)
        self._driver.drain()

    async def leave(self) -> None:
        """Say goodbye, flush, close; the event streams end. May be called twice."""
        await self._driver.stop()

    def safety_number(self, member: Member) -> str:
        """60 digits that this member sees as well, if nobody sits between you: compare them by voice or face to face.

        Raises UsageError for ourselves.
        """
        return safety_number(self.me.id, member.id)

    def review_people(self) -> None:
        """For `Peer`: we verified somebody, or took that back."""
        self._mesh.review_people()
        self._driver.drain()

    def receive_standing(self, standing: Standing) -> None:
        """For `Peer`: what the server says of us, and how others are checked."""
        self._driver.receive_standing(standing)

    def _on_event(self, event: Event) -> None:
        for reference in self._sinks:
            sink = reference()
            if sink is not None:
                sink.put(event)

    def _new_stream(self) -> EventStream:
        return EventStream(limit=self._config.max_queued_events)
