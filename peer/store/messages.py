"""The message planes on disk, beside the event loop: one thread, which writes what came together in one transaction.

A commit goes to the thread at once if that is idle; while it writes, further ones gather, and go together next. So one
message is on the disk after one flush, and thousands cost few. The thread merges what it could not write with what
comes after it: the disk holds a first part of the commits, never one with a hole. Searches take their turns in parts of
some milliseconds. What was deleted is taken out of the write-ahead log a moment later, many deletions at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple, TypeVar

from ..errors import StoreError
from ..ids import RoomId
from ..log.record import Conversation, Cursor, LogChanges, LogRecord, Shown, merged
from ..ports import Found
from .encoded import cursor_key, key_of, text_of
from .log_rows import LogRows
from .search import Newest, Query

__all__ = ["SealedMessageStore"]

T = TypeVar("T")
_log = logging.getLogger("peer")

_SCRUB_S = 1.0
"""From a deletion to the flush that takes it out of the write-ahead log."""


class _Commit(NamedTuple):
    room_id: RoomId
    changes: LogChanges
    on_done: Callable[[StoreError | None], None]


class _Outcome(NamedTuple):
    failed: dict[RoomId, StoreError]
    has_replaced: bool
    """Something was deleted or replaced that is still to be taken out of the write-ahead log."""


class SealedMessageStore:
    """The port `MessageStore`; after `close` every call raises StoreError."""

    def __init__(self, rows: LogRows, *, life: bytes = b"") -> None:
        """The thread starts with the first call. `life`: of the folder (`peer.store.life`)."""
        self._rows = rows
        self._life = life
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="speaktube-store")
        self._waiting: list[_Commit] = []
        self._writing: dict[Future[_Outcome], list[_Commit]] = {}
        self._unwritten: dict[RoomId, LogChanges] = {}
        """The thread's own: what could not be written yet."""
        self._scrubbing: asyncio.TimerHandle | None = None
        self._is_closed = False

    # ---- what is kept

    def commit(self, room_id: RoomId, changes: LogChanges, *, on_done: Callable[[StoreError | None], None]) -> None:
        self._check_open()
        self._waiting.append(_Commit(room_id, changes, on_done))
        if not self._writing:
            self._start_writing()

    async def forget(self, room_id: RoomId) -> None:
        await self._run(self._forget, room_id)

    def close(self) -> None:
        """Write what waits, then stop the thread; blocks for as long as that takes. May be called twice."""
        if self._is_closed:
            return
        if self._waiting:
            self._start_writing()
        self._is_closed = True
        if self._scrubbing is not None:
            self._scrubbing.cancel()  # closing the file does as much
        self._thread.shutdown()
        for work in list(self._writing):
            self._settle(work)

    # ---- what is asked

    async def load(self, room_id: RoomId) -> LogRecord:
        return replace(await self._run(self._rows.load, room_id), life=self._life)

    async def page(self, room_id: RoomId, *, before: Cursor | None = None, limit: int = 50) -> list[Shown]:
        return [found.shown for found in await self._scan(lambda _: True, room_id, before, limit)]

    async def search(
        self, text: str, *, room_id: RoomId | None = None, before: Cursor | None = None, limit: int = 50
    ) -> list[Found]:
        query = Query(text)
        return await self._scan(query.finds, room_id, before, limit) if query else []

    async def conversations(self) -> list[Conversation]:
        found = await self._run(self._rows.conversations)
        return sorted(found, key=lambda each: (each.summary.hlc, each.room_id), reverse=True)

    async def _scan(
        self, finds: Callable[[bytes], bool], room_id: RoomId | None, before: Cursor | None, limit: int
    ) -> list[Found]:
        newest: Newest[tuple[RoomId, bytes]] = Newest(limit)
        parts, end = self._rows.scan(room_id), cursor_key(before) if before is not None else None
        while await self._run(_offer_part, parts, newest, finds, end):
            pass
        return [Found(room, self._rows.decode(row)) for room, row in newest.take()]

    # ---- the loop's side

    async def _run(self, work: Callable[..., T], *arguments: object) -> T:
        """On the thread, behind all commits that were made before."""
        self._check_open()
        if self._waiting:
            self._start_writing()
        return await asyncio.wrap_future(self._thread.submit(work, *arguments))

    def _start_writing(self) -> None:
        group, self._waiting = self._waiting, []
        work = self._thread.submit(self._write, group)
        self._writing[work] = group
        loop = asyncio.get_running_loop()
        work.add_done_callback(lambda done: loop.call_soon_threadsafe(self._settle, done))

    def _settle(self, work: Future[_Outcome]) -> None:
        """Tell those who wait; called a second time where `close` was quicker than the loop."""
        group = self._writing.pop(work, None)
        if group is None:
            return
        outcome = work.result()
        if self._waiting and not self._writing:
            self._start_writing()
        if outcome.has_replaced:
            self._scrub_soon()
        for commit in group:
            commit.on_done(outcome.failed.get(commit.room_id))

    def _scrub_soon(self) -> None:
        if self._scrubbing is None and not self._is_closed:
            self._scrubbing = asyncio.get_running_loop().call_later(_SCRUB_S, self._start_scrubbing)

    def _start_scrubbing(self) -> None:
        self._scrubbing = None
        self._thread.submit(self._scrub)

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreError("what is kept was closed: use the peer inside its `async with`")

    # ---- the thread's side

    def _write(self, group: list[_Commit]) -> _Outcome:
        """All rooms together, or where that fails each for itself: one that is damaged holds up no other."""
        batch: dict[RoomId, list[LogChanges]] = {room: [changes] for room, changes in self._unwritten.items()}
        for commit in group:
            batch.setdefault(commit.room_id, []).append(commit.changes)
        try:
            outcome = _Outcome({}, self._rows.write(batch))
        except StoreError:
            outcome = self._write_each(batch)
        self._unwritten = {room: merged(batch[room]) for room in outcome.failed}
        return outcome

    def _write_each(self, batch: dict[RoomId, list[LogChanges]]) -> _Outcome:
        failed: dict[RoomId, StoreError] = {}
        has_replaced = False
        for room, changes in batch.items():
            try:
                has_replaced |= self._rows.write({room: changes})
            except StoreError as error:
                failed[room] = error
        return _Outcome(failed, has_replaced)

    def _forget(self, room_id: RoomId) -> None:
        self._unwritten.pop(room_id, None)
        self._rows.forget(room_id)

    def _scrub(self) -> None:
        try:
            self._rows.scrub()
        except StoreError as error:
            _log.warning("! what was deleted stays on the disk for now: %s", error)


def _offer_part(
    parts: Iterator[list[tuple[RoomId, bytes]]],
    newest: Newest[tuple[RoomId, bytes]],
    finds: Callable[[bytes], bool],
    end: bytes | None,
) -> bool:
    """Whether there was another part."""
    part = next(parts, None)
    for room, row in part or ():
        if finds(text_of(row)) and (end is None or key_of(row) < end):
            newest.offer(key_of(row), (room, row))
    return part is not None
