"""Rows come back to whoever holds the key; to anybody else the file is noise, and meddling with it is found out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from peer.errors import StoreDamaged, StoreError
from peer.keys.at_rest import RestKey
from peer.store.database import DATABASE_FILE, open_database
from peer.store.sealed_rows import SealedRows

from ...support.keys import Chance

MASTER = bytes(range(32))


@contextmanager
def opened(folder: Path, *, master: bytes = MASTER, seed: str = "any") -> Iterator[SealedRows]:
    database = open_database(folder / DATABASE_FILE)
    try:
        yield SealedRows(database, master=RestKey(master), random_bytes=Chance(seed))
    finally:
        database.close()


def plain(rows: SealedRows, space: bytes) -> list[bytes]:
    found = rows.read(space)
    assert found is not None
    return list(found.values())


def meddle(folder: Path, statement: str, *values: object) -> None:
    """What somebody with the disk does to it."""
    database = sqlite3.connect(folder / DATABASE_FILE)
    with database:
        assert database.execute(statement, values).rowcount > 0
    database.close()


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_rows_come_back_after_a_restart(tmp_path: Path) -> None:
    """In the order in which they were first written, each under its name."""
    with opened(tmp_path, seed="first") as rows:
        assert (rows.is_empty(), rows.read(b"deck")) == (True, None)
        rows.write(b"deck", {b"b": b"ahoy", b"a": b"aye"})
        rows.write(b"deck", {b"b": b"ahoy!", b"c": b"heave"}, gone=[b"a", b"never there"])
    with opened(tmp_path, seed="second") as rows:
        assert (rows.is_empty(), plain(rows, b"deck")) == (False, [b"ahoy!", b"heave"])
        assert rows.read(b"deck") == {rows.name(b"deck", b"b"): b"ahoy!", rows.name(b"deck", b"c"): b"heave"}
        assert rows.read(b"hold") is None


def test_thief_of_the_disk_reads_nothing(tmp_path: Path) -> None:
    """Neither rows nor names, while it is open and after."""
    with opened(tmp_path) as rows:
        rows.write(b"the deck", {b"the name": b"what was said"})
        while_open = on_disk(tmp_path)
    for content in (while_open, on_disk(tmp_path)):
        assert [word for word in (b"the deck", b"the name", b"what was said") if word in content] == []


def test_space_that_is_deleted_takes_its_key_along(tmp_path: Path) -> None:
    """Out of the file and the write-ahead log; the others stay."""
    with opened(tmp_path) as rows:
        rows.write(b"hold", {b"a": b"stays"})
        rows.write(b"deck", {b"a": b"goes"})
        [(wrapped,)] = sqlite_rows(rows, "SELECT wrapped_key FROM space WHERE name = ?", RestKey(MASTER).name(b"deck"))
        [(sealed,)] = sqlite_rows(rows, "SELECT sealed FROM row WHERE space = ?", RestKey(MASTER).name(b"deck"))
        assert wrapped in on_disk(tmp_path)
        rows.delete(b"deck")
        rows.delete(b"deck")
        assert (rows.read(b"deck"), plain(rows, b"hold")) == (None, [b"stays"])
        assert wrapped not in on_disk(tmp_path)
        assert sealed not in on_disk(tmp_path)
        rows.write(b"deck", {b"a": b"again"})
        assert plain(rows, b"deck") == [b"again"]


def sqlite_rows(rows: SealedRows, query: str, *values: object) -> list[tuple[bytes, ...]]:
    with rows._database.reading() as database:
        return database.execute(query, values).fetchall()


Meddling = Callable[[Path], None]

MEDDLING: dict[str, Meddling] = {
    "changed": lambda folder: meddle(folder, "UPDATE row SET sealed = zeroblob(40) WHERE number = 1"),
    "cut short": lambda folder: meddle(folder, "UPDATE row SET sealed = substr(sealed, 1, 20) WHERE number = 1"),
    "of another row": lambda folder: meddle(
        folder, "UPDATE row SET sealed = (SELECT sealed FROM row WHERE number = 2) WHERE number = 1"
    ),
    "swapped names": lambda folder: meddle(
        folder, "UPDATE row SET name = CASE number WHEN 1 THEN X'00' ELSE name END WHERE number = 1"
    ),
    "of another space": lambda folder: meddle(
        folder, "UPDATE row SET space = (SELECT space FROM row WHERE number = 1) WHERE number = 3"
    ),
    "text": lambda folder: meddle(folder, "UPDATE row SET sealed = 'text' WHERE number = 1"),
    "a number": lambda folder: meddle(folder, "UPDATE row SET name = 4096 WHERE number = 1"),
    "key of another space": lambda folder: meddle(
        folder,
        "UPDATE space SET wrapped_key = (SELECT wrapped_key FROM space WHERE name != ?)",
        RestKey(MASTER).name(b"deck"),
    ),
    "key gone bad": lambda folder: meddle(folder, "UPDATE space SET wrapped_key = 'text'"),
}


@pytest.mark.parametrize("meddling", MEDDLING.values(), ids=MEDDLING.keys())
def test_row_that_was_meddled_with_is_found_out(tmp_path: Path, meddling: Meddling) -> None:
    """One error, which says what to do."""
    with opened(tmp_path) as rows:
        rows.write(b"deck", {b"a": b"ahoy", b"b": b"aye"})
        rows.write(b"hold", {b"a": b"heave"})
    meddling(tmp_path)
    with opened(tmp_path) as rows, pytest.raises(StoreDamaged, match="restore it from a backup"):
        rows.read(b"deck")


def test_other_master_key_finds_no_space(tmp_path: Path) -> None:
    """Its names are others."""
    with opened(tmp_path) as rows:
        rows.write(b"deck", {b"a": b"ahoy"})
    with opened(tmp_path, master=bytes(32)) as rows:
        assert (rows.read(b"deck"), rows.is_empty()) == (None, False)


def test_write_that_fails_leaves_all_as_it_was(tmp_path: Path) -> None:
    """A new space with it: its key is not kept either."""
    with opened(tmp_path) as rows:
        rows.write(b"deck", {b"a": b"ahoy"})
        [(pages,)] = sqlite_rows(rows, "PRAGMA page_count")
        sqlite_rows(rows, f"PRAGMA max_page_count = {pages!r}")
        for space in (b"deck", b"hold"):
            with pytest.raises(StoreError, match="room"):
                rows.write(space, {b"a": bytes(100_000)})
        assert (plain(rows, b"deck"), rows.read(b"hold")) == ([b"ahoy"], None)
        sqlite_rows(rows, f"PRAGMA max_page_count = {pages!r}000")
        rows.write(b"hold", {b"a": b"heave"})
        assert plain(rows, b"hold") == [b"heave"]


def test_rows_of_one_name_are_found_in_all_spaces(tmp_path: Path) -> None:
    """Though names of spaces are no secret that can be read back."""
    with opened(tmp_path, seed="first") as rows:
        rows.write(b"deck", {b"head": b"Deck", b"a": b"ahoy"})
        rows.write(b"hold", {b"head": b"Hold"})
        rows.write(b"people", {b"people": b"bob"})
    with opened(tmp_path, seed="second") as rows:
        assert sorted(rows.find(b"head")) == [b"Deck", b"Hold"]
        assert rows.find(b"none") == []
