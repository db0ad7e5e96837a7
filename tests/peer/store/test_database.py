"""One file, for one process at a time, that survives and tells what is wrong with it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from peer.errors import StoreBusy, StoreDamaged, StoreError
from peer.store.database import DATABASE_FILE, open_database, translated


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """The write-ahead log included; there is no file of shared memory, since nobody shares it."""
    database = open_database(tmp_path / DATABASE_FILE)
    database.execute("INSERT INTO space VALUES (?, ?)", (b"name", b"key"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    database.close()
    assert modes == {"rooms.sqlite3": 0o600, "rooms.sqlite3-wal": 0o600}


def test_transaction_is_on_the_disk_before_it_returns(tmp_path: Path) -> None:
    """And what is deleted is overwritten."""
    database = open_database(tmp_path / DATABASE_FILE)
    found = {
        name: database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
    }
    database.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}


def test_second_process_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    first = open_database(tmp_path / DATABASE_FILE)
    with pytest.raises(StoreBusy, match=f"another process uses {tmp_path}: stop it"):
        open_database(tmp_path / DATABASE_FILE)
    first.close()
    open_database(tmp_path / DATABASE_FILE).close()


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\0" + bytes(4096)])
def test_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    """And left as it is."""
    (tmp_path / DATABASE_FILE).write_bytes(content)
    with pytest.raises(StoreDamaged, match="restore it from a backup"):
        open_database(tmp_path / DATABASE_FILE)
    assert (tmp_path / DATABASE_FILE).read_bytes() == content


def test_file_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    """The system's reason, and what to look at."""
    with pytest.raises(StoreError, match="No such file or directory"):
        open_database(tmp_path / "gone" / DATABASE_FILE)
    (tmp_path / DATABASE_FILE).mkdir()
    with pytest.raises(StoreError, match="Is a directory"):
        open_database(tmp_path / DATABASE_FILE)
    with pytest.raises(StoreError, match="no such table: gone"), translated(tmp_path):
        sqlite3.connect(":memory:").execute("SELECT * FROM gone")


def test_disk_that_is_full_says_so(tmp_path: Path) -> None:
    """Nothing of the transaction is kept."""
    database = open_database(tmp_path / DATABASE_FILE)
    database.execute(f"PRAGMA max_page_count = {database.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(StoreError, match=r"disk is full\): see that the disk has room"), translated(tmp_path / "x"):
        database.execute("INSERT INTO space VALUES (?, ?)", (b"name", bytes(100_000)))
    assert database.execute("SELECT count(*) FROM space").fetchone() == (0,)
    database.close()
