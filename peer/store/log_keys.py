"""The data keys of the rooms' logs, and what is done with one of them.

    log row:  name of "log " ‖ room id under the master key | data key 32 ‖ room id 32, sealed under the master key

Deleting the key is deleting the log: what it sealed is noise. Names of rows are keyed hashes, so no id stands on the
disk. Associated data of a row are its table and its name: one that was changed, exchanged for another, or moved from
another table or room is found out when it is opened.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..errors import BadCiphertext, StoreDamaged
from ..ids import RoomId
from ..keys.at_rest import REST_KEY_BYTES, RestKey

__all__ = ["Log", "LogKeys"]

_NAME_BYTES = 16
"""Of a row: enough that no two of a room meet."""


@dataclass(frozen=True, slots=True)
class Log:
    """One room's, with its key."""

    number: int
    """In the database; by it the rows are found."""
    room_id: RoomId
    name: bytes
    key: RestKey

    def name_of(self, table: str, plain: bytes) -> bytes:
        """Of a row: 16 bytes."""
        return self.key.name(table.encode() + b" " + plain)[:_NAME_BYTES]

    def seal(self, table: str, name: bytes, plaintext: bytes, random_bytes: Callable[[int], bytes]) -> bytes:
        """For this row, or column of the log's own row, alone."""
        return self.key.seal(plaintext, name=table.encode() + b" " + name, random_bytes=random_bytes)

    def opener(self, table: str) -> Callable[[bytes, bytes], bytes]:
        """From a row's name and what `seal` gave to the plaintext; BadCiphertext for anything else. For thousands."""
        head, open_row = table.encode() + b" ", self.key.open
        return lambda name, sealed: open_row(sealed, name=head + name)


class LogKeys:
    """Those that were asked for stay in memory. Raises StoreDamaged."""

    def __init__(self, path: str, *, master: RestKey, random_bytes: Callable[[int], bytes]) -> None:
        """`path` is for errors."""
        self._path = path
        self._master = master
        self._random_bytes = random_bytes
        self._logs: dict[RoomId, Log] = {}
        self._has_all = False

    def maybe_log(self, database: sqlite3.Connection, room_id: RoomId) -> Log | None:
        """None for a room of which nothing is kept."""
        if room_id not in self._logs:
            name = self._name_of(room_id)
            found = database.execute("SELECT number, wrapped_key FROM log WHERE name = ?", (name,)).fetchone()
            if found is None:
                return None
            self._logs[room_id] = self._unwrap(found[0], name, found[1])
        return self._logs[room_id]

    def new_log(self, database: sqlite3.Connection, room_id: RoomId) -> Log:
        """To be kept in memory once the transaction stands."""
        key, name = self._random_bytes(REST_KEY_BYTES), self._name_of(room_id)
        wrapped = self._master.seal(key + room_id, name=name, random_bytes=self._random_bytes)
        number = database.execute("INSERT INTO log (name, wrapped_key) VALUES (?, ?)", (name, wrapped)).lastrowid
        assert number is not None
        return Log(number, room_id, name, RestKey(key))

    def keep(self, logs: Iterable[Log]) -> None:
        """New ones, whose transaction stands."""
        self._logs.update({log.room_id: log for log in logs})

    def delete(self, database: sqlite3.Connection, room_id: RoomId) -> None:
        """And with it all rows; no such log is no error."""
        self._logs.pop(room_id, None)
        self._has_all = False  # should the transaction fail, it is found again
        database.execute("DELETE FROM log WHERE name = ?", (self._name_of(room_id),))

    def all_logs(self, database: sqlite3.Connection) -> list[Log]:
        """In no order."""
        if not self._has_all:
            rows = database.execute("SELECT number, name, wrapped_key FROM log")
            self.keep([self._unwrap(*row) for row in rows])
            self._has_all = True
        return list(self._logs.values())

    def _name_of(self, room_id: RoomId) -> bytes:
        return self._master.name(b"log " + room_id)

    def _unwrap(self, number: int, name: bytes, wrapped: bytes) -> Log:
        try:
            opened = self._master.open(wrapped, name=name)
        except (BadCiphertext, TypeError):  # TypeError: SQLite keeps whatever others put in
            raise StoreDamaged(self._path, "the key of a log does not open") from None
        return Log(number, RoomId(opened[REST_KEY_BYTES:]), name, RestKey(opened[:REST_KEY_BYTES]))
