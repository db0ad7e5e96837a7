"""Identity, rooms and people of a folder are opened together, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from peer.errors import BadIdentity, BadSetting, StoreBusy, StoreDamaged
from peer.ids import RoomId
from peer.ports import RoomRecord
from peer.store.protection import KeyringProtection, Protection
from peer.store.vault import Vault, open_vault

from ...support.keyrings import MemoryKeyring, using_keyring
from ...support.keys import Chance
from ...support.said import said

ROOM, RECORD = RoomId(bytes(32)), RoomRecord(secret=bytes(16), title="Deck")


@pytest.fixture(autouse=True)
def backend() -> Iterator[MemoryKeyring]:
    backend = MemoryKeyring()
    with using_keyring(backend):
        yield backend


def opened(folder: Path | None, protection: Protection | None = None, *, seed: str = "any") -> Vault:
    return open_vault(folder, protection, random_bytes=Chance(seed))


async def test_all_is_there_after_a_restart(tmp_path: Path) -> None:
    """In a folder that is for its owner only; what still waits to be written is written at the end."""
    folder = tmp_path / "parent" / "data"
    first = opened(folder)
    first.messages.commit(ROOM, said(1, "ahoy"), on_done=lambda _: None)
    assert (first.is_lasting, first.load(b"people"), first.rooms.load(ROOM)) == (True, b"", None)
    first.save({b"people": b"people", b"suites": b"suites"})
    first.rooms.save(ROOM, RECORD)
    first.close()
    first.close()
    second = opened(folder, seed="second")
    assert (second.identity.member_id, second.load(b"people")) == (first.identity.member_id, b"people")
    assert second.rooms.load(ROOM) == RECORD
    assert [each.text for each in await second.messages.page(ROOM)] == ["ahoy"]
    second.close()
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_vault_without_a_folder_keeps_nothing() -> None:
    """But works as others do."""
    vault = opened(None)
    vault.messages.commit(ROOM, said(1, "ahoy"), on_done=lambda _: None)
    assert [each.text for each in await vault.messages.page(ROOM)] == ["ahoy"]
    vault.rooms.save(ROOM, RECORD)
    vault.save({b"people": b"people", b"suites": b"suites"})
    vault.protect(None)
    assert (vault.is_lasting, vault.rooms.load(ROOM), vault.load(b"people")) == (False, RECORD, b"")
    vault.close()


def test_change_of_protection_touches_no_row(tmp_path: Path) -> None:
    """All is sealed under the master key, which alone is sealed anew; so a crash cannot tear them apart."""
    vault = opened(tmp_path, KeyringProtection())
    vault.rooms.save(ROOM, RECORD)
    vault.protect(None)
    vault.rooms.save(ROOM, RECORD)
    vault.protect(KeyringProtection())
    vault.close()
    vault = opened(tmp_path, KeyringProtection())
    assert vault.rooms.load(ROOM) == RECORD
    vault.close()


def test_folder_is_free_again_when_it_could_not_be_opened(tmp_path: Path) -> None:
    """Or a second try with the right passphrase would be refused."""
    opened(tmp_path, KeyringProtection()).close()
    with pytest.raises(BadSetting, match="keyring=True"):
        opened(tmp_path)
    vault = opened(tmp_path, KeyringProtection())
    with pytest.raises(StoreBusy):
        opened(tmp_path, KeyringProtection())
    vault.close()


def test_rooms_of_another_identity_are_found_out(tmp_path: Path) -> None:
    """Somebody restored one of both files only."""
    opened(tmp_path, seed="first").close()
    (tmp_path / "identity.key").unlink()
    with pytest.raises(StoreDamaged, match="belongs to another identity"):
        opened(tmp_path, seed="second")


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """With the system's reason."""
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(BadIdentity, match=r"cannot keep an identity in .*: (File exists|Not a directory)"):
            opened(folder)
