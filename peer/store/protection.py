"""What guards the keys of a folder: a passphrase, the operating system's keyring, or nothing but the file's mode.

Each gives the key that seals `identity.key`. All of this blocks (Argon2id takes some tenths of a second, a keyring may
ask a person), so it is called in a thread. `keyring` is imported late: it is an extra, and costs time to load.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol, TypeAlias

from ..errors import BadSetting, StoreError
from ..keys.at_rest import REST_KEY_BYTES, RestKey, derive_passphrase_key

__all__ = [
    "KeyringProtection",
    "PassphraseProtection",
    "PassphraseSource",
    "Protection",
    "choose_protection",
    "keyring_name",
]

PassphraseSource: TypeAlias = str | Callable[[], str] | None
"""The passphrase, or what asks for it: called in a thread, so it may wait for a person, as `getpass.getpass` does."""

_SERVICE = "speaktube"


class Protection(Protocol):
    """One way to guard the keys of a folder."""

    kind: ClassVar[int]
    """Its number in the file."""

    def make_key(self, salt: bytes, *, random_bytes: Callable[[int], bytes]) -> RestKey:
        """The key for a file that is written now, under a new salt. Raises BadSetting, StoreError."""

    def find_key(self, salt: bytes) -> RestKey:
        """The key for a file that was written with this salt. Raises BadSetting, StoreError."""

    def forget_key(self, salt: bytes) -> None:
        """The file of this salt is no more; never raises."""


class PassphraseProtection:
    """Argon2id; who steals the disk has to guess the passphrase."""

    kind: ClassVar[int] = 1

    def __init__(self, source: str | Callable[[], str]) -> None:
        self._source = source

    def make_key(self, salt: bytes, *, random_bytes: Callable[[int], bytes]) -> RestKey:  # noqa: ARG002 - the salt does
        return self.find_key(salt)

    def find_key(self, salt: bytes) -> RestKey:
        """Asks for the passphrase once, where it was given as a function."""
        if not isinstance(self._source, str):
            self._source = self._source()
        if not self._source:
            raise BadSetting("the passphrase is empty: give one that nobody guesses, such as five random words")
        return derive_passphrase_key(self._source, salt=salt)

    def forget_key(self, salt: bytes) -> None:
        """Nothing is kept of it."""


class KeyringProtection:
    """A random key in the operating system's keyring, which opens with the login."""

    kind: ClassVar[int] = 2

    def __init__(self) -> None:
        try:
            import keyring
        except ImportError:
            raise BadSetting("keyring=True needs the package keyring: pip install 'speaktube[keyring]'") from None
        self._keyring: Any = keyring

    def make_key(self, salt: bytes, *, random_bytes: Callable[[int], bytes]) -> RestKey:
        key = random_bytes(REST_KEY_BYTES)
        self._ask(self._keyring.set_password, _SERVICE, salt.hex(), key.hex())
        return self.find_key(salt)  # a keyring that loses what it is given is found out before anything is sealed

    def find_key(self, salt: bytes) -> RestKey:
        text = self._ask(self._keyring.get_password, _SERVICE, salt.hex())
        try:
            key = bytes.fromhex(text or "")
        except ValueError:
            key = b""
        if len(key) != REST_KEY_BYTES:
            raise StoreError(
                f"the keyring has no key {_SERVICE}/{salt.hex()}: unlock it, or restore it from the backup "
                "that this folder comes from"
            )
        return RestKey(key)

    def forget_key(self, salt: bytes) -> None:
        try:
            self._ask(self._keyring.delete_password, _SERVICE, salt.hex())
        except StoreError:
            return  # an entry that opens nothing any more does no harm

    def _ask(self, call: Callable[..., Any], *arguments: str) -> Any:
        try:
            return call(*arguments)
        except Exception as error:  # whatever a backend raises: keyring's own errors are not all it lets through
            raise StoreError(
                f"no key from the keyring ({type(error).__name__}): unlock it, or protect this folder by passphrase="
            ) from error


def choose_protection(passphrase: PassphraseSource, *, keyring: bool) -> Protection | None:
    """None for the 0600 file; raise BadSetting for both at once, or for a keyring that is not installed."""
    if passphrase is not None and keyring:
        raise BadSetting("what is kept is guarded by a passphrase or by the keyring: pass one of both")
    if keyring:
        return KeyringProtection()
    return None if passphrase is None else PassphraseProtection(passphrase)


def keyring_name() -> str | None:
    """The keyring that would be used; None without the package. Raises StoreError where there is none to use."""
    try:
        import keyring
    except ImportError:
        return None
    backend = keyring.get_keyring()
    if backend.priority <= 0:
        raise StoreError("this system has no keyring that works: log in where there is one, or use a passphrase")
    return str(backend.name)
