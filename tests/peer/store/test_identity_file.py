"""Who we are, on disk: made once, read by nobody else, sealed when there is a protection, never lost or replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from peer.errors import BadIdentity, BadSetting, StoreError, WrongPassphrase
from peer.store.identity_file import Secrets, guard_of, load_secrets, replace_secrets
from peer.store.protection import KeyringProtection, PassphraseProtection, Protection

from ...support.keyrings import MemoryKeyring, using_keyring
from ...support.keys import Chance


@pytest.fixture(autouse=True)
def backend() -> Iterator[MemoryKeyring]:
    backend = MemoryKeyring()
    with using_keyring(backend):
        yield backend


def load(folder: Path, protection: Protection | None = None, *, seed: str = "any") -> Secrets:
    return load_secrets(folder, protection, random_bytes=Chance(seed))


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_identity_is_made_once_and_kept(tmp_path: Path) -> None:
    """Chance decides the first time only."""
    first = load(tmp_path, seed="first")
    assert load(tmp_path, seed="second") == first
    assert first.identity.member_id == load(tmp_path).identity.member_id


def test_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """Whatever the umask; and nothing but the file is left in the folder."""
    before = os.umask(0)
    try:
        load(tmp_path)
    finally:
        os.umask(before)
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [("identity.key", 0o600)]


def test_file_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    """It held the seed alone; now the key of all else stands beside it."""
    path = tmp_path / "identity.key"
    path.write_bytes(bytes(range(32)))
    path.chmod(0o600)
    secrets = load(tmp_path)
    assert secrets.seed == bytes(range(32))
    assert path.read_bytes() == secrets.seed + secrets.master
    assert load(tmp_path, seed="second") == secrets


def test_file_in_the_clear_is_sealed_once_there_is_a_protection(tmp_path: Path) -> None:
    """The same identity; neither it nor the master key is to be found in the folder after that."""
    secrets = load(tmp_path)
    assert load(tmp_path, KeyringProtection()) == secrets
    content = (tmp_path / "identity.key").read_bytes()
    assert (len(content), content[:6]) == (114, b"SPTK\x01\x02")
    assert secrets.seed not in content
    assert secrets.master not in content
    assert names(tmp_path) == ["identity.key"]


def test_old_file_is_overwritten_unless_it_has_another_name(tmp_path: Path) -> None:
    """What a disk gives back of it is zeros; a backup by a hard link stays one."""
    load(tmp_path)
    path, backup = tmp_path / "identity.key", tmp_path / "backup"
    with path.open("rb") as still_open:
        load(tmp_path, KeyringProtection())
        assert still_open.read() == bytes(114)
    os.link(path, backup)
    sealed = backup.read_bytes()
    replace_secrets(tmp_path, load(tmp_path, KeyringProtection()), old=None, new=None, random_bytes=Chance("x"))
    assert backup.read_bytes() == sealed


@pytest.mark.parametrize("protection", [None, KeyringProtection])
def test_nothing_is_lost_when_the_power_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protection: type[KeyringProtection] | None
) -> None:
    """Before the new file is in its place, the old one is there; what was half done is cleared away."""
    secrets = load(tmp_path)

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        patch.setattr(Path, "unlink", fail)  # the process is gone, so it clears nothing away
        with pytest.raises(KeyboardInterrupt):
            load(tmp_path, KeyringProtection())
    assert len(names(tmp_path)) == 2
    (tmp_path / "identity.key-backup").touch()
    assert load(tmp_path, protection() if protection else None) == secrets
    assert sorted(names(tmp_path)) == ["identity.key", "identity.key-backup"]


def test_protection_can_be_changed_and_taken_away(tmp_path: Path, backend: MemoryKeyring) -> None:
    """The same identity throughout; the old protection keeps nothing."""
    secrets = load(tmp_path, KeyringProtection())
    passphrase = PassphraseProtection("correct horse")
    replace_secrets(tmp_path, secrets, old=KeyringProtection(), new=passphrase, random_bytes=Chance("second"))
    assert backend.entries == {}
    assert load(tmp_path, passphrase) == secrets
    replace_secrets(tmp_path, secrets, old=passphrase, new=None, random_bytes=Chance("third"))
    assert load(tmp_path) == secrets


def test_wrong_passphrase_is_refused(tmp_path: Path) -> None:
    """And the file stays as it is."""
    load(tmp_path, PassphraseProtection("correct horse"))
    content = (tmp_path / "identity.key").read_bytes()
    with pytest.raises(WrongPassphrase, match="type it again"):
        load(tmp_path, PassphraseProtection("battery staple"))
    assert (tmp_path / "identity.key").read_bytes() == content


@pytest.mark.parametrize("position", [4, 6, 21, 22, 34, 113])
def test_altered_file_is_refused(tmp_path: Path, position: int) -> None:
    """Any byte: the version, the salt, the nonce, the secrets."""
    load(tmp_path, KeyringProtection())
    path = tmp_path / "identity.key"
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    with pytest.raises((WrongPassphrase, StoreError, BadIdentity)):
        load(tmp_path, KeyringProtection())


@pytest.mark.parametrize(
    ("kind", "error", "sentence"),
    [
        (1, BadSetting, "sealed by a passphrase: pass passphrase="),
        (2, BadSetting, "sealed by this system's keyring: pass keyring=True"),
        (3, StoreError, "this version does not know: update"),
    ],
)
def test_file_under_another_protection_says_which(
    tmp_path: Path, kind: int, error: type[Exception], sentence: str
) -> None:
    """Also where none was passed."""
    path = tmp_path / "identity.key"
    path.write_bytes(b"SPTK\x01" + bytes([kind]) + bytes(108))
    path.chmod(0o600)
    other: Protection = PassphraseProtection("x") if kind == 2 else KeyringProtection()
    for protection in (None, other):
        with pytest.raises(error, match=sentence):
            load(tmp_path, protection)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """The key may be known by now; the sentence says what to do."""
    load(tmp_path)
    (tmp_path / "identity.key").chmod(mode)
    with pytest.raises(BadIdentity, match="chmod 600"):
        load(tmp_path)


@pytest.mark.parametrize("size", [0, 31, 33, 63, 65, 113, 114, 115, 4096])
def test_file_of_another_size_is_refused_and_left_as_it_is(tmp_path: Path, size: int) -> None:
    """It may be half of a key that somebody wants back."""
    path = tmp_path / "identity.key"
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    for protection in (None, KeyringProtection()):
        with pytest.raises(BadIdentity, match=rf"no identity \({size} bytes, 32, 64 or 114 expected\)"):
            load(tmp_path, protection)
    assert path.stat().st_size == size


def test_link_to_another_disk_stays_one(tmp_path: Path) -> None:
    """And one to nowhere is refused: a backup that is not mounted must not be replaced by somebody new."""
    link, disk = tmp_path / "identity.key", tmp_path / "disk"
    link.symlink_to(disk / "key")
    with pytest.raises(BadIdentity, match="No such file"):
        load(tmp_path)
    assert names(tmp_path) == ["identity.key"]
    disk.mkdir()
    (disk / "key").write_bytes(bytes(range(32)))
    (disk / "key").chmod(0o600)
    assert load(tmp_path, KeyringProtection()).seed == bytes(range(32))
    assert link.is_symlink()
    assert (disk / "key").stat().st_size == 114


def test_key_that_could_not_be_written_leaves_no_half_of_it(tmp_path: Path) -> None:
    """The next start begins anew."""

    def broken(count: int) -> bytes:
        if count == 8:
            raise OSError(28, "No space left on device")
        return bytes(count)

    with pytest.raises(BadIdentity, match="No space left"):
        load_secrets(tmp_path, None, random_bytes=broken)
    secrets = load(tmp_path)
    with pytest.raises(BadIdentity, match="No space left"):
        replace_secrets(tmp_path, secrets, old=None, new=None, random_bytes=broken)
    assert load(tmp_path) == secrets
    assert names(tmp_path) == ["identity.key"]


def test_secrets_are_not_printed(tmp_path: Path) -> None:
    secrets = load(tmp_path)
    assert secrets.seed.hex() not in repr(secrets)
    assert repr(secrets.seed) not in repr(secrets)


def test_guard_is_told_without_opening(tmp_path: Path, backend: MemoryKeyring) -> None:
    """So that a person is asked for a passphrase only where one is needed."""
    guards = []
    for name, protection in (("a", None), ("b", PassphraseProtection("x")), ("c", KeyringProtection())):
        folder = tmp_path / name
        folder.mkdir()
        load_secrets(folder, protection, random_bytes=Chance("any"))
        guards.append(guard_of(folder))
    assert guards == ["file", "passphrase", "keyring"]
    assert guard_of(tmp_path) is None
