"""All rooms of a peer at once: the list of them, entering one again, and reading without entering.

`Peer` is made of it. Listing, reading and searching ask nobody: they work without a server, from what is kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Literal, TextIO

from .conversation_list import Conversation, FoundMessage, list_conversations, other_in
from .entering.direct_rooms import DirectRooms
from .entering.entrance import Entrance
from .events import Message, RoomState
from .ids import MemberId, MessageId, RoomId
from .messages.view import decode_row
from .room import Room
from .store.safe import Safe

__all__ = ["Conversations"]


class Conversations:
    """Of one `Peer`. A room is named by its `Conversation` or its `room_id`. Each call raises Closed, StoreError."""

    _entrance: Entrance
    _directs: DirectRooms
    _safe: Safe
    _name: str
    _check_open: Callable[[], None]

    async def conversations(self) -> list[Conversation]:
        """Every room that we are in or were in, until it was forgotten; the one with the newest message first."""
        self._check_open()
        vault = self._safe.vault
        is_here = {room.room_id: room.name for room in self._entrance.rooms if room.state is not RoomState.LEFT}
        return list_conversations(
            vault.rooms.rooms(),
            await vault.messages.conversations(),
            me=vault.identity.member_id,
            name_of=self._name_of,
            open_rooms=is_here,
        )

    async def enter(self, where: Conversation | RoomId) -> Room:
        """Enter a room that was kept once more; it needs no link. The same Room where we are in it already.

        Raises BadSetting for a room that is not kept, and what `join_room` raises.
        """
        self._check_open()
        room_id = _id_of(where)
        other = self._other_in(room_id)
        return await (self._directs.open(other) if other is not None else self._entrance.enter(room_id))

    async def history(
        self, where: Conversation | RoomId, *, before: Message | MessageId | None = None, limit: int | None = None
    ) -> AsyncIterator[Message]:
        """As `Room.history`, of a room that we need not be in. Raises BadSetting."""
        self._check_open()
        room = await self._entrance.look_into(_id_of(where))
        async for message in room.history(before=before, limit=limit):
            yield message

    async def search(self, text: str, *, limit: int = 50) -> list[FoundMessage]:
        """Messages of all rooms that hold all of these words, whatever their case and accents, newest first."""
        self._check_open()
        found = await self._safe.vault.messages.search(text, limit=limit)
        kept = {line.room_id for line in self._safe.vault.rooms.rooms()}
        readings = {each: await self._entrance.look_into(each) for each in {one.room_id for one in found} & kept}
        lines = {line.room_id: line for line in await self.conversations()} if found else {}
        return [
            FoundMessage(lines[each.room_id], readings[each.room_id].as_message(decode_row(each.shown)))
            for each in found
            if each.room_id in readings
        ]

    async def export(
        self,
        where: Conversation | RoomId,
        target: str | Path | TextIO,
        *,
        format: Literal["jsonl", "markdown"] = "jsonl",  # noqa: A002
    ) -> None:
        """As `Room.export`, of a room that we need not be in. Raises BadSetting, OSError."""
        self._check_open()
        room = await self._entrance.look_into(_id_of(where))
        await room.export(target, format=format)

    def _other_in(self, room_id: RoomId) -> MemberId | None:
        kept = self._safe.vault.rooms.load(room_id)
        return other_in(kept.genesis, self._safe.vault.identity.member_id) if kept and kept.genesis else None

    def _name_of(self, member: MemberId) -> str:
        return self._name if member == self._safe.vault.identity.member_id else self._safe.people.name_of(member)


def _id_of(where: Conversation | RoomId) -> RoomId:
    return where.room_id if isinstance(where, Conversation) else where
