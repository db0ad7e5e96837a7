"""Every label that keeps one use of a key apart from all others, and the two ways a label is bound to its use.

docs/protocol.md, part 2. Each constant is used in one place; labels of what is signed or hashed outside `crypto` stand
there, those of lasting keys in `keys`.
Promised: no two derivations from one key share a label. Not promised: secrecy of anything here.
"""

from __future__ import annotations

from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = [
    "AUTH", "AUTH_SIGNATURE", "CHANNEL", "EVENT_HASH", "EVENT_SIGNATURE", "JOIN_SIGNATURE", "LINK_PROLOGUE",
    "REKEY_EXPORT", "REKEY_PROLOGUE", "derive_key", "hash_labelled", "labelled",
]  # fmt: skip

# hashed: label ‖ 00 ‖ data
EVENT_HASH = b"speaktube v1 event id"

# from a session, by HKDF
AUTH = b"speaktube v1 auth %b"
"""%b: i2r, from who offered to who answered, or r2i."""
CHANNEL = b"speaktube v1 %b %b"
"""The channel's label, which is never `auth`, and the direction."""
REKEY_EXPORT = b"speaktube v1 rekey"

# signed: label ‖ 00 ‖ data
AUTH_SIGNATURE = b"speaktube v1 auth"
EVENT_SIGNATURE = b"speaktube v1 event"
JOIN_SIGNATURE = b"speaktube v1 join"

# heads of length-prefixed lists that are authenticated
LINK_PROLOGUE = b"speaktube link v1"
REKEY_PROLOGUE = b"speaktube rekey v1"


def labelled(label: bytes, data: bytes) -> bytes:
    """label ‖ 00 ‖ data; labels hold no zero byte, so the border cannot move."""
    assert b"\0" not in label
    return label + b"\0" + data


def hash_labelled(label: bytes, data: bytes) -> bytes:
    """SHA-256(label ‖ 00 ‖ data)."""
    return sha256(labelled(label, data)).digest()


def derive_key(label: bytes, *, material: bytes, salt: bytes, length: int = 32) -> bytes:
    """HKDF-SHA256 (RFC 5869) with the label as `info`."""
    return HKDF(SHA256(), length, salt=salt, info=label).derive(material)
