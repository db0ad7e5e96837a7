"""Every file that an older version wrote is brought along; one of a newer version is left alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from peer.errors import StoreDamaged, StoreError
from peer.ids import RoomId
from peer.ports import RoomRecord
from peer.store.database import DATABASE_FILE, open_database
from peer.store.schema import APPLICATION_ID, STEPS, VERSION, stranger
from peer.store.vault import open_vault

from ...support.keys import Chance

VECTORS = Path(__file__).parents[2] / "vectors" / "store"
IDENTITY = bytes.fromhex(
    "d6d24d535198794dff10b8a74d3e6fa3a14b35f85db2929f6fbef158f87cc3b2"
    "1ecb016af02555dfeb90ea2bd67553f3429600a6fd925f57d0fe2ae867703938"
)


def written_by(version: int, folder: Path) -> Path:
    """The folder as that version left it."""
    (folder / "identity.key").write_bytes(IDENTITY)
    (folder / "identity.key").chmod(0o600)
    path = folder / DATABASE_FILE
    database = sqlite3.connect(path)
    database.executescript((VECTORS / f"version-{version}.sql").read_text("utf-8"))
    database.close()
    return path


def tables(path: Path) -> dict[str, str]:
    with open_database(path).reading() as database:
        found = dict(database.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))
        database.close()
    return found


@pytest.mark.parametrize("version", range(VERSION))
def test_file_of_an_older_version_is_brought_along(tmp_path: Path, version: int) -> None:
    """Rooms and people are there, and its tables are those of a new file."""
    path = written_by(version, tmp_path)
    vault = open_vault(tmp_path, None, random_bytes=Chance("later"))
    assert vault.load(b"people") == b"people of version 0"
    assert vault.rooms.load(RoomId(b"D" * 32)) == RoomRecord(
        secret=b"S" * 16,
        seed=b"I" * 16,
        is_open=True,
        genesis=b"genesis",
        title="Deck",
        incarnation=b"incarnat",
        control=(b"grant", b"revoke"),
    )
    vault.close()
    (tmp_path / "new").mkdir()
    assert tables(path) == tables(tmp_path / "new" / DATABASE_FILE)


def test_every_older_version_has_its_sample() -> None:
    """Whoever adds a step adds a file that the version before wrote."""
    assert sorted(path.name for path in VECTORS.glob("*.sql")) == [f"version-{number}.sql" for number in range(VERSION)]
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
