"""Passphrases and keyrings give the same key again, or a sentence that says what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring

from peer.errors import BadSetting, StoreError
from peer.store.protection import KeyringProtection, PassphraseProtection, choose_protection, keyring_name

from ...support.keyrings import MemoryKeyring, using_keyring
from ...support.keys import Chance

SALT = bytes(range(16))


@pytest.fixture
def backend() -> Iterator[MemoryKeyring]:
    backend = MemoryKeyring()
    with using_keyring(backend):
        yield backend


def test_passphrase_gives_the_same_key_again() -> None:
    """Whoever asks for it is asked once."""
    asked: list[str] = []

    def ask() -> str:
        asked.append("passphrase?")
        return "correct horse"

    protection = PassphraseProtection(ask)
    made = protection.make_key(SALT, random_bytes=Chance("any"))
    assert protection.find_key(SALT).name(b"x") == made.name(b"x")
    assert protection.find_key(bytes(16)).name(b"x") != made.name(b"x")
    assert asked == ["passphrase?"]
    protection.forget_key(SALT)


def test_empty_passphrase_is_refused() -> None:
    """It guards nothing; a prompt that was closed gives it."""
    for source in ("", lambda: ""):
        with pytest.raises(BadSetting, match="passphrase is empty"):
            PassphraseProtection(source).find_key(SALT)


def test_keyring_gives_the_same_key_again(backend: MemoryKeyring) -> None:
    """A key of chance, under the salt of its file, so that several folders have one each."""
    made = KeyringProtection().make_key(SALT, random_bytes=Chance("any"))
    assert KeyringProtection().find_key(SALT).name(b"x") == made.name(b"x")
    assert backend.entries == {("speaktube", SALT.hex()): Chance("any")(32).hex()}


def test_key_that_is_forgotten_leaves_the_keyring(backend: MemoryKeyring) -> None:
    """One that was not there does no harm."""
    KeyringProtection().make_key(SALT, random_bytes=Chance("any"))
    KeyringProtection().forget_key(SALT)
    KeyringProtection().forget_key(SALT)
    assert backend.entries == {}


@pytest.mark.parametrize("entry", [None, "", "no hexadecimal", "00" * 31])
def test_keyring_without_our_key_says_what_to_do(backend: MemoryKeyring, entry: str | None) -> None:
    """Such as after a new installation of the system."""
    if entry is not None:
        backend.entries["speaktube", SALT.hex()] = entry
    with pytest.raises(StoreError, match=f"no key speaktube/{SALT.hex()}: unlock it, or restore it"):
        KeyringProtection().find_key(SALT)


def test_keyring_that_is_locked_or_missing_says_what_to_do(backend: MemoryKeyring) -> None:
    """Whatever the backend raises."""
    backend.is_locked = True
    with pytest.raises(StoreError, match=r"no key from the keyring \(KeyringLocked\): unlock it"):
        KeyringProtection().make_key(SALT, random_bytes=Chance("any"))
    no_keyring: KeyringBackend = NoKeyring()  # type: ignore[no-untyped-call]
    with using_keyring(no_keyring), pytest.raises(StoreError, match=r"\(NoKeyringError\).*passphrase="):
        KeyringProtection().find_key(SALT)


def test_keyring_that_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(BadSetting, match=r"pip install 'speaktube\[keyring\]'"):
        choose_protection(None, keyring=True)


def test_protection_is_one_of_three(backend: MemoryKeyring) -> None:
    """None is the file's mode."""
    assert choose_protection(None, keyring=False) is None
    assert isinstance(choose_protection("correct horse", keyring=False), PassphraseProtection)
    assert isinstance(choose_protection(None, keyring=True), KeyringProtection)
    with pytest.raises(BadSetting, match="one of both"):
        choose_protection("correct horse", keyring=True)


def test_keyring_has_a_name_or_says_what_to_do(backend: MemoryKeyring) -> None:
    assert keyring_name() == backend.name
    with using_keyring(NoKeyring()), pytest.raises(StoreError, match="use a passphrase"):  # type: ignore[no-untyped-call]
        keyring_name()


def test_keyring_that_is_not_installed_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert keyring_name() is None
