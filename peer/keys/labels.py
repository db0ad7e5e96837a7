"""The labels of keys that outlive a link, each used in one place; those of links and signatures are in `crypto.labels`.

docs/protocol.md, part 2. Two may hold the same text where their uses cannot meet (an HKDF `info` and the head of
associated data). Promised: no two derivations from one key share a label. Not promised: secrecy of anything here.
"""

from __future__ import annotations

__all__ = [
    "GATE_KEY",
    "INVITE_SEED",
    "PUBLIC_ROOM_HASH",
    "PUBLIC_SECRET_HASH",
    "ROW_NAMES",
    "ROW_SEAL",
    "SIGNAL_CONTEXT",
    "SIGNAL_KEY",
    "TOPIC_NAME",
]

# hashed: label ‖ 00 ‖ data
PUBLIC_SECRET_HASH = b"speaktube public secret v1"
PUBLIC_ROOM_HASH = b"speaktube public room v1"

# from a room's secret, by HKDF
TOPIC_NAME = b"speaktube v1 topic"
GATE_KEY = b"speaktube v1 gate"
SIGNAL_KEY = b"speaktube v1 signal"

# from the seed of an invite, by HKDF
INVITE_SEED = b"speaktube v1 invite"

# from a key that rests on this machine, by HKDF
ROW_SEAL = b"speaktube v1 rest seal"
ROW_NAMES = b"speaktube v1 rest names"

# head of a length-prefixed list that is authenticated
SIGNAL_CONTEXT = b"speaktube v1 signal"
