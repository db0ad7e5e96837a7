"""How far each member has got: registers of two numbers for each log, merged by max.

`delivered` is the sequence number up to which somebody holds a log, `read` up to which its user has seen it. Numbers
only rise, so neither the order nor a repetition of what is told matters, and a status never falls.

    entry = [author 32 ‖ incarnation 8, delivered, read]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from enum import IntEnum
from typing import Annotated

import msgspec

from ..errors import MalformedFrame
from ..ids import MemberId
from ..log.event import MAX_SEQ, LogId, Plane

__all__ = [
    "MAX_ENTRIES",
    "Entry",
    "Mark",
    "Register",
    "Status",
    "crowding",
    "decode_entries",
    "encode_entries",
    "reach_of_all",
]

MAX_ENTRIES = 512
"""Logs in one register: of the latest that were written to."""

_Seq = Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQ)]
_Key = Annotated[bytes, msgspec.Meta(min_length=40, max_length=40)]
_INCARNATION_AT = 32


class Status(IntEnum):
    """How far a message of ours has got; it only rises."""

    DRAFT = 0
    """Nobody has been handed it."""
    SENT = 1
    """A member has been handed it."""
    DELIVERED = 2
    """Every other member has it."""
    READ = 3
    """Every other member has seen it."""


class Mark(msgspec.Struct, array_like=True, frozen=True):
    """How far one member has got in one log."""

    delivered: int = 0
    read: int = 0


class Entry(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """One log of a register, as it travels."""

    key: _Key
    delivered: _Seq
    read: _Seq

    @property
    def log(self) -> LogId:
        return LogId(self.key[:_INCARNATION_AT], self.key[_INCARNATION_AT:], Plane.MESSAGE)


_Entries = Annotated[tuple[Entry, ...], msgspec.Meta(max_length=MAX_ENTRIES)]
_decoder: msgspec.msgpack.Decoder[tuple[Entry, ...]] = msgspec.msgpack.Decoder(_Entries)
_NONE = Mark()


class Register:
    """How far one member has got in each log."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._marks: dict[LogId, Mark] = {}
        self.merge(entries)

    def of(self, log: LogId) -> Mark:
        return self._marks.get(log, _NONE)

    def merge(self, entries: Iterable[Entry]) -> list[LogId]:
        """Take the higher of all numbers; the logs in which any rose."""
        logs = ((entry.log, entry) for entry in entries)
        return [log for log, entry in logs if self.raise_to(log, delivered=entry.delivered, read=entry.read)]

    def raise_to(self, log: LogId, *, delivered: int = 0, read: int = 0) -> bool:
        """Whether that is higher than it was. Beyond `MAX_ENTRIES` an entry of who has most of them goes."""
        before = self.of(log)
        if delivered <= before.delivered and read <= before.read:
            return False
        self._marks.pop(log, None)
        self._marks[log] = Mark(max(before.delivered, delivered), max(before.read, read))
        while len(self._marks) > MAX_ENTRIES:
            del self._marks[crowding(self._marks)]
        return True

    def entries(self, logs: Iterable[LogId] | None = None) -> tuple[Entry, ...]:
        """To be told, or kept; of these logs, or of all."""
        chosen = self._marks if logs is None else [log for log in logs if log in self._marks]
        marks = ((log, self._marks[log]) for log in chosen)
        return tuple(Entry(log.author + log.incarnation, mark.delivered, mark.read) for log, mark in marks)


def crowding(logs: Collection[LogId]) -> LogId:
    """Which of these goes first, of the oldest first: the oldest of the author of most, who may begin as many as it
    likes."""
    counts = Counter(log.author for log in logs)
    [(author, _)] = counts.most_common(1)
    return next(log for log in logs if log.author == author)


def encode_entries(entries: Iterable[Entry]) -> bytes:
    """To be told, or kept."""
    return msgspec.msgpack.encode(tuple(entries))


def decode_entries(encoded: bytes) -> tuple[Entry, ...]:
    """Raise MalformedFrame, and nothing else."""
    try:
        return _decoder.decode(encoded)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedFrame(f"not a register: {error}") from error


def reach_of_all(log: LogId, registers: Mapping[MemberId, Register], members: Iterable[MemberId]) -> Mark:
    """How far all of these members have got in a log; nowhere where there are none."""
    marks = [registers[member].of(log) if member in registers else _NONE for member in members]
    if not marks:
        return _NONE
    return Mark(min(mark.delivered for mark in marks), min(mark.read for mark in marks))
