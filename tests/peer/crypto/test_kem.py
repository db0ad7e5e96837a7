"""ML-KEM-768: the sizes of FIPS 203, and one error for whatever another peer sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.crypto.kem import (
    CIPHERTEXT_BYTES,
    ENCAPSULATION_KEY_BYTES,
    decapsulate,
    encapsulate,
    generate_kem_key,
)
from peer.errors import MalformedFrame

from ...support.fuzz import fuzz
from .link_pair import Chance

KEY = generate_kem_key(Chance(b"kem"))
PUBLIC = KEY.public_key().public_bytes_raw()


def test_secret_of_both_sides_is_the_same_and_fresh() -> None:
    secret, ciphertext = encapsulate(PUBLIC)
    assert (len(PUBLIC), len(ciphertext), len(secret)) == (ENCAPSULATION_KEY_BYTES, CIPHERTEXT_BYTES, 32)
    assert decapsulate(KEY, ciphertext) == secret
    assert encapsulate(PUBLIC)[0] != secret


def test_key_follows_from_chance() -> None:
    again = generate_kem_key(Chance(b"kem"))
    assert again.public_key().public_bytes_raw() == PUBLIC
    assert generate_kem_key(Chance(b"other")).public_key().public_bytes_raw() != PUBLIC


@pytest.mark.parametrize("length", [0, CIPHERTEXT_BYTES - 1, CIPHERTEXT_BYTES + 1])
def test_ciphertext_of_another_length_is_malformed(length: int) -> None:
    with pytest.raises(MalformedFrame):
        decapsulate(KEY, bytes(length))


@fuzz
@given(st.binary(max_size=ENCAPSULATION_KEY_BYTES + 1))
def test_any_bytes_are_a_key_or_malformed(data: bytes) -> None:
    for key in (data, data.ljust(ENCAPSULATION_KEY_BYTES, b"\0")):
        try:
            encapsulate(key)
        except MalformedFrame:
            continue
        assert len(key) == ENCAPSULATION_KEY_BYTES


@fuzz
@given(st.binary(max_size=CIPHERTEXT_BYTES))
def test_any_ciphertext_gives_a_secret_that_nobody_else_knows(data: bytes) -> None:
    """FIPS 203, 6.3: implicit rejection."""
    genuine, _ = encapsulate(PUBLIC)
    assert decapsulate(KEY, data.ljust(CIPHERTEXT_BYTES, b"\0")) != genuine
