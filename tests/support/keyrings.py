"""A keyring of this system, in memory, behind keyring's own interface for backends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

__all__ = ["MemoryKeyring", "using_keyring"]


class MemoryKeyring(KeyringBackend):
    """Holds what it is given until it is locked."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._check_open()
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check_open()
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError("no such entry")

    def _check_open(self) -> None:
        if self.is_locked:
            raise KeyringLocked("the user said no")


@contextmanager
def using_keyring(backend: KeyringBackend) -> Iterator[None]:
    """This is the system's keyring for now."""
    before = keyring.get_keyring()
    keyring.set_keyring(backend)
    try:
        yield
    finally:
        keyring.set_keyring(before)
