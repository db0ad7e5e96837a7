"""Sealed rows in spaces of their own: what `rooms.sqlite3` holds, and all that a thief of the disk sees of it.

A space is a room, or the people we know. It has a data key of its own, wrapped by the master key; without it the rows
of the space are noise, so deleting the key is deleting the space. Names of spaces and rows are keyed hashes. Promised:
a row that was changed, exchanged for another, or copied from another space is found out when it is read. What may be
missing is for the reader to tell, who knows what belongs together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping

from ..errors import BadCiphertext, StoreDamaged
from ..keys.at_rest import REST_KEY_BYTES, RestKey
from .database import Database

__all__ = ["SealedRows"]


class SealedRows:
    """Every call is one transaction. Raises StoreDamaged, StoreError."""

    def __init__(self, database: Database, *, master: RestKey, random_bytes: Callable[[int], bytes]) -> None:
        """Shares the database with whatever else is kept in it."""
        self.path = database.path
        self._database = database
        self._master = master
        self._random_bytes = random_bytes
        self._keys: dict[bytes, RestKey] = {}

    def read(self, space: bytes) -> dict[bytes, bytes] | None:
        """All rows of a space in the order they were first written, by their keyed names; None for no such space."""
        hidden = self._master.name(space)
        with self._database.reading() as database:
            key = self._maybe_key(database, hidden)
            if key is None:
                return None
            rows = database.execute("SELECT name, sealed FROM row WHERE space = ? ORDER BY number", (hidden,))
            return {name: self._open(key, name, sealed) for name, sealed in rows}

    def name(self, space: bytes, row: bytes) -> bytes:
        """The keyed name of a row, for `read`. The space must be there."""
        with self._database.reading() as database:
            key = self._maybe_key(database, self._master.name(space))
        assert key is not None, "a row of no space"
        return key.name(row)

    def find(self, row: bytes) -> list[bytes]:
        """What the row of this plain name holds, in each space that has one."""
        found = []
        with self._database.reading() as database:
            for (hidden,) in database.execute("SELECT name FROM space").fetchall():
                key = self._maybe_key(database, hidden)
                assert key is not None, "a space without a key"
                name = key.name(row)
                rows = database.execute("SELECT sealed FROM row WHERE space = ? AND name = ?", (hidden, name))
                found += [self._open(key, name, sealed) for (sealed,) in rows]
        return found

    def is_empty(self) -> bool:
        """Nothing was ever written here, or all of it was deleted."""
        with self._database.reading() as database:
            return database.execute("SELECT 1 FROM space").fetchone() is None

    def write(self, space: bytes, rows: Mapping[bytes, bytes], *, gone: Iterable[bytes] = ()) -> None:
        """Put these rows in, by their plain names, in place of those of the same names; delete those that are gone."""
        hidden = self._master.name(space)
        with self._database.transaction() as database:
            key = self._maybe_key(database, hidden) or self._new_key(database, hidden)
            database.executemany(
                "INSERT INTO row (space, name, sealed) VALUES (?, ?, ?) "
                "ON CONFLICT (space, name) DO UPDATE SET sealed = excluded.sealed",
                [(hidden, *self._seal(key, name, plaintext)) for name, plaintext in rows.items()],
            )
            database.executemany(
                "DELETE FROM row WHERE space = ? AND name = ?", [(hidden, key.name(name)) for name in gone]
            )
        self._keys[hidden] = key

    def delete(self, space: bytes) -> None:
        """The data key first of all, also out of the write-ahead log."""
        hidden = self._master.name(space)
        self._keys.pop(hidden, None)
        with self._database.transaction() as database:
            database.execute("DELETE FROM space WHERE name = ?", (hidden,))
        self._database.scrub()

    def _maybe_key(self, database: sqlite3.Connection, hidden: bytes) -> RestKey | None:
        if hidden not in self._keys:
            found = database.execute("SELECT wrapped_key FROM space WHERE name = ?", (hidden,)).fetchone()
            if found is None:
                return None
            self._keys[hidden] = RestKey(self._open(self._master, hidden, found[0]))
        return self._keys[hidden]

    def _new_key(self, database: sqlite3.Connection, hidden: bytes) -> RestKey:
        """Kept in memory by whoever calls, once the transaction stands."""
        key = self._random_bytes(REST_KEY_BYTES)
        wrapped = self._master.seal(key, name=hidden, random_bytes=self._random_bytes)
        database.execute("INSERT INTO space (name, wrapped_key) VALUES (?, ?)", (hidden, wrapped))
        return RestKey(key)

    def _seal(self, key: RestKey, plain_name: bytes, plaintext: bytes) -> tuple[bytes, bytes]:
        name = key.name(plain_name)
        return name, key.seal(plaintext, name=name, random_bytes=self._random_bytes)

    def _open(self, key: RestKey, name: object, sealed: object) -> bytes:
        if not isinstance(name, bytes) or not isinstance(sealed, bytes):  # SQLite keeps whatever others put in
            raise StoreDamaged(str(self.path), "a row is no row of ours")
        try:
            return key.open(sealed, name=name)
        except BadCiphertext:
            raise StoreDamaged(str(self.path), "a row does not open") from None
