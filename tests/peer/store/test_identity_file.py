"""A bot's identity on disk: made once, read by nobody else, never replaced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from peer.crypto.identity import Identity
from peer.errors import BadIdentity
from peer.store.identity_file import load_identity

from ...support.keys import Chance


def load(folder: Path, *, seed: str = "any") -> Identity:
    return load_identity(folder, random_bytes=Chance(seed))


def test_identity_is_made_once_and_kept(tmp_path: Path) -> None:
    """Chance decides the first time only."""
    first = load(tmp_path / "data", seed="first")
    assert load(tmp_path / "data", seed="second").member_id == first.member_id


def test_file_and_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    """Whatever the umask; and nothing but the key is left in the folder."""
    before = os.umask(0)
    try:
        load(tmp_path / "parent" / "data")
    finally:
        os.umask(before)
    folder = tmp_path / "parent" / "data"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [(path.name, path.stat().st_mode & 0o777) for path in folder.iterdir()] == [("identity.key", 0o600)]


def test_two_processes_that_start_at_once_end_up_with_one_identity(tmp_path: Path) -> None:
    """The other one links its key into place between our look and our own link."""
    other: list[Identity] = []

    class Race(Chance):
        def __call__(self, count: int) -> bytes:
            if not other:
                other.append(load(tmp_path, seed="the other"))
            return super().__call__(count)

    ours = load_identity(tmp_path, random_bytes=Race("ours"))
    assert ours.member_id == other[0].member_id
    assert [path.name for path in tmp_path.iterdir()] == ["identity.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """The key may be known by now; the sentence says what to do."""
    load(tmp_path)
    (tmp_path / "identity.key").chmod(mode)
    with pytest.raises(BadIdentity, match="chmod 600"):
        load(tmp_path)


@pytest.mark.parametrize("size", [0, 31, 33, 4096])
def test_file_of_another_size_is_refused_and_left_as_it_is(tmp_path: Path, size: int) -> None:
    """It may be half of a key that somebody wants back."""
    path = tmp_path / "identity.key"
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    with pytest.raises(BadIdentity, match=rf"no identity \({size} bytes, 32 expected\)"):
        load(tmp_path)
    assert path.stat().st_size == size


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """With the system's reason."""
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(BadIdentity, match=r"cannot keep an identity in .*: (File exists|Not a directory)"):
            load(folder)


def test_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    """A backup that is not mounted must not be replaced by somebody new."""
    (tmp_path / "identity.key").symlink_to(tmp_path / "not mounted")
    with pytest.raises(BadIdentity, match="No such file"):
        load(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["identity.key"]


def test_key_that_could_not_be_written_leaves_no_half_of_it(tmp_path: Path) -> None:
    """The next start begins anew."""

    def broken(count: int) -> bytes:
        if count == 32:
            raise OSError(28, "No space left on device")
        return bytes(count)

    with pytest.raises(BadIdentity, match="No space left"):
        load_identity(tmp_path, random_bytes=broken)
    assert list(tmp_path.iterdir()) == []
