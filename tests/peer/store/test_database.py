"""One file, for one process at a time, that survives and tells what is wrong with it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from peer.errors import StoreBusy, StoreDamaged, StoreError
from peer.store.database import DATABASE_FILE, Database, open_database

ROOT = Path(__file__).parents[3]
INSERT = "INSERT INTO space VALUES (?, ?)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / DATABASE_FILE


def insert(database: Database, name: bytes, key: bytes = b"key") -> None:
    with database.transaction() as connection:
        connection.execute(INSERT, (name, key))


def names(database: Database) -> list[bytes]:
    with database.reading() as connection:
        return [name for (name,) in connection.execute("SELECT name FROM space ORDER BY name")]


def setting(database: Database, name: str) -> object:
    with database.reading() as connection:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_files_are_for_their_owner_only(path: Path) -> None:
    """The write-ahead log included; there is no file of shared memory, since nobody shares it."""
    database = open_database(path)
    insert(database, b"name")
    modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}
    database.close()
    assert modes == {"rooms.sqlite3": 0o600, "rooms.sqlite3-wal": 0o600}


def test_transaction_is_on_the_disk_before_it_returns(path: Path) -> None:
    """And what is deleted is overwritten."""
    database = open_database(path)
    found = {name: setting(database, name) for name in ("journal_mode", "synchronous", "secure_delete", "foreign_keys")}
    database.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1}


def test_transaction_is_whole_or_not_at_all(path: Path) -> None:
    """Whatever it was that broke it off; the next one begins anew."""
    database = open_database(path)
    rows = [(b"half", b"key"), (b"broken", 1 / 3, "one too many")]
    with pytest.raises(StoreError, match="bindings"), database.transaction() as connection:
        connection.executemany(INSERT, rows)
    insert(database, b"whole")
    assert names(database) == [b"whole"]
    database.close()


def test_threads_take_turns(path: Path) -> None:
    """A row of one is never in a transaction of the other."""
    database, is_inside, may_go = open_database(path), threading.Event(), threading.Event()

    def slow() -> None:
        with database.transaction() as connection:
            connection.execute(INSERT, (b"slow", b"key"))
            is_inside.set()
            may_go.wait(10)
            connection.execute("ROLLBACK")

    thread = threading.Thread(target=slow)
    thread.start()
    assert is_inside.wait(10)
    threading.Timer(0.02, may_go.set).start()
    insert(database, b"quick")
    thread.join()
    assert names(database) == [b"quick"]
    database.close()


def test_second_process_is_refused_until_the_first_is_done(path: Path) -> None:
    """Also when this process has tried it meanwhile: that must not give the lock away."""
    command = "import sys, pathlib; from peer.store.database import open_database as o; o(pathlib.Path(sys.argv[1]))"
    first = open_database(path)
    with pytest.raises(StoreBusy, match=f"another process uses {path.parent}: stop it"):
        open_database(path)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    second = subprocess.run([sys.executable, "-c", command, path], capture_output=True, check=False, env=environment)
    assert b"StoreBusy" in second.stderr
    first.close()
    open_database(path).close()


def test_closed_file_is_used_no_more(path: Path) -> None:
    database = open_database(path)
    database.close()
    database.close()
    for call in (lambda: names(database), lambda: insert(database, b"late"), database.scrub):
        with pytest.raises(StoreError, match="was closed"):
            call()


def test_what_was_deleted_is_gone_from_all_files(path: Path) -> None:
    """From the write-ahead log by scrubbing, and from one that a killed process left by opening the file."""
    database = open_database(path)
    insert(database, b"name", b"the deleted key")
    with database.transaction() as connection:
        connection.execute("DELETE FROM space")
    left = Path(shutil.copytree(path.parent, path.parent / "killed"))
    assert b"the deleted key" in on_disk(left)
    database.scrub()
    assert b"the deleted key" not in on_disk(path.parent)
    database.close()
    later = open_database(left / DATABASE_FILE)
    assert b"the deleted key" not in on_disk(left)
    later.close()


def on_disk(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.iterdir() if each.is_file())


def other_program(path: Path) -> None:
    database = sqlite3.connect(path)
    database.executescript("CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('https://example.org')")
    database.close()


UNSOUND: dict[str, Callable[[Path], object]] = {
    "no database": lambda path: path.write_bytes(b"no database at all"),
    "broken head": lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(4096)),
    "of another program": other_program,
}


@pytest.mark.parametrize("make", UNSOUND.values(), ids=UNSOUND.keys())
def test_file_that_is_not_ours_is_refused_and_put_aside(path: Path, make: Callable[[Path], object]) -> None:
    """As a copy, whose place the error names; the file is left as it is, and one copy is enough."""
    make(path)
    content = path.read_bytes()
    aside = path.with_name(DATABASE_FILE + ".damaged")
    for _ in range(2):
        with pytest.raises(StoreDamaged, match=f"restore it from a backup.*a copy of it as it was found is {aside}"):
            open_database(path)
        assert path.read_bytes() == aside.read_bytes() == content
    path.write_bytes(b"another trouble")
    with pytest.raises(StoreDamaged) as error:
        open_database(path)
    assert (error.value.copy, aside.read_bytes()) == (str(aside), content)


def test_no_copy_is_named_where_none_could_be_made(path: Path) -> None:
    """A full disk, or as here a link that leads nowhere."""
    path.write_bytes(b"no database at all")
    path.with_name(DATABASE_FILE + ".damaged").symlink_to(path.parent / "gone" / "x")
    with pytest.raises(StoreDamaged) as error:
        open_database(path)
    assert error.value.copy is None
    assert "a copy" not in str(error.value)


def test_damage_that_shows_later_ends_the_use_of_the_file(path: Path) -> None:
    """It is put aside with its write-ahead log, and every later call says the same."""
    database = open_database(path)
    for number in range(200):
        insert(database, b"%d" % number, bytes(500))
    database.close()
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    database = open_database(path)
    for _ in range(2):
        with pytest.raises(StoreDamaged, match=r"malformed.*a copy of it as it was found is .*\.damaged"):
            names(database)
    database.close()
    aside = path.with_name(DATABASE_FILE + ".damaged")
    assert (aside.read_bytes(), aside.with_name(aside.name + "-wal").exists()) == (bytes(content), True)


def test_file_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    """The system's reason, and what to look at."""
    with pytest.raises(StoreError, match="No such file or directory"):
        open_database(tmp_path / "gone" / DATABASE_FILE)
    (tmp_path / DATABASE_FILE).mkdir()
    with pytest.raises(StoreError, match="unable to open database file"):
        open_database(tmp_path / DATABASE_FILE)


def test_statement_that_no_table_fits_is_no_damage(path: Path) -> None:
    """Somebody altered the tables: an error of ours, and the file stays in use."""
    database = open_database(path)
    with pytest.raises(StoreError, match="no such table: gone"), database.reading() as connection:
        connection.execute("SELECT * FROM gone")
    with pytest.raises(StoreDamaged, match="NOT NULL"), database.transaction() as connection:
        connection.execute("INSERT INTO space VALUES (x'00', NULL)")
    assert names(database) == []
    database.close()


def test_disk_that_is_full_says_so(path: Path) -> None:
    """Nothing of the transaction is kept, and the next one that has room is taken."""
    database = open_database(path)
    with database.reading() as connection:
        connection.execute(f"PRAGMA max_page_count = {setting(database, 'page_count')}")
    with pytest.raises(StoreError, match=r"disk is full\): see that the disk has room"):
        insert(database, b"name", bytes(100_000))
    assert names(database) == []
    insert(database, b"small")
    database.close()
