"""Rooms and messages that are kept as long as the process runs: for a peer without a `data_dir`, and for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from ..errors import StoreError
from ..ids import RoomId
from ..log.event import EventId
from ..log.record import Conversation, Cursor, LogChanges, LogRecord, Shown, Summary
from ..ports import Found, RoomLine, RoomRecord
from .search import Query

__all__ = ["MemoryMessageStore", "MemoryRoomStore"]

K = TypeVar("K")
V = TypeVar("V")


class MemoryRoomStore:
    """The port `RoomStore`, without a disk."""

    def __init__(self) -> None:
        self._records: dict[RoomId, RoomRecord] = {}

    def load(self, room_id: RoomId) -> RoomRecord | None:
        return self._records.get(room_id)

    def rooms(self) -> list[RoomLine]:
        kept = self._records.items()
        return [RoomLine(room_id, each.title, each.genesis, each.public_name) for room_id, each in kept]

    def save(self, room_id: RoomId, record: RoomRecord) -> None:
        self._records[room_id] = record

    def delete(self, room_id: RoomId) -> None:
        self._records.pop(room_id, None)


@dataclass(slots=True)
class _Kept:
    """Of one room."""

    events: dict[EventId, bytes] = field(default_factory=dict)
    shown: dict[EventId, Shown] = field(default_factory=dict)
    drafts: dict[bytes, bytes] = field(default_factory=dict)
    registers: dict[bytes, bytes] = field(default_factory=dict)
    state: bytes = b""
    summary: Summary | None = None


class MemoryMessageStore:
    """The port `MessageStore`, without a disk."""

    def __init__(self) -> None:
        self._rooms: dict[RoomId, _Kept] = {}

    async def load(self, room_id: RoomId) -> LogRecord:
        kept = self._rooms.get(room_id, _Kept())
        return LogRecord(
            events=tuple(kept.events.values()),
            drafts=dict(sorted(kept.drafts.items())),
            registers=dict(sorted(kept.registers.items())),
            state=kept.state,
        )

    def commit(self, room_id: RoomId, changes: LogChanges, *, on_done: Callable[[StoreError | None], None]) -> None:
        kept = self._rooms.setdefault(room_id, _Kept())
        _apply(kept.events, dict.fromkeys(changes.purged))
        _apply(kept.events, changes.events)
        _apply(kept.shown, changes.shown)
        _apply(kept.drafts, changes.drafts)
        _apply(kept.registers, changes.registers)
        kept.state = kept.state if changes.state is None else changes.state
        kept.summary = changes.summary or kept.summary
        asyncio.get_running_loop().call_soon(on_done, None)

    async def page(self, room_id: RoomId, *, before: Cursor | None = None, limit: int = 50) -> list[Shown]:
        return [found.shown for found in self._newest(lambda _: True, room_id, before, limit)]

    async def search(
        self, text: str, *, room_id: RoomId | None = None, before: Cursor | None = None, limit: int = 50
    ) -> list[Found]:
        query = Query(text)
        return self._newest(lambda shown: query.finds(shown.text.encode()), room_id, before, limit) if query else []

    async def conversations(self) -> list[Conversation]:
        found = [Conversation(room, kept.summary) for room, kept in self._rooms.items() if kept.summary]
        return sorted(found, key=lambda each: (each.summary.hlc, each.room_id), reverse=True)

    async def forget(self, room_id: RoomId) -> None:
        self._rooms.pop(room_id, None)

    def close(self) -> None:
        """There is nothing to write."""

    def _newest(
        self, finds: Callable[[Shown], bool], room_id: RoomId | None, before: Cursor | None, limit: int
    ) -> list[Found]:
        rooms = self._rooms if room_id is None else {room_id: self._rooms.get(room_id, _Kept())}
        found = [Found(room, shown) for room, kept in rooms.items() for shown in kept.shown.values() if finds(shown)]
        older = [each for each in found if before is None or each.shown.cursor < before]
        return sorted(older, key=lambda each: each.shown.cursor, reverse=True)[:limit]


def _apply(rows: dict[K, V], changes: Mapping[K, V | None]) -> None:
    """None takes a row out."""
    for key, row in changes.items():
        if row is None:
            rows.pop(key, None)
        else:
            rows[key] = row
