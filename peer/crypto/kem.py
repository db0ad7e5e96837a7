"""ML-KEM-768 (FIPS 203), the half of suite 2 that a quantum computer does not open.

Promised: one error for whatever another peer sends. Not promised: chance from outside for `encapsulate`; the library
draws its own there and takes none, so recorded exchanges are replayed from the other side.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey

from ..errors import MalformedFrame

__all__ = ["CIPHERTEXT_BYTES", "ENCAPSULATION_KEY_BYTES", "decapsulate", "encapsulate", "generate_kem_key"]

ENCAPSULATION_KEY_BYTES = 1184
CIPHERTEXT_BYTES = 1088
_SEED_BYTES = 64  # d ‖ z, FIPS 203, 7.1


def generate_kem_key(random_bytes: Callable[[int], bytes]) -> MLKEM768PrivateKey:
    """A key for one exchange."""
    return MLKEM768PrivateKey.from_seed_bytes(random_bytes(_SEED_BYTES))


def encapsulate(encapsulation_key: bytes) -> tuple[bytes, bytes]:
    """A fresh secret and its ciphertext; raise MalformedFrame for what is no key (FIPS 203, 7.2)."""
    try:
        return MLKEM768PublicKey.from_public_bytes(encapsulation_key).encapsulate()
    except ValueError:
        raise MalformedFrame("not an ML-KEM-768 key") from None


def decapsulate(key: MLKEM768PrivateKey, ciphertext: bytes) -> bytes:
    """The secret; raise MalformedFrame for a wrong length. A forged ciphertext gives a secret that fits nothing."""
    try:
        return key.decapsulate(ciphertext)
    except ValueError:
        raise MalformedFrame("not an ML-KEM-768 ciphertext") from None
