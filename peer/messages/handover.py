"""Which messages of others were handed to whoever uses the room, so that after a crash each is told that was not.

A mark for each log says up to where all was handed over; what lies below a mark and was not, since it became visible
later or was dealt with out of order, stands beside it. So nothing is written when a message comes, and one small row
when it was dealt with. A message counts as handed over once its reader is done with it: one that was at work when the
process died is told again (docs/bots.md, "Told once").

    row = [[author 32 ‖ incarnation 8, seq], …], [id, …]
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Set
from typing import Annotated

import msgspec

from ..errors import MalformedFrame
from ..log.event import EventId, LogId, Plane
from .receipts import crowding
from .view import View

__all__ = ["MAX_MARKS", "HandOver"]

MAX_MARKS = 1024
"""Logs whose marks are kept; beyond, those of who has most go first, the one that is at rest for the longest time."""
_ROW = b"h"
_INCARNATION_AT = 32

_Key = Annotated[bytes, msgspec.Meta(min_length=40, max_length=40)]
_Id = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class _Row(msgspec.Struct, array_like=True, frozen=True):
    """Fields that a later version adds come last, with a default."""

    marks: tuple[tuple[_Key, int], ...]
    skipped: tuple[_Id, ...]


_decoder = msgspec.msgpack.Decoder(_Row)


class HandOver:
    """Of one room."""

    def __init__(self, *, me: bytes, rows: Mapping[bytes, bytes]) -> None:
        """Raise MalformedFrame for a row that is not ours."""
        row = _decode(rows[_ROW]) if _ROW in rows else _Row((), ())
        self._me = me
        self._marks = {_log_of(key): seq for key, seq in row.marks}
        self._skipped = {EventId(event) for event in row.skipped}
        self._waiting: dict[EventId, View] = {}
        self._in_log: dict[LogId, list[tuple[int, EventId]]] = {}
        """What waits of each log, sorted."""
        self._has_stirred = False
        self._has_begun = False

    def restore(self, views: Iterable[View], *, since_hlc: int) -> list[View]:
        """What is shown when the process starts: what of it has yet to be handed over, in the order of the room."""
        self._has_begun = True
        shown = {view.id: view for view in views}
        self._unskip(self._skipped - shown.keys())
        owed = sorted((view for view in shown.values() if self._is_owed(view, since_hlc)), key=lambda view: view.place)
        for view in owed:
            self._await(view)
        return owed

    def appear(self, view: View, *, since_hlc: int) -> None:
        """A message is shown that was not; what comes back from the disk is for `restore`."""
        if not self._has_begun or view.author == self._me or view.hlc < since_hlc:
            return
        self._await(view)
        if view.seq <= self._marks.get(view.log, 0):
            self._skip([view.id])

    def vanish(self, event: EventId) -> None:
        """It is shown no more."""
        self._forget(event)
        self._unskip({event})

    def finish(self, event: EventId) -> None:
        """Whoever was told of it is done with it; one that was not told is passed over."""
        view = self._forget(event)
        if view is None:
            return
        if view.seq > self._marks.get(view.log, 0):
            waiting = self._in_log.get(view.log, [])
            self._skip(earlier for _, earlier in waiting[: bisect_left(waiting, (view.seq, event))])
            self._mark(view)
        self._unskip({event})

    def take_stir(self) -> dict[bytes, bytes | None]:
        """The row, if it has changed since it was last asked."""
        if not self._has_stirred:
            return {}
        self._has_stirred = False
        marks = tuple((log.author + log.incarnation, seq) for log, seq in self._marks.items())
        return {_ROW: msgspec.msgpack.encode(_Row(marks, tuple(sorted(self._skipped))))}

    def _is_owed(self, view: View, since_hlc: int) -> bool:
        if view.author == self._me or view.hlc < since_hlc or view.is_deleted:
            return False
        return view.seq > self._marks.get(view.log, 0) or view.id in self._skipped

    def _await(self, view: View) -> None:
        if view.id not in self._waiting:
            self._waiting[view.id] = view
            insort(self._in_log.setdefault(view.log, []), (view.seq, view.id))

    def _forget(self, event: EventId) -> View | None:
        """What waited under this id."""
        view = self._waiting.pop(event, None)
        if view is not None:
            waiting = self._in_log[view.log]
            del waiting[bisect_left(waiting, (view.seq, event))]
            if not waiting:
                del self._in_log[view.log]
        return view

    def _mark(self, view: View) -> None:
        self._marks.pop(view.log, None)
        self._marks[view.log] = view.seq
        if len(self._marks) > MAX_MARKS:
            del self._marks[crowding(self._marks)]
        self._has_stirred = True

    def _skip(self, events: Iterable[EventId]) -> None:
        before = len(self._skipped)
        self._skipped.update(events)
        self._has_stirred |= len(self._skipped) > before

    def _unskip(self, events: Set[EventId]) -> None:
        before = len(self._skipped)
        self._skipped -= events
        self._has_stirred |= len(self._skipped) < before


def _log_of(key: bytes) -> LogId:
    return LogId(key[:_INCARNATION_AT], key[_INCARNATION_AT:], Plane.MESSAGE)


def _decode(encoded: bytes) -> _Row:
    try:
        return _decoder.decode(encoded)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedFrame(f"no note of what was handed over: {error}") from error
