"""What bots keep of a room: named values, sealed in a space of their own beside it, and deleted with it."""

from __future__ import annotations

from ..ids import RoomId
from .sealed_rows import SealedRows

__all__ = ["MemoryNotes", "SealedNotes", "forget_notes"]


class MemoryNotes:
    """The port `RoomNotes`, as long as the peer lives."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load(self, name: str) -> bytes:
        return self._kept.get(name, b"")

    def save(self, name: str, encoded: bytes) -> None:
        self._kept[name] = encoded


class SealedNotes:
    """The port `RoomNotes`, on disk."""

    def __init__(self, rows: SealedRows, room_id: RoomId) -> None:
        self._rows = rows
        self._space = _space(room_id)

    def load(self, name: str) -> bytes:
        rows = self._rows.read(self._space)
        return rows.get(self._rows.name(self._space, name.encode()), b"") if rows else b""

    def save(self, name: str, encoded: bytes) -> None:
        self._rows.write(self._space, {name.encode(): encoded})


def forget_notes(rows: SealedRows, room_id: RoomId) -> None:
    """With the key that opened them. Raises StoreError."""
    rows.delete(_space(room_id))


def _space(room_id: RoomId) -> bytes:
    return b"notes " + room_id
