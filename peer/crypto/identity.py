"""Identities: one Ed25519 key for each person, device or bot, and the proof that its holder said something.

E2EE.md "Keys". A signature always covers label ‖ 00 ‖ data, so that one made for one purpose fits no other.
Promised: keys of small order, for which almost any signature would hold, are refused before a signature is looked at;
verification is `cryptography`'s, which agrees with browsers' WebCrypto on the adversarial cases. Not promised: that a
key belongs to a certain human (people compare it by other means), and protection of the seed at rest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ..encoding import member_id_of, public_key_of
from ..errors import BadIdentity
from ..ids import short
from .labels import labelled

__all__ = [
    "IDENTITY_KEY_BYTES", "SIGNATURE_BYTES", "SMALL_ORDER_KEYS", "Identity", "check_identity_key", "member_id_of",
    "public_key_of", "verify",
]  # fmt: skip

IDENTITY_KEY_BYTES, SIGNATURE_BYTES, SEED_BYTES = 32, 64, 32

# The eight points of order 1, 2, 4 and 8 on edwards25519 in all 14 encodings that decoders accept, after
# "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko 2020). The tests derive the set again from the curve.
_SMALL_ORDER_Y = (
    "0000000000000000000000000000000000000000000000000000000000000000",  # y = 0, order 4
    "0100000000000000000000000000000000000000000000000000000000000000",  # y = 1, the neutral element
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",  # order 8
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",  # order 8
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # y = p - 1, order 2
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # y = p, which is 0 not reduced
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",  # y = p + 1, which is 1 not reduced
)
SMALL_ORDER_KEYS = frozenset(
    encoding
    for y in map(bytes.fromhex, _SMALL_ORDER_Y)
    for encoding in (y, y[:-1] + bytes([y[-1] | 0x80]))  # x and -x differ in the last bit
)


class Identity:
    """Our own long-term key pair; signs nothing but labelled data."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self.public_key: Final = private_key.public_key().public_bytes_raw()
        self.member_id: Final = member_id_of(self.public_key)

    @classmethod
    def generate(cls, random_bytes: Callable[[int], bytes]) -> Identity:
        """A new identity from 32 bytes of chance."""
        return cls.from_seed(random_bytes(SEED_BYTES))

    @classmethod
    def from_seed(cls, seed: bytes) -> Identity:
        """The identity of a seed (RFC 8032, 5.1.5) that `export_seed` gave; raise BadIdentity for a wrong length."""
        if len(seed) != SEED_BYTES:
            raise BadIdentity(f"an identity seed has {SEED_BYTES} bytes, this one has {len(seed)}")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def export_seed(self) -> bytes:
        """The secret itself, for storage; the caller guards it."""
        return self._private_key.private_bytes_raw()

    def sign(self, label: bytes, data: bytes) -> bytes:
        """64 bytes of signature over label ‖ 00 ‖ data."""
        return self._private_key.sign(labelled(label, data))

    def __repr__(self) -> str:
        return f"Identity({short(self.member_id)})"


def verify(public_key: bytes, label: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the holder of an acceptable `public_key` signed label ‖ 00 ‖ data."""
    try:
        check_identity_key(public_key)
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, labelled(label, data))
    except (BadIdentity, InvalidSignature, ValueError):
        return False
    return True


def check_identity_key(public_key: bytes) -> None:
    """Raise BadIdentity for a key of the wrong length or of small order; call it when an identity is first seen."""
    if len(public_key) != IDENTITY_KEY_BYTES:
        raise BadIdentity(f"an identity key has {IDENTITY_KEY_BYTES} bytes, this one has {len(public_key)}")
    if public_key in SMALL_ORDER_KEYS:
        raise BadIdentity("an identity key of small order proves nothing")
