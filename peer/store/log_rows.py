"""The message planes of all rooms as sealed rows: events, the view's rows, drafts and registers, state and summary.

What a thief of the disk learns: how many logs, events, messages and other rows there are, how long each is, and in
which order they came. No time stands there in the clear, so whoever wants the newest has all rows of a room opened,
some microseconds each.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, TypeAlias, TypeVar

from ..errors import BadCiphertext, StoreDamaged
from ..ids import RoomId
from ..keys.at_rest import RestKey
from ..log.record import Conversation, LogChanges, LogRecord, Shown
from .database import Database
from .encoded import Extra, decode_extra, decode_shown, decode_summary, encode_extra, encode_shown, encode_summary
from .log_keys import Log, LogKeys

__all__ = ["LogRows"]

T = TypeVar("T")

_Table: TypeAlias = Literal["event", "shown", "extra"]

_PART_ROWS = 2000
"""Of a scan at once: opening them takes some milliseconds."""


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
                for changes in several:
                    has_replaced |= self._write_one(database, log, changes)
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
        with self._database.reading() as database:
            log = self._keys.maybe_log(database, room_id)
            if log is None:
                return LogRecord()
            events = tuple(self._rows_of(database, log, "event"))
            extras = sorted(self._decoded(decode_extra, row) for row in self._rows_of(database, log, "extra"))
            [(state,)] = database.execute("SELECT state FROM log WHERE number = ?", (log.number,))
            return LogRecord(
                events=events,
                drafts={key: value for kind, key, value in extras if kind == "draft"},
                registers={key: value for kind, key, value in extras if kind == "register"},
                state=b"" if state is None else self._opened(log, "state", log.name, state),
            )

    def conversations(self) -> list[Conversation]:
        """Of every room that has a summary, in no order."""
        with self._database.reading() as database:
            logs = {log.number: log for log in self._keys.all_logs(database)}
            rows = database.execute("SELECT number, summary FROM log WHERE summary IS NOT NULL").fetchall()
        opened = [(logs[number], self._opened(logs[number], "summary", logs[number].name, row)) for number, row in rows]
        return [Conversation(log.room_id, self._decoded(decode_summary, row)) for log, row in opened]

    def scan(self, room_id: RoomId | None) -> Iterator[list[tuple[RoomId, bytes]]]:
        """All rows of the view, of one room or of every one, in parts of some milliseconds and in no order.

        Between two parts others have their turn; what is written meanwhile may be seen, or not.
        """
        with self._database.reading() as database:
            logs = {log.number: log for log in self._keys.all_logs(database) if room_id in (None, log.room_id)}
            numbers = self._numbers_of(database, logs.keys() if room_id is not None else None)
        for first in range(0, len(numbers), _PART_ROWS):
            rows = self._numbered(numbers[first : first + _PART_ROWS])
            yield [
                (logs[log].room_id, self._opened(logs[log], "shown", name, sealed))
                for log, name, sealed in rows
                if log in logs  # else its number was given anew meanwhile
            ]

    def decode(self, row: bytes) -> Shown:
        """A row of the view that a scan gave."""
        return self._decoded(decode_shown, row)

    def _numbers_of(self, database: sqlite3.Connection, logs: Iterable[int] | None) -> list[int]:
        """Of all rows of the view, or those of these logs, in the order in which they lie on the disk, to be fast."""
        if logs is None:
            return [number for (number,) in database.execute("SELECT number FROM shown ORDER BY number")]
        query = "SELECT number FROM shown WHERE log = ?"
        return sorted(number for log in logs for (number,) in database.execute(query, (log,)))

    def _numbered(self, numbers: list[int]) -> list[tuple[int, bytes, bytes]]:
        marks = ", ".join("?" * len(numbers))
        query = f"SELECT log, name, sealed FROM shown WHERE number IN ({marks}) ORDER BY number"  # noqa: S608
        with self._database.reading() as database:
            return database.execute(query, numbers).fetchall()

    def _rows_of(self, database: sqlite3.Connection, log: Log, table: _Table) -> Iterator[bytes]:
        rows = database.execute(f"SELECT name, sealed FROM {table} WHERE log = ?", (log.number,))  # noqa: S608
        return (self._opened(log, table, name, sealed) for name, sealed in rows)

    def _opened(self, log: Log, table: str, name: bytes, sealed: bytes) -> bytes:
        try:
            return log.open(table, name, sealed)
        except (BadCiphertext, TypeError):  # TypeError: SQLite keeps whatever others put in
            raise StoreDamaged(self._path, "a row of a log does not open") from None

    def _decoded(self, decode: Callable[[bytes], T], row: bytes) -> T:
        try:
            return decode(row)
        except ValueError:
            raise StoreDamaged(self._path, "a row of a log is of a newer version") from None
