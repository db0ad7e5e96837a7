"""What is sealed on this machine opens under its key, in its place, and not otherwise."""

from __future__ import annotations

import hmac
from unicodedata import normalize

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import given
from hypothesis import strategies as st

from peer.errors import BadCiphertext
from peer.keys.at_rest import RestKey, derive_passphrase_key

from ..crypto.link_pair import Chance
from ..crypto.raw_side import hkdf

KEY = bytes(range(32))
NAME = b"name of a row"
SEALED = RestKey(KEY).seal(b"ahoy", name=NAME, random_bytes=Chance(b"row"))


@given(st.binary(max_size=2000), st.binary(max_size=64))
def test_row_comes_back(plaintext: bytes, name: bytes) -> None:
    sealed = RestKey(KEY).seal(plaintext, name=name, random_bytes=Chance(b"row"))
    assert RestKey(KEY).open(sealed, name=name) == plaintext


def test_row_is_the_one_of_the_protocol() -> None:
    """A nonce of chance, then AES-256-GCM under a key of its own, with the row's name as associated data."""
    key = hkdf(b"speaktube v1 rest seal", material=KEY, salt=bytes(32))
    assert SEALED[:12] == Chance(b"row")(12)
    assert AESGCM(key).decrypt(SEALED[:12], SEALED[12:], NAME) == b"ahoy"


def test_name_tells_nothing_and_is_found_again() -> None:
    """HMAC under a key that seals nothing."""
    key = hkdf(b"speaktube v1 rest names", material=KEY, salt=bytes(32))
    assert RestKey(KEY).name(b"room") == hmac.digest(key, b"room", "sha256")
    assert RestKey(bytes(32)).name(b"room") != RestKey(KEY).name(b"room")


@pytest.mark.parametrize("position", range(len(SEALED)))
def test_changed_row_does_not_open(position: int) -> None:
    changed = bytearray(SEALED)
    changed[position] ^= 1
    with pytest.raises(BadCiphertext):
        RestKey(KEY).open(bytes(changed), name=NAME)


@pytest.mark.parametrize("length", [0, 1, 7, 11, 12, 27, len(SEALED) - 1])
def test_row_cut_short_does_not_open(length: int) -> None:
    with pytest.raises(BadCiphertext):
        RestKey(KEY).open(SEALED[:length], name=NAME)


def test_row_in_the_place_of_another_does_not_open() -> None:
    """Nor under another key."""
    with pytest.raises(BadCiphertext):
        RestKey(KEY).open(SEALED, name=b"another row")
    with pytest.raises(BadCiphertext):
        RestKey(bytes(32)).open(SEALED, name=NAME)


def test_passphrase_is_stretched_by_argon2id() -> None:
    """64 MiB, three times, four lanes; the key that comes of it opens what it sealed."""
    salt = bytes(range(16))
    key = Argon2id(salt=salt, length=32, iterations=3, lanes=4, memory_cost=65536).derive(b"correct horse")
    sealed = derive_passphrase_key("correct horse", salt=salt).seal(b"seed", name=NAME, random_bytes=Chance(b"row"))
    assert RestKey(key).open(sealed, name=NAME) == b"seed"


def test_passphrase_is_the_same_on_every_keyboard() -> None:
    """An umlaut may come as one character or as two."""
    one, two = (normalize(form, "Möwe") for form in ("NFC", "NFD"))
    assert one != two
    salt = bytes(16)
    assert derive_passphrase_key(one, salt=salt).name(b"x") == derive_passphrase_key(two, salt=salt).name(b"x")


def test_key_is_not_printed() -> None:
    assert KEY.hex() not in repr(RestKey(KEY)) + str(vars(RestKey(KEY)))
