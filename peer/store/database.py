"""`rooms.sqlite3`: one SQLite file for all that is kept but the identity; for one process at a time.

SQLite, since it is in the standard library, survives a crash at any moment, and finds one row among thousands. Two
threads use it in turn: the event loop for rooms and people, whose calls are short, and a thread of its own for messages
(`peer.store.messages`). Write-ahead log, one flush a transaction (`synchronous = FULL`): what was committed is there
after a power failure too, since what we said must not be said again in other words. `secure_delete`: what is deleted
is overwritten. The lock is held while the file is open, since two processes that continue one log would fork it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock

from ..errors import StoreBusy, StoreDamaged, StoreError
from .schema import check_version, migrate, stranger

__all__ = ["ASIDE_SUFFIX", "DATABASE_FILE", "Database", "open_database"]

DATABASE_FILE = "rooms.sqlite3"
ASIDE_SUFFIX = ".damaged"
"""Of the copy that is made when the file is found to be no sound file of ours."""

_SETTINGS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
"""
_HOPELESS = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


class Database:
    """The open file, for one thread after the other."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Owns the connection from now on."""
        self.path = path
        self._connection = connection
        self._lock = RLock()
        self._end: StoreError | None = None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Nobody else writes meanwhile. Raises StoreDamaged, StoreError."""
        with self._lock:
            if self._end is not None:
                raise self._end
            try:
                with _translated(self.path):
                    yield self._connection
            except _Hopeless as error:
                self._end = _give_up(self._connection, self.path, error.what)
                raise self._end from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is done in it is on the disk when it returns, or nothing of it. Raises StoreDamaged, StoreError."""
        with self.reading() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection

    def scrub(self) -> None:
        """Take what was deleted or replaced out of the write-ahead log too: a flush or two. Raises as `reading`."""
        with self.reading() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """May be called twice; every other call then raises StoreError."""
        with self._lock:
            self._end = self._end or StoreError(f"{self.path} was closed: use the peer inside its `async with`")
            self._connection.close()


def open_database(path: Path) -> Database:
    """Made where there is none, brought up to this version where it is older.

    Raises StoreBusy; StoreDamaged for a file that is broken or of another program, of which a copy is put aside;
    StoreError for one of a newer version, or that cannot be used. None of these changes what is in the file.
    """
    with _translated(path):
        _make_private(path)
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        with _translated(path):
            _prepare(connection, path)
    except _Hopeless as error:
        raise _give_up(connection, path, error.what) from error
    except BaseException:
        connection.close()
        raise
    return Database(connection, path)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Nothing is written before the file is known to be ours."""
    connection.executescript("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;")
    whose = stranger(connection)
    if whose is not None:
        raise _Hopeless(whose)
    check_version(connection, path)
    connection.executescript(_SETTINGS)
    migrate(connection)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # what a killed process had deleted lies in there


class _Hopeless(Exception):
    """Nothing more can be read or written here."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Errors of SQLite and of the system as ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname == "SQLITE_BUSY":
            raise StoreBusy(str(path.parent)) from error
        raise StoreError(f"cannot use {path} ({error}): see that the disk has room and the folder is ours") from error
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "").startswith(_HOPELESS):
            raise _Hopeless(str(error)) from error
        raise StoreDamaged(str(path), str(error)) from error
    except OSError as error:
        raise StoreError(f"cannot use {path} ({error.strerror}): see that the folder is ours") from error


def _give_up(connection: sqlite3.Connection, path: Path, what: str) -> StoreDamaged:
    """Close it, and keep a copy of it as it was found, whatever somebody tries next.

    The copy comes first, since SQLite tidies up as it closes, and never again, since the first one says most.
    """
    aside = path.with_name(path.name + ASIDE_SUFFIX)
    if not aside.exists():
        with suppress(OSError):  # a full disk: then there is no copy, and the error names none
            _copy(path, aside)
    connection.close()
    return StoreDamaged(str(path), what, copy=str(aside) if aside.exists() else None)


def _copy(path: Path, aside: Path) -> None:
    """With the write-ahead log. Reading a file that SQLite has locked gives its lock away: it must be closed next."""
    for suffix in ("-wal", ""):
        source = path.with_name(path.name + suffix)
        if source.exists():
            shutil.copy(source, aside.with_name(aside.name + suffix))


def _make_private(path: Path) -> None:
    """SQLite gives its further files the mode of this one.

    A file that is there is not opened: to close it again would give away the lock that this process may hold on it.
    """
    if not path.exists():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
