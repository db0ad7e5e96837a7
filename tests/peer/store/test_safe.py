"""A vault is opened beside the event loop, once, and closed even if nobody waits for it any more."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from peer.errors import BadSetting, Closed, StoreBusy, WrongPassphrase
from peer.store.protection import PassphraseSource
from peer.store.safe import Safe

from ...support.keys import Chance


def safe(folder: Path | None, *, passphrase: PassphraseSource = None) -> Safe:
    return Safe(folder, passphrase=passphrase, keyring=False, random_bytes=Chance("any"))


async def test_safe_is_closed_until_it_is_opened(tmp_path: Path) -> None:
    ours = safe(tmp_path)
    ours.close()
    with pytest.raises(Closed):
        ours.vault.load_people()
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
