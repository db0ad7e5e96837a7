"""A folder that was put back is known, one that was left alone is not taken for one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import msgspec
import pytest

from peer.errors import StoreDamaged, StoreError
from peer.keys.at_rest import RestKey
from peer.store.database import DATABASE_FILE, open_database
from peer.store.life import LIFE_BYTES, LIFE_FILE, take_life
from peer.store.sealed_rows import SealedRows

SEALED = RestKey(bytes(32))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def lived(folder: Path, *, left: bytes = b"") -> bytes:
    """Its life, from an opening to the end of the process."""
    database = open_database(folder / DATABASE_FILE)
    try:
        sealed = SealedRows(database, master=SEALED, random_bytes=os.urandom)
        if left:
            sealed.write(b"folder", {b"left": left})
        return take_life(sealed, folder, random_bytes=os.urandom)
    finally:
        database.close()


def put_back(copy: Path, home: Path) -> None:
    """With the times that the files had, as a good backup does."""
    shutil.rmtree(home)
    shutil.copytree(copy, home)


def test_life_goes_on_while_the_folder_stays(home: Path) -> None:
    """Whatever else is written, moved or ended at any moment; it may even move within its disk."""
    first = lived(home)
    (home / "identity.key").write_bytes(b"new")
    moved = home.rename(home.with_name("elsewhere"))
    assert len(first) == LIFE_BYTES
    assert [lived(moved), lived(moved)] == [first, first]


def test_folder_that_was_put_back_begins_another_life(home: Path, tmp_path: Path) -> None:
    """Also if it had not been opened between the copy and its return, and also in a place of its own."""
    first, copy = lived(home), tmp_path / "copy"
    shutil.copytree(home, copy)
    put_back(copy, home)
    second = lived(home)
    assert lived(copy) not in {first, second}
    assert second != first
    assert lived(home) == second


def test_file_that_was_written_over_begins_another_life(home: Path, tmp_path: Path) -> None:
    """In place, as `cp` does it."""
    first, copy = lived(home), tmp_path / "copy"
    shutil.copytree(home, copy)
    for each in copy.iterdir():
        (home / each.name).write_bytes(each.read_bytes())
        os.utime(home / each.name, ns=(each.stat().st_atime_ns, each.stat().st_mtime_ns))
    assert lived(home) != first


def test_database_alone_that_was_put_back_begins_another_life(home: Path, tmp_path: Path) -> None:
    first = lived(home)
    copy = shutil.copy2(home / DATABASE_FILE, tmp_path)
    assert lived(home) == first
    shutil.copy2(copy, home / DATABASE_FILE)
    assert lived(home) != first


def test_folder_without_its_file_begins_another_life(home: Path) -> None:
    """A backup that left it out; and a folder of a version that knew nothing of it."""
    first = lived(home)
    (home / LIFE_FILE).unlink()
    assert lived(home) != first


def test_place_that_cannot_be_written_is_said(home: Path) -> None:
    (home / LIFE_FILE).mkdir()
    with pytest.raises(StoreError, match=LIFE_FILE):
        lived(home)


def test_row_of_a_newer_version_is_damage(home: Path) -> None:
    with pytest.raises(StoreDamaged, match="newer version"):
        lived(home, left=msgspec.msgpack.encode([2]))
