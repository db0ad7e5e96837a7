"""The asynchronous front of a vault, which `Peer` opens and closes: in a thread, since Argon2id and keyrings block."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..errors import BadSetting, Closed
from .protection import PassphraseSource, choose_protection
from .vault import Vault, open_vault

__all__ = ["Safe"]


class Safe:
    """What one `Peer` keeps, and what guards it."""

    def __init__(
        self,
        data_dir: str | Path | None,
        *,
        passphrase: PassphraseSource,
        keyring: bool,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """Nothing is touched yet. Raises BadSetting."""
        if data_dir is None and (passphrase is not None or keyring):
            raise BadSetting("without data_dir nothing is kept: pass data_dir= beside passphrase= or keyring=")
        self._folder = None if data_dir is None else Path(data_dir)
        self._protection = choose_protection(passphrase, keyring=keyring)
        self._random_bytes = random_bytes
        self._vault: Vault | None = None

    @property
    def vault(self) -> Vault:
        """Raises Closed before it was opened."""
        if self._vault is None:
            raise Closed
        return self._vault

    async def open(self) -> Vault:
        """Raises BadIdentity, BadSetting, WrongPassphrase, StoreBusy, StoreDamaged, StoreError."""
        work = partial(open_vault, self._folder, self._protection, random_bytes=self._random_bytes)
        opening = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            self._vault = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_late)
            raise
        return self._vault

    async def protect(self, *, passphrase: PassphraseSource, keyring: bool) -> None:
        """Seal what is kept in another way, or change nothing. Raises Closed, BadSetting, BadIdentity, StoreError."""
        if self._folder is None:
            raise BadSetting("without data_dir nothing is kept, so there is nothing to protect")
        protection = choose_protection(passphrase, keyring=keyring)
        await asyncio.to_thread(self.vault.protect, protection)
        self._protection = protection

    def close(self) -> None:
        """May be called twice."""
        if self._vault is not None:
            self._vault.close()


def _close_late(opening: asyncio.Future[Vault]) -> None:
    """Whoever waited for it was cancelled; the thread could not be."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
