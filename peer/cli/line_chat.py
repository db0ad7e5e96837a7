"""A room as lines for people: what is printed, and what a line that was typed does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime

from ..errors import FellBehind, PeerError, StoreError, UsageError
from ..events import (
    Event,
    MemberJoined,
    MemberLeft,
    Message,
    MessageDeleted,
    MessageEdited,
    StateChanged,
    StatusChanged,
    TypingChanged,
)
from ..peer_events import Invited, MessageArrived
from ..room import Room
from ..shown import describe, describe_state, marked, plain_name
from .desk import Desk, day_of
from .orders_on_messages import send
from .slash import LEAVING, obey

__all__ = ["LineChat"]

_LOUD = ("mention", "reply", "direct")

_EARLIER = 10
"""Messages of before that a person is shown on entering."""


class LineChat:
    """One room, at a terminal or in a pipe."""

    def __init__(self, desk: Desk, *, is_terminal: bool) -> None:
        self.has_failed = False
        self._desk = desk
        self._is_terminal = is_terminal
        self._stood = desk.room.state
        self._day: datetime | None = None
        self._is_heard = asyncio.Event()
        self._events = desk.room.events()

    async def show_earlier(self) -> None:
        """The last of what was said before."""
        earlier = [message async for message in self._desk.room.history(limit=_EARLIER)]
        for message in reversed(earlier):
            self._show(message)

    async def when_heard(self, lines: AsyncIterator[str]) -> AsyncIterator[str]:
        """The lines, once somebody is there to read them."""
        await self._is_heard.wait()
        async for line in lines:
            yield line

    async def hear(self) -> None:
        """Print what happens until the room was left; a person also sees what is said to him alone."""
        beside = asyncio.create_task(self._hear_elsewhere()) if self._is_terminal else None
        try:
            await self._hear_room()
        finally:
            if beside is not None:
                beside.cancel()
                await asyncio.gather(beside, return_exceptions=True)

    async def _hear_room(self) -> None:
        while True:
            try:
                event = await anext(self._events, None)
            except FellBehind as gap:
                self._desk.complain(str(gap))
                continue
            if event is None:
                return
            self._hear(event)
            if isinstance(event, Message):
                await self._mark_read(self._desk.room)

    async def _hear_elsewhere(self) -> None:
        """Of other rooms: direct ones, and what we are invited to."""
        elsewhere = self._desk.me.events()
        while True:
            with suppress(FellBehind):
                match await anext(elsewhere):
                    case MessageArrived(room, message) if room is not self._desk.room:
                        self._desk.say(self._desk.line_of(message, place=aside(room)) + self._bell(message))
                        await self._mark_read(room)
                    case Invited(title, by, invite):
                        told = f"{marked(by)} invites you to {title}: python -m peer chat {invite}"
                        self._desk.say(self._desk.style.grey(told))

    async def take(self, line: str) -> bool:
        """Send it, or do what it asks for; False to leave."""
        if line.strip() in LEAVING:
            return False
        if line.startswith("/") and not line.startswith("//"):
            self.has_failed |= not await obey(self._desk, line) and not self._is_terminal
        elif line.strip():
            await self._send(line.removeprefix("/") if line.startswith("//") else line)
        return True

    async def _send(self, text: str) -> None:
        """Or say why not, and go on."""
        try:
            await send(self._desk, text)
        except (UsageError, StoreError) as error:
            self._desk.complain(str(error))
            self.has_failed = not self._is_terminal

    def _hear(self, event: Event) -> None:
        match event:
            case Message():
                self._show(event)
            case MemberJoined():
                self._is_heard.set()
            case TypingChanged(member, typing=True):
                self._desk.typists[member.id] = plain_name(member.name)
            case TypingChanged(member) | MemberLeft(member):
                self._desk.typists.pop(member.id, None)
            case MessageEdited(message) | MessageDeleted(message):
                self._desk.shelf.put(message)
            case StatusChanged():
                self._hear_status(event)
        self._tell(event)

    def _tell(self, event: Event) -> None:
        told = describe_state(event, self._stood) if isinstance(event, StateChanged) else describe(event)
        if told is not None:
            self._desk.say(self._desk.style.told(told))
        if isinstance(event, StateChanged):
            self._stood = event.state

    def _hear_status(self, event: StatusChanged) -> None:
        if event.draft_id is not None:
            self._desk.shelf.rename(event.draft_id, event.message_id)
        if event.status == "failed":
            self._desk.complain("a message of yours could not be sent any more: you may not speak here now")

    def _show(self, message: Message) -> None:
        """Once: what the room tells again after a restart, or both as history and as news, was seen."""
        if message.id in self._desk.shelf:
            return
        self._desk.shelf.put(message)
        if self._is_terminal and (self._day is None or day_of(self._day) != day_of(message.sent_at)):
            self._day = message.sent_at
            self._desk.say(self._desk.style.grey(day_of(message.sent_at)))
        self._desk.say(self._desk.line_of(message) + self._bell(message))

    def _bell(self, message: Message) -> str:
        """For a person who is meant, and has not muted the room."""
        return "\a" if self._is_terminal and message.notice in _LOUD else ""

    async def _mark_read(self, room: Room) -> None:
        with suppress(PeerError):  # the room was left meanwhile
            await room.mark_read()


def aside(room: Room) -> str:
    """Where a message was written that did not come in the room before us."""
    return "(to you alone)" if room.is_direct else f"(in {plain_name(room.name)})"
