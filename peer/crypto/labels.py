"""Every label that keeps one use of a key apart from all others, and the two ways a label is bound to its use.

docs/protocol.md, part 2. Each constant is used in one place; labels of what is signed or hashed outside `crypto` stand
there. Two may hold the same text where their uses cannot meet (an HKDF `info` and the head of associated data).
Promised: no two derivations from one key share a label. Not promised: secrecy of anything here.
"""

from __future__ import annotations

from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

__all__ = [
    "AUTH",
    "AUTH_SIGNATURE",
    "CHANNEL",
    "EVENT_HASH",
    "EVENT_SIGNATURE",
    "GATE_KEY",
    "INVITE_SEED",
    "JOIN_SIGNATURE",
    "LINK_PROLOGUE",
    "PUBLIC_ROOM_HASH",
    "PUBLIC_SECRET_HASH",
    "REKEY_EXPORT",
    "REKEY_PROLOGUE",
    "ROW_NAMES",
    "ROW_SEAL",
    "SIGNAL_CONTEXT",
    "SIGNAL_KEY",
    "TOPIC_NAME",
    "derive_key",
    "hash_labelled",
    "labelled",
]

# hashed: label ‖ 00 ‖ data
PUBLIC_SECRET_HASH = b"speaktube public secret v1"
PUBLIC_ROOM_HASH = b"speaktube public room v1"
EVENT_HASH = b"speaktube v1 event id"

# from a room's secret, by HKDF
TOPIC_NAME = b"speaktube v1 topic"
GATE_KEY = b"speaktube v1 gate"
SIGNAL_KEY = b"speaktube v1 signal"

# from the seed of an invite, by HKDF
INVITE_SEED = b"speaktube v1 invite"

# from a session, by HKDF
AUTH = b"speaktube v1 auth %b"
"""%b: i2r, from who offered to who answered, or r2i."""
CHANNEL = b"speaktube v1 %b %b"
"""The channel's label, which is never `auth`, and the direction."""
REKEY_EXPORT = b"speaktube v1 rekey"

# from a key that rests on this machine, by HKDF
ROW_SEAL = b"speaktube v1 rest seal"
ROW_NAMES = b"speaktube v1 rest names"

# signed: label ‖ 00 ‖ data
AUTH_SIGNATURE = b"speaktube v1 auth"
EVENT_SIGNATURE = b"speaktube v1 event"
JOIN_SIGNATURE = b"speaktube v1 join"

# heads of length-prefixed lists that are authenticated
LINK_PROLOGUE = b"speaktube link v1"
REKEY_PROLOGUE = b"speaktube rekey v1"
SIGNAL_CONTEXT = b"speaktube v1 signal"


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
