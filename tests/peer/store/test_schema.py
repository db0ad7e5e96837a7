"""Every file that an older version wrote is brought along; one of a newer version is left alone."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from peer.errors import StoreDamaged, StoreError
from peer.log.record import Conversation, LogRecord
from peer.store.database import DATABASE_FILE, open_database
from peer.store.schema import APPLICATION_ID, STEPS, VERSION, stranger
from peer.store.vault import open_vault

from ...support.keys import Chance
from ...vectors.store.generate import FOLDER, IDENTITY, KEPT, PEOPLE, RECORD, ROOM, ROWS


def written_by(version: int, folder: Path) -> Path:
    """The folder as that version left it."""
    (folder / "identity.key").write_bytes(IDENTITY)
    (folder / "identity.key").chmod(0o600)
    path = folder / DATABASE_FILE
    database = sqlite3.connect(path)
    database.executescript((FOLDER / f"version-{version}.sql").read_text("utf-8"))
    database.close()
    return path


def tables(path: Path) -> dict[str, str]:
    with open_database(path).reading() as database:
        found = dict(database.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))
        database.close()
    return found


@pytest.mark.parametrize("version", range(VERSION + 1))
async def test_file_of_an_older_version_is_brought_along(tmp_path: Path, version: int) -> None:
    """Rooms, messages and people are there, and its tables are those of a new file; so it is for our own version.

    But which log to continue is not said, since the folder is a copy.
    """
    path = written_by(version, tmp_path)
    vault = open_vault(tmp_path, None, random_bytes=Chance("later"))
    assert (vault.load(b"people"), vault.rooms.load(ROOM)) == (PEOPLE, replace(RECORD, incarnation=b""))
    loaded = await vault.messages.load(ROOM)
    kept = (
        replace(loaded, events=tuple(sorted(loaded.events)), life=b""),
        await vault.messages.page(ROOM),
        await vault.messages.conversations(),
    )
    vault.close()
    record = LogRecord(
        events=(b"first event", b"second event"),
        drafts={b"draft": b"to be said"},
        registers={b"register": b"receipts"},
        state=b"state",
    )
    assert KEPT.summary is not None
    written = (record, [*reversed(ROWS)], [Conversation(ROOM, KEPT.summary)])
    assert kept == (written if version >= 1 else (LogRecord(), [], []))
    (tmp_path / "new").mkdir()
    assert tables(path) == tables(tmp_path / "new" / DATABASE_FILE)


def test_every_version_has_its_sample() -> None:
    """Whoever adds a step runs the generator, which leaves those of older versions alone."""
    assert sorted(path.name for path in FOLDER.glob("*.sql")) == [f"version-{each}.sql" for each in range(VERSION + 1)]
    assert len(STEPS) == VERSION


def test_file_says_whose_it_is_and_of_which_version(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_FILE
    open_database(path).close()
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)
    database.close()


def test_migration_that_breaks_off_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """It is one transaction; the next start does it again."""
    path = written_by(0, tmp_path)
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA max_page_count = {database.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        database.executescript(f"BEGIN; {STEPS[0]}; COMMIT;")
    database.close()
    assert len(tables(path)) == len(tables(written_by(0, make(tmp_path / "other"))))


def make(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """With a sentence that says what to do; it is not damaged, so nothing is put aside."""
    path = tmp_path / DATABASE_FILE
    open_database(path).close()
    database = sqlite3.connect(path)
    database.executescript(f"PRAGMA user_version = {VERSION + 1}; CREATE TABLE newer (number INTEGER)")
    database.close()
    before = path.read_bytes()
    with pytest.raises(
        StoreError, match=rf"newer version .*format is {VERSION + 1}, ours {VERSION}\): update"
    ) as error:
        open_database(path)
    assert not isinstance(error.value, StoreDamaged)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [(DATABASE_FILE, before)]


@pytest.mark.parametrize(
    "script",
    ["CREATE TABLE bookmarks (url TEXT)", "PRAGMA application_id = 252006674", "PRAGMA user_version = 7"],
)
def test_file_of_another_program_is_known_by_its_marks(script: str) -> None:
    """Its tables, its number, or a version that we would have written with ours."""
    database = sqlite3.connect(":memory:")
    assert stranger(database) is None
    database.executescript(script)
    assert stranger(database) == "it is a database of another program"
    database.close()
