"""The message planes of all rooms as sealed rows: events, the view's rows, drafts and registers, state and summary.

What a thief of the disk learns: how many logs, events, messages and other rows there are, how long each is, and in
which order they came. No time stands there in the clear, so whoever wants the newest has all rows of a room opened,
some microseconds each.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import starmap
from typing import Any, Literal, TypeAlias

from ..errors import BadCiphertext, StoreDamaged
from ..ids import RoomId
from ..keys.at_rest import RestKey
from ..log.record import Conversation, LogChanges, LogRecord, Shown, merged
from .database import Database
from .encoded import Extra, decode_extra, decode_shown, decode_summary, encode_extra, encode_shown, encode_summary
from .log_keys import Log, LogKeys

__all__ = ["LogRows"]

_Table: TypeAlias = Literal["event", "shown", "extra"]

_Raw: TypeAlias = tuple[int, int, bytes, bytes]
"""Of the view: its number, that of its log, its name, and what is sealed in it."""

_PART_ROWS = 500
"""Of a scan at once: opening them takes two or three milliseconds, and a commit waits no longer."""


class LogRows:
    """Every call is one transaction. Raises StoreDamaged, StoreError."""

    def __init__(self, database: Database, *, master: RestKey, random_bytes: Callable[[int], bytes]) -> None:
        """Shares the database with whatever else is kept in it."""
        self._database = database
        self._random_bytes = random_bytes
        self._path = str(database.path)
        self._keys = LogKeys(self._path, master=master, random_bytes=random_bytes)

    # ---- writing

    def write(self, batch: Mapping[RoomId, Iterable[LogChanges]]) -> bool:
        """All of it or nothing. True where something was deleted or replaced that `scrub` should overwrite."""
        logs, has_replaced = [], False
        with self._database.transaction() as database:
            for room_id, several in batch.items():
                log = self._keys.maybe_log(database, room_id) or self._keys.new_log(database, room_id)
                logs.append(log)
                has_replaced |= self._write_one(database, log, merged(several))
        self._keys.keep(logs)
        return has_replaced

    def forget(self, room_id: RoomId) -> None:
        """The data key first of all, also out of the write-ahead log."""
        with self._database.transaction() as database:
            self._keys.delete(database, room_id)
        self._database.scrub()

    def scrub(self) -> None:
        """Overwrite what was deleted or replaced also in the write-ahead log."""
        self._database.scrub()

    def _write_one(self, database: sqlite3.Connection, log: Log, changes: LogChanges) -> bool:
        shown = [(event, encode_shown(row)) for event, row in changes.shown.items() if row is not None]
        events = self._put(database, log, "event", changes.events.items())
        gone = self._take_out(database, log, "event", changes.purged)
        self._put(database, log, "shown", shown)
        gone += self._take_out(database, log, "shown", [event for event, row in changes.shown.items() if row is None])
        gone += self._write_extras(database, log, "draft", changes.drafts)
        gone += self._write_extras(database, log, "register", changes.registers)
        if changes.state is not None:
            self._set(database, log, "state", changes.state)
        if changes.summary is not None:
            self._set(database, log, "summary", encode_summary(changes.summary))
        return bool(gone) or events < len(changes.events)

    def _write_extras(
        self, database: sqlite3.Connection, log: Log, kind: Extra, entries: Mapping[bytes, bytes | None]
    ) -> int:
        names = {key: kind.encode() + b" " + key for key in entries}
        puts = [(names[key], encode_extra(kind, key, value)) for key, value in entries.items() if value is not None]
        self._put(database, log, "extra", puts)
        return self._take_out(database, log, "extra", [names[key] for key, value in entries.items() if value is None])

    def _put(self, database: sqlite3.Connection, log: Log, table: _Table, rows: Iterable[tuple[bytes, bytes]]) -> int:
        """How many of them are new, and not in place of others."""
        sealed = [self._sealed(log, table, plain, row) for plain, row in rows]
        insert = f"INSERT INTO {table} (log, name, sealed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"  # noqa: S608
        new = database.executemany(insert, sealed).rowcount if sealed else 0
        if new < len(sealed):
            update = f"UPDATE {table} SET sealed = ?3 WHERE log = ?1 AND name = ?2"  # noqa: S608
            database.executemany(update, sealed)
        return new

    def _take_out(self, database: sqlite3.Connection, log: Log, table: _Table, rows: Iterable[bytes]) -> int:
        names = [(log.number, log.name_of(table, plain)) for plain in rows]
        delete = f"DELETE FROM {table} WHERE log = ? AND name = ?"  # noqa: S608
        return database.executemany(delete, names).rowcount if names else 0

    def _sealed(self, log: Log, table: _Table, plain: bytes, row: bytes) -> tuple[int, bytes, bytes]:
        name = log.name_of(table, plain)
        return log.number, name, log.seal(table, name, row, self._random_bytes)

    def _set(self, database: sqlite3.Connection, log: Log, column: Literal["state", "summary"], value: bytes) -> None:
        sealed = log.seal(column, log.name, value, self._random_bytes)
        database.execute(f"UPDATE log SET {column} = ? WHERE number = ?", (sealed, log.number))  # noqa: S608

    # ---- reading

    def load(self, room_id: RoomId) -> LogRecord:
        """Empty for a room of which nothing is kept."""
        with self._database.reading() as database, self._judged():
            log = self._keys.maybe_log(database, room_id)
            if log is None:
                return LogRecord()
            extras = sorted(map(decode_extra, _rows_of(database, log, "extra")))
            [(state,)] = database.execute("SELECT state FROM log WHERE number = ?", (log.number,))
            return LogRecord(
                events=tuple(_rows_of(database, log, "event")),
                drafts={key: value for kind, key, value in extras if kind == "draft"},
                registers={key: value for kind, key, value in extras if kind == "register"},
                state=b"" if state is None else log.opener("state")(log.name, state),
            )

    def conversations(self) -> list[Conversation]:
        """Of every room that has a summary, in no order."""
        with self._database.reading() as database, self._judged():
            rows = dict(database.execute("SELECT number, summary FROM log WHERE summary IS NOT NULL"))
            return [
                Conversation(log.room_id, decode_summary(log.opener("summary")(log.name, rows[log.number])))
                for log in self._keys.all_logs(database)
                if log.number in rows
            ]

    def scan(self, room_id: RoomId | None) -> Iterator[list[tuple[RoomId, bytes]]]:
        """All rows of the view, of one room or of every one, in parts of some milliseconds and in no order.

        Between two parts others have their turn; what is written meanwhile may be seen, or not.
        """
        with self._database.reading() as database:
            logs = [log for log in self._keys.all_logs(database) if room_id in (None, log.room_id)]
        openers = {log.number: (log.room_id, log.opener("shown")) for log in logs}
        for rows in self._all_parts() if room_id is None else self._parts_of(logs):
            with self._judged():
                part = [
                    (openers[log][0], openers[log][1](name, sealed))
                    for _, log, name, sealed in rows
                    if log in openers  # else its number was given anew meanwhile
                ]
            yield part

    def decode(self, row: bytes) -> Shown:
        """A row of the view that a scan gave."""
        with self._judged():
            return decode_shown(row)

    def _all_parts(self) -> Iterator[list[_Raw]]:
        """In the order in which they lie on the disk, which is read fastest."""
        query, last = "SELECT number, log, name, sealed FROM shown WHERE number > ? ORDER BY number LIMIT ?", 0
        while rows := self._fetch(query, (last, _PART_ROWS)):
            yield rows
            last = rows[-1][0]

    def _parts_of(self, logs: list[Log]) -> Iterator[list[_Raw]]:
        """Likewise; its rows lie between those of other rooms."""
        for log in logs:
            numbers = sorted(
                number for (number,) in self._fetch("SELECT number FROM shown WHERE log = ?", (log.number,))
            )
            for first in range(0, len(numbers), _PART_ROWS):
                some = numbers[first : first + _PART_ROWS]
                marks = ", ".join("?" * len(some))
                yield self._fetch(f"SELECT number, log, name, sealed FROM shown WHERE number IN ({marks})", some)  # noqa: S608

    def _fetch(self, query: str, values: Sequence[int]) -> list[Any]:
        with self._database.reading() as database:
            return database.execute(query, values).fetchall()

    @contextmanager
    def _judged(self) -> Iterator[None]:
        """What does not open, or is none of ours, is damage."""
        try:
            yield
        except (BadCiphertext, TypeError):  # TypeError: SQLite keeps whatever others put in
            raise StoreDamaged(self._path, "a row of a log does not open") from None
        except ValueError:
            raise StoreDamaged(self._path, "a row of a log is of a newer version") from None


def _rows_of(database: sqlite3.Connection, log: Log, table: _Table) -> Iterator[bytes]:
    rows = database.execute(f"SELECT name, sealed FROM {table} WHERE log = ?", (log.number,))  # noqa: S608
    return starmap(log.opener(table), rows)
