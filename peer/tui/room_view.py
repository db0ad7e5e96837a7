"""One room as somebody looks at it: its transcript, who is typing, what waits to be read. Hears the room's events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from ..errors import BadSetting
from ..events import (
    ClaimChanged,
    Event,
    KeyChanged,
    MemberJoined,
    MemberLeft,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    MessageVanished,
    ReactionChanged,
    RoomState,
    StateChanged,
    StatusChanged,
    TypingChanged,
    VerificationChanged,
)
from ..ids import MemberId, MessageId
from ..member import Member
from ..message import Message
from ..room import Room
from .bars import Activity, RoomRow
from .notices import sentence_of
from .plain import plain_name
from .speech import mentions
from .transcript import Notice, Transcript

__all__ = ["PAGE", "RoomView"]

PAGE = 50
"""Messages that one look into the past brings."""
_MAX_ENTRIES = 400
"""Of a room nobody scrolls in; older ones are read again from the history."""


_LOUD = frozenset({"mention", "reply", "direct"})
"""What the bell rings for, and for our name without `@`, as in chats of old."""


class RoomView:
    """A `peer.event_stream.EventSink`: the room calls `put` on the event loop; nothing here waits."""

    def __init__(
        self,
        room: Room,
        *,
        ignored: set[MemberId],
        now: Callable[[], datetime],
        on_change: Callable[[], None],
        on_highlight: Callable[[RoomView], None],
    ) -> None:
        self.room = room
        self.transcript = Transcript(limit=_MAX_ENTRIES)
        self.typists: dict[MemberId, Member] = {}
        self.activity = Activity.NONE
        self.chosen: MessageId | None = None
        """The message that the next command is about."""
        self.is_watched = False
        """It is on the screen, and somebody sits before it."""
        self.has_older = True
        self._ignored = ignored
        self._now = now
        self._on_change = on_change
        self._on_highlight = on_highlight
        self._stood = room.state
        self._is_loading = False
        self._turn = asyncio.Lock()
        self._raised: list[StatusChanged] = []
        """What became of messages while one is on its way to the disk: it may be that one, which is not shown yet."""

    @property
    def name(self) -> str:
        return plain_name(self.room.name)

    @property
    def kind(self) -> str:
        """Who can enter, in a word."""
        if self.room.is_direct:
            return "you two alone"
        return "public room" if self.room.is_public else "private"

    def row(self, number: int, *, is_current: bool) -> RoomRow:
        """As the list of rooms shows it."""
        return RoomRow(
            number=number, name=self.name, unread=self.room.unread, activity=self.activity, is_current=is_current
        )

    async def begin(self) -> None:
        """Show the newest of what is kept, the marker before what was not read, then follow."""
        await self._load(before=None)
        self.transcript.mark_unread(self.room.unread)
        if self.room.unread:
            self.activity = Activity.MESSAGES
        self.room.attach(self)

    async def load_older(self) -> None:
        """Another page of the past; says so where there is none."""
        if self._is_loading or not self.has_older:
            return
        kept = [message for message in self.transcript.messages() if message.status not in ("draft", "failed")]
        try:
            await self._load(before=kept[0].id if kept else None)
        except BadSetting:  # that message is gone from the room
            self.transcript.drop(kept[0].id)
        self._on_change()

    async def _load(self, *, before: MessageId | None) -> None:
        self._is_loading = True
        try:
            page = [message async for message in self.room.history(before=before, limit=PAGE)]
        finally:
            self._is_loading = False
        self.has_older = len(page) >= PAGE
        self.transcript.put_all(message for message in reversed(page) if message.sender.id not in self._ignored)

    def tell(self, text: str, style: str = "info") -> None:
        """A line for our eyes alone."""
        self.transcript.tell(Notice(self._now(), text, style))
        self._on_change()

    # ---- what we do with messages; each raises what the method of `Room` raises

    async def send(self, text: str, *, reply_to: Message | None = None) -> None:
        """Say it, after what was said before; the line shows by itself how far it gets."""
        async with self._turn:
            self._raised.clear()
            self.transcript.put(await self.room.send(text, reply_to=reply_to))
            for event in self._raised:
                self._raise(event)
        self._on_change()

    async def edit(self, message: Message, text: str) -> None:
        """Other words for one of ours; of a draft no event tells."""
        await self.room.edit(message, text)
        if message.status == "draft":
            self.transcript.put(replace(message, text=text))
        self._on_change()

    async def delete(self, message: Message) -> None:
        await self.room.delete(message)
        if message.status in ("draft", "failed"):
            self.transcript.drop(message.id)
        self._on_change()

    def clear(self) -> None:
        """Empty the screen; the past is read again when somebody looks for it."""
        self.transcript.clear()
        self.has_older = True
        self._on_change()

    # ---- what the room tells

    def put(self, event: Event) -> None:
        match event:
            case Message():
                self._hear(event)
            case TypingChanged(member, typing):
                self._set_typing(member, typing=typing)
            case StatusChanged():
                self._raise(event)
                if self._turn.locked():
                    self._raised.append(event)
            case MessageEdited(message) | MessagePinned(message) | MessageDeleted(message) | ReactionChanged(message):
                if self.transcript.find(message.id) is not None:
                    self.transcript.put(message)
            case MessageVanished(message_id):
                self.transcript.drop(message_id)
            case _:
                self._note(event)
        self.room.acknowledge(event)
        self._on_change()

    def fall_behind(self) -> None:
        self.tell("some of what happened was lost on its way to the screen: PgUp shows the messages", "warning")

    def end(self) -> None:
        self.typists.clear()
        self._on_change()

    def _hear(self, message: Message) -> None:
        self.typists.pop(message.sender.id, None)
        if message.sender.id in self._ignored:
            return
        self.transcript.put(message)
        if message.notice is None:  # muted, or seen on another device of ours
            return
        is_for_us = message.notice in _LOUD or mentions(message.text, self.room.me.name)
        if not self.is_watched:
            self.activity = max(self.activity, Activity.HIGHLIGHT if is_for_us else Activity.MESSAGES)
        if is_for_us and message.arrival == "live":
            self._on_highlight(self)

    def _raise(self, event: StatusChanged) -> None:
        self.transcript.set_status(event.message_id, event.status, draft_id=event.draft_id)

    def _set_typing(self, member: Member, *, typing: bool) -> None:
        if typing and member.id not in self._ignored:
            self.typists[member.id] = member
        else:
            self.typists.pop(member.id, None)

    def _note(self, event: Event) -> None:
        """What happened to members and to the room."""
        match event:
            case MemberLeft(member):
                self.typists.pop(member.id, None)
            case MemberJoined(member) | VerificationChanged(member) | KeyChanged(member) | ClaimChanged(member):
                self.transcript.know(member)
        if (told := sentence_of(event, stood=self._stood)) is not None:
            self.transcript.tell(Notice(self._now(), told.text, told.style))
            if not self.is_watched:
                self.activity = max(self.activity, Activity.EVENTS)
        if isinstance(event, StateChanged):
            self._stood = event.state

    # ---- looking at it

    def look_away(self) -> None:
        """Another room is shown, or the terminal lost the focus: what comes from now on is new."""
        if self.is_watched:
            self.transcript.mark_read(self._now())
        self.is_watched = False

    def look_at(self) -> None:
        self.is_watched = True
        self.activity = Activity.NONE

    async def mark_read(self) -> None:
        """All that is on the screen was seen; its authors are told."""
        if self.room.unread and self.room.state is not RoomState.LEFT:
            await self.room.mark_read()
            self._on_change()

    def trim(self) -> None:
        """Nobody scrolls: let go of what is far above."""
        if self.transcript.trim():
            self.has_older = True

    def choose(self, step: int) -> None:
        """Move the choice by so many messages; past the newest there is none."""
        ids = [message.id for message in self.transcript.messages()]
        place = ids.index(self.chosen) if self.chosen in ids else len(ids)
        place = max(0, place + step)
        self.chosen = ids[place] if place < len(ids) else None
        self._on_change()

    def neighbour(self, message: Message | None, *, earlier: bool) -> Message | None:
        """Of ours: the one before or after; from none, the last one. The first stays; after the last one is none."""
        mine = [each for each in self.transcript.messages() if each.sender.is_me and not each.is_deleted]
        ids = [each.id for each in mine]
        at = ids.index(message.id) if message is not None and message.id in ids else len(ids)
        at = max(0, at - 1) if earlier else at + 1
        return mine[at] if at < len(mine) else None

    def nicks(self) -> list[str]:
        """Names to complete, who spoke last first."""
        spoken = [message.sender for message in reversed(self.transcript.messages())]
        everybody = [*spoken, *self.room.members]
        return list(dict.fromkeys(plain_name(member) for member in everybody if not member.is_me))
