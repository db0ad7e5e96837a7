"""The rooms of a peer on disk: a space of sealed rows each.

One row is the record without its control events, and says how many of these there are, so that one that was taken away
is missed; each control event is a row of its own, so that a room of thousands costs no more to save than what is new.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from ..errors import StoreDamaged
from ..ids import RoomId
from ..keys.room_keys import derive_public_room
from ..log.genesis import room_id_of
from ..ports import RoomLine, RoomRecord
from .sealed_rows import SealedRows

__all__ = ["SealedRoomStore"]

_HEAD = b"head"


class _Head(msgspec.Struct, array_like=True, frozen=True):
    """Fields that a later version adds come last, with a default."""

    version: Literal[1]
    secret: bytes
    seed: bytes
    is_open: bool
    genesis: bytes
    title: str
    incarnation: bytes
    control_count: int
    life: bytes = b""
    """Of the folder, when this was saved."""
    public_name: str = ""
    is_agreed: bool = True
    is_unanswered: bool = False


_decoder = msgspec.msgpack.Decoder(_Head)


class SealedRoomStore:
    """The port `RoomStore`. What was loaded or saved stays in memory, to know what is new."""

    def __init__(self, rows: SealedRows, *, life: bytes = b"") -> None:
        """`life`: of the folder (`peer.store.life`). What was saved in another one names no log to continue."""
        self._rows = rows
        self._life = life
        self._records: dict[RoomId, RoomRecord] = {}

    def load(self, room_id: RoomId) -> RoomRecord | None:
        if room_id not in self._records:
            rows = self._rows.read(_space(room_id))
            if rows is None:
                return None
            self._records[room_id] = self._record(rows, self._rows.name(_space(room_id), _HEAD))
        return self._records[room_id]

    def rooms(self) -> list[RoomLine]:
        heads = map(self._head, self._rows.find(_HEAD))
        known = (head for head in heads if head.genesis or head.public_name)
        return [RoomLine(_room_id_of(head), head.title, head.genesis, head.public_name) for head in known]

    def save(self, room_id: RoomId, record: RoomRecord) -> None:
        before = self.load(room_id)
        if record == before:
            return
        old, new = frozenset(before.control if before else ()), dict.fromkeys(record.control)
        added = {_row_of(event): event for event in new if event not in old}
        gone = [_row_of(event) for event in old - new.keys()]
        self._rows.write(_space(room_id), {_HEAD: self._encode_head(record, len(new)), **added}, gone=gone)
        self._records[room_id] = record

    def delete(self, room_id: RoomId) -> None:
        self._records.pop(room_id, None)
        self._rows.delete(_space(room_id))

    def _record(self, rows: dict[bytes, bytes], head_name: bytes) -> RoomRecord:
        head = self._head(rows.pop(head_name, b""))
        if len(rows) != head.control_count:
            raise StoreDamaged(str(self._rows.path), f"{head.control_count} rows of a room expected, {len(rows)} found")
        return RoomRecord(
            secret=head.secret,
            seed=head.seed,
            is_open=head.is_open,
            genesis=head.genesis,
            title=head.title,
            incarnation=head.incarnation if head.life == self._life else b"",
            control=tuple(rows.values()),
            public_name=head.public_name,
            is_agreed=head.is_agreed,
            is_unanswered=head.is_unanswered,
        )

    def _head(self, encoded: bytes) -> _Head:
        try:
            return _decoder.decode(encoded)
        except msgspec.MsgspecError:
            raise StoreDamaged(str(self._rows.path), "a room without its record, or of a newer version") from None

    def _encode_head(self, record: RoomRecord, control_count: int) -> bytes:
        return msgspec.msgpack.encode(
            _Head(
                version=1,
                secret=record.secret,
                seed=record.seed,
                is_open=record.is_open,
                genesis=record.genesis,
                title=record.title,
                incarnation=record.incarnation,
                control_count=control_count,
                life=self._life,
                public_name=record.public_name,
                is_agreed=record.is_agreed,
                is_unanswered=record.is_unanswered,
            )
        )


def _room_id_of(head: _Head) -> RoomId:
    return derive_public_room(head.public_name)[0] if head.public_name else room_id_of(head.genesis)


def _space(room_id: RoomId) -> bytes:
    return b"room " + room_id


def _row_of(event: bytes) -> bytes:
    return b"control " + hashlib.sha256(event).digest()
