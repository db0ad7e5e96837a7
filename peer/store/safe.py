"""The asynchronous front of a vault, which `Peer` opens and closes: in a thread, since Argon2id and keyrings block.

The people we know are written down a second after something changed, all changes of that second at once, and when the
peer ends; what the user decides is written down at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec

from ..core.people import People
from ..core.suites import Suites
from ..errors import BadSetting, Closed, MalformedFrame, StoreDamaged, StoreError
from ..ids import MemberId
from .database import DATABASE_FILE
from .protection import PassphraseSource, choose_protection
from .vault import Vault, open_vault

__all__ = ["Safe"]

_log = logging.getLogger("peer")

_LAZY_S = 1.0
_PEOPLE, _SUITES = b"people", b"suites"


class Safe:
    """What one `Peer` keeps, and what guards it."""

    def __init__(
        self,
        data_dir: str | Path | None,
        *,
        passphrase: PassphraseSource,
        keyring: bool,
        max_people: int,
        suites: Suites,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """Nothing is touched yet. `suites` knows nobody yet. Raises BadSetting."""
        if data_dir is None and (passphrase is not None or keyring):
            raise BadSetting("without data_dir nothing is kept: pass data_dir= beside passphrase= or keyring=")
        self._folder = None if data_dir is None else Path(data_dir)
        self._protection = choose_protection(passphrase, keyring=keyring)
        self._random_bytes = random_bytes
        self._max_people = max_people
        self._vault: Vault | None = None
        self._people: People | None = None
        self.suites = suites
        """Those of the identities that we met; after `open` also in earlier runs."""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def vault(self) -> Vault:
        """Raises Closed before it was opened."""
        if self._vault is None:
            raise Closed
        return self._vault

    @property
    def people(self) -> People:
        """Raises Closed before it was opened."""
        if self._people is None:
            raise Closed
        return self._people

    async def open(self) -> Vault:
        """Raises BadIdentity, BadSetting, WrongPassphrase, StoreBusy, StoreDamaged, StoreError."""
        work = partial(open_vault, self._folder, self._protection, random_bytes=self._random_bytes)
        opening = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            vault = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_close_late)
            raise
        self._recall(vault)
        self._vault = vault
        return vault

    async def protect(self, *, passphrase: PassphraseSource, keyring: bool) -> None:
        """Seal what is kept in another way, or change nothing. Raises Closed, BadSetting, BadIdentity, StoreError."""
        if self._folder is None:
            raise BadSetting("without data_dir nothing is kept, so there is nothing to protect")
        protection = choose_protection(passphrase, keyring=keyring)
        await asyncio.to_thread(self.vault.protect, protection)
        self._protection = protection

    def save(self) -> None:
        """At once. Raises Closed, StoreError."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        suites = msgspec.msgpack.encode(dict(self.suites.best_known))
        self.vault.save({_PEOPLE: self.people.encode(), _SUITES: suites})

    def close(self) -> None:
        """May be called twice."""
        if self._timer is not None:
            self._timer.cancel()
            self._save_late()
        if self._vault is not None:
            self._vault.close()

    def _recall(self, vault: Vault) -> None:
        try:
            known = msgspec.msgpack.decode(vault.load(_SUITES) or b"\x80", type=dict[MemberId, int])
            self._people = People(limit=self._max_people, encoded=vault.load(_PEOPLE))
        except (MalformedFrame, msgspec.MsgspecError):
            vault.close()
            raise StoreDamaged(str(self._folder), f"{DATABASE_FILE} holds people of a newer version") from None
        self._people.on_change = self._save_soon
        self.suites = replace(self.suites, known=known, on_change=self._save_soon)

    def _save_soon(self) -> None:
        if self._timer is None and self._folder is not None:
            self._timer = asyncio.get_running_loop().call_later(_LAZY_S, self._save_late)

    def _save_late(self) -> None:
        self._timer = None
        try:
            self.save()
        except StoreError as error:
            _log.warning("! known people are not kept: %s", error)


def _close_late(opening: asyncio.Future[Vault]) -> None:
    """Whoever waited for it was cancelled; the thread could not be."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
