"""`rooms.sqlite3`: one SQLite file for all that is kept but the identity; for one process at a time.

SQLite, since it is in the standard library, survives a crash at any moment, and holds what is to come (a thousand
messages a room, looked up by order and by id) without reading all of it. Calls are made on the event loop: they are
short, and a caller must know that its row is on the disk before it sends what follows from it, which a thread in
between would only delay. Write-ahead log: one flush a transaction. `secure_delete`: what is deleted is overwritten.
The lock is held while the file is open, since two processes that continue one log would fork it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import StoreBusy, StoreDamaged, StoreError

__all__ = ["DATABASE_FILE", "open_database", "translated"]

DATABASE_FILE = "rooms.sqlite3"

_SETTINGS = """
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
"""

_TABLES = """
BEGIN EXCLUSIVE;
CREATE TABLE IF NOT EXISTS space (
    name BLOB PRIMARY KEY,
    wrapped_key BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS row (
    number INTEGER PRIMARY KEY,
    space BLOB NOT NULL REFERENCES space ON DELETE CASCADE,
    name BLOB NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (space, name)
);
COMMIT;
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Made where there is none. Raises StoreBusy, StoreDamaged, StoreError."""
    with translated(path):
        _make_private(path)
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            connection.executescript(_SETTINGS)
            connection.executescript(_TABLES)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Errors of SQLite and of the system as ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname == "SQLITE_BUSY":
            raise StoreBusy(str(path.parent)) from error
        raise StoreError(f"cannot use {path} ({error}): see that the disk has room and the folder is ours") from error
    except sqlite3.DatabaseError as error:
        raise StoreDamaged(str(path), str(error)) from error
    except OSError as error:
        raise StoreError(f"cannot use {path} ({error.strerror}): see that the folder is ours") from error


def _make_private(path: Path) -> None:
    """SQLite gives its further files the mode of this one."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
