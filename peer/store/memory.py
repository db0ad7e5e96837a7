"""Rooms that are kept as long as the process runs: for a peer without a `data_dir`, and for tests."""

from __future__ import annotations

from ..ids import RoomId
from ..ports import RoomRecord

__all__ = ["MemoryRoomStore"]


class MemoryRoomStore:
    """The port `RoomStore`, without a disk."""

    def __init__(self) -> None:
        self._records: dict[RoomId, RoomRecord] = {}

    def load(self, room_id: RoomId) -> RoomRecord | None:
        return self._records.get(room_id)

    def save(self, room_id: RoomId, record: RoomRecord) -> None:
        self._records[room_id] = record

    def delete(self, room_id: RoomId) -> None:
        self._records.pop(room_id, None)
