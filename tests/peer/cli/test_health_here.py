"""What doctor sees on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from keyring.backends.fail import Keyring as NoKeyring

from peer.cli.health_here import check_folder, check_keyring, check_link, check_versions
from peer.store.identity_file import load_secrets
from peer.store.protection import PassphraseProtection

from ...support.keyrings import MemoryKeyring, using_keyring
from ...support.keys import Chance


def test_versions_are_told() -> None:
    found = check_versions()
    assert found.mark == "good"
    assert "aiortc 1." in found.text


def test_folder_is_for_its_owner(tmp_path: Path) -> None:
    """Whatever is wrong comes with the command that mends it."""
    folder = tmp_path / "ann"
    assert check_folder(None).mark == "good"
    assert "will be made" in check_folder(folder / "below").text
    folder.mkdir(mode=0o700)
    assert "no identity yet" in check_folder(folder).text
    load_secrets(folder, None, random_bytes=Chance("any"))
    assert "for you alone" in check_folder(folder).text
    load_secrets(folder, PassphraseProtection("x"), random_bytes=Chance("any"))
    assert "sealed by a passphrase" in check_folder(folder).text
    folder.chmod(0o755)
    assert (check_folder(folder).mark, "chmod 700" in check_folder(folder).advice) == ("doubtful", True)
    (folder / "identity.key").chmod(0o644)
    assert (check_folder(folder).mark, "chmod 600" in check_folder(folder).advice) == ("bad", True)


def test_keyring_is_missed_only_where_it_seals() -> None:
    with using_keyring(MemoryKeyring()):
        assert check_keyring(is_needed=True).mark == "good"
    with using_keyring(NoKeyring()):  # type: ignore[no-untyped-call]
        assert check_keyring(is_needed=False).mark == "good"
        assert check_keyring(is_needed=True).mark == "bad"


@pytest.mark.rtc
async def test_link_to_ourselves_opens() -> None:
    assert (await check_link()).mark == "good"
