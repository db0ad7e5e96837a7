"""The floor under the figures of `log.py`: SQLite by itself, unsealed, and signatures by themselves.

The same settings of SQLite as ours, rows of the size of a message with its event, one table and its key. A member that
checks who said what cannot be faster than `bare_signatures`, and one whose messages are on the disk before they leave
not faster than `bare_commits`.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from peer.ids import RoomId
from peer.log.event import decode_event, is_signed

__all__ = ["bare_commits", "bare_search", "bare_searches", "bare_signatures", "bare_stream"]

ROW_BYTES = 800


@contextmanager
def _opened(folder: Path) -> Iterator[sqlite3.Connection]:
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)) as database:
        database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")
        database.execute("CREATE TABLE row (name BLOB PRIMARY KEY, room INTEGER, text TEXT, content BLOB)")
        yield database


def _insert(database: sqlite3.Connection, rows: Iterable[tuple[bytes, int, str, bytes]]) -> None:
    database.execute("BEGIN IMMEDIATE")
    database.executemany("INSERT INTO row VALUES (?, ?, ?, ?)", rows)
    database.execute("COMMIT")


def _row() -> tuple[bytes, int, str, bytes]:
    return os.urandom(16), 0, "", os.urandom(ROW_BYTES)


def bare_commits(folder: Path, count: int) -> list[float]:
    """Seconds of each transaction of one row."""
    with _opened(folder) as database:
        return [_timed_commit(database) for _ in range(count)]


def _timed_commit(database: sqlite3.Connection) -> float:
    row, before = _row(), time.perf_counter()
    _insert(database, [row])
    return time.perf_counter() - before


def bare_stream(folder: Path, count: int, *, at_once: int) -> int:
    """Rows a second, so many in one transaction."""
    rows = [_row() for _ in range(count)]
    with _opened(folder) as database:
        before = time.perf_counter()
        for first in range(0, count, at_once):
            _insert(database, rows[first : first + at_once])
        return round(count / (time.perf_counter() - before))


def bare_signatures(events: Iterable[bytes], room_id: RoomId) -> int:
    """Signatures a second, with what is needed to get at them."""
    count, before = 0, time.perf_counter()
    for encoded in events:
        count += 1
        assert is_signed(decode_event(encoded, room_id=room_id), room_id=room_id)
    return round(count / (time.perf_counter() - before))


@contextmanager
def bare_searches(folder: Path, texts: Iterable[str]) -> Iterator[sqlite3.Connection]:
    """A table of these texts, to be asked for words by LIKE."""
    with _opened(folder) as database:
        _insert(database, [(os.urandom(16), 0, text, b"") for text in texts])
        yield database


def bare_search(database: sqlite3.Connection, text: str) -> float:
    """Seconds until all texts with these words are found; SQLite folds ASCII letters alone."""
    words = [f"%{word}%" for word in text.split()]
    before = time.perf_counter()
    database.execute(f"SELECT name FROM row WHERE {' AND '.join(['text LIKE ?'] * len(words))}", words).fetchall()  # noqa: S608
    return time.perf_counter() - before
