"""A vault is opened beside the event loop, once, and closed even if nobody waits for it any more."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from peer.core.people import People
from peer.core.suites import Suites
from peer.errors import BadSetting, Closed, StoreBusy, StoreDamaged, StoreError, WrongPassphrase
from peer.store.protection import PassphraseSource
from peer.store.safe import Safe

from ...support.keys import Chance, identity


def safe(folder: Path | None, *, passphrase: PassphraseSource = None) -> Safe:
    return Safe(
        folder, passphrase=passphrase, keyring=False, max_people=100, suites=Suites(), random_bytes=Chance("any")
    )


async def test_safe_is_closed_until_it_is_opened(tmp_path: Path) -> None:
    ours = safe(tmp_path)
    ours.close()
    with pytest.raises(Closed):
        ours.vault.load(b"people")
    assert await ours.open() is ours.vault
    ours.close()


async def test_loop_goes_on_while_somebody_types_the_passphrase(tmp_path: Path) -> None:
    """The function that asks runs in a thread."""
    is_typed = threading.Event()

    def ask() -> str:
        assert is_typed.wait(10), "the loop stood still"
        return "correct horse"

    asyncio.get_running_loop().call_soon(is_typed.set)
    ours = safe(tmp_path, passphrase=ask)
    await ours.open()
    ours.close()
    with pytest.raises(WrongPassphrase):
        await safe(tmp_path, passphrase="battery staple").open()


async def test_vault_that_nobody_waits_for_is_closed(tmp_path: Path) -> None:
    """Ctrl-C at the prompt: the folder is free for the next try."""
    is_typed = threading.Event()

    def ask() -> str:
        assert is_typed.wait(10)
        return "correct horse"

    opening = asyncio.create_task(safe(tmp_path, passphrase=ask).open())
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    is_typed.set()
    ours = safe(tmp_path, passphrase="correct horse")
    for _ in range(1000):
        try:
            await ours.open()
        except StoreBusy:
            await asyncio.sleep(0.005)
        else:
            break
    ours.close()


async def test_protection_needs_a_folder(tmp_path: Path) -> None:
    """What is not kept is not guarded."""
    with pytest.raises(BadSetting, match="pass data_dir="):
        safe(None, passphrase="correct horse")
    ours = safe(None)
    await ours.open()
    with pytest.raises(BadSetting, match="nothing to protect"):
        await ours.protect(passphrase="correct horse", keyring=False)
    with pytest.raises(Closed):
        await safe(tmp_path).protect(passphrase=None, keyring=False)


ANN = identity("ann").member_id


async def found_in(folder: Path) -> tuple[People, Suites]:
    """What another run finds there."""
    ours = safe(folder)
    await ours.open()
    ours.close()
    return ours.people, ours.suites


async def test_people_are_kept_at_the_end_and_at_once_where_we_decide(tmp_path: Path) -> None:
    """Before it was opened there are none."""
    ours = safe(tmp_path)
    with pytest.raises(Closed):
        ours.people.encode()
    await ours.open()
    ours.suites.note(ANN, 2)
    ours.close()
    assert (await found_in(tmp_path))[1].best(ANN) == 2
    ours = safe(tmp_path)
    await ours.open()
    ours.people.verify(ANN, "ann")
    ours.save()
    ours.vault.close()  # and then the power fails
    assert (await found_in(tmp_path))[0].is_verified(ANN)


async def test_changes_of_one_second_are_written_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A room of fifty is met with one flush of the disk."""
    monkeypatch.setattr("peer.store.safe._LAZY_S", 0.0)
    ours = safe(tmp_path)
    vault = await ours.open()
    before = vault.load(b"people")
    for number in range(50):
        ours.people.verify(identity(f"{number}").member_id, "guest")
    assert vault.load(b"people") == before
    await asyncio.sleep(0.01)
    assert vault.load(b"people") == ours.people.encode() != before
    ours.close()


async def test_people_that_cannot_be_kept_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A full disk must not end a talk; what the user decides says so."""
    ours = safe(tmp_path)
    vault = await ours.open()
    ours.suites.note(ANN, 2)
    vault.close()
    ours.close()
    assert "known people are not kept" in caplog.text
    with pytest.raises(StoreError):
        ours.save()


async def test_people_of_a_newer_version_are_left_alone(tmp_path: Path) -> None:
    """And the folder is free again."""
    ours = safe(tmp_path)
    (await ours.open()).save({b"people": b"\x92\x02\x90"})
    ours.close()
    for _ in range(2):
        with pytest.raises(StoreDamaged, match="newer version"):
            await safe(tmp_path).open()
