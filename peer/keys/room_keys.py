"""What a room's secret turns into: the name the server sees, the gate of handshakes and the seal of signals.

docs/protocol.md, "Names and keys of a room". Promised: none of the three tells anything about another or about the
secret. Not promised: a public room's keys are known to everybody who knows its name, the server included; there the
same code path protects nothing but against those who do not know the name.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from ..crypto.identity import Identity
from ..crypto.labels import derive_key, hash_labelled
from ..encoding import encode_base64url
from ..errors import BadSetting
from ..ids import RoomId, Topic, short
from .labels import GATE_KEY, INVITE_SEED, PUBLIC_ROOM_HASH, PUBLIC_SECRET_HASH, SIGNAL_KEY, TOPIC_NAME

__all__ = [
    "MAX_NAME_CHARS",
    "SECRET_BYTES",
    "RoomKeys",
    "check_public_name",
    "derive_invite_key",
    "derive_public_room",
    "derive_room_keys",
]

MAX_NAME_CHARS = 64
SECRET_BYTES = 16
TOPIC_BYTES = 16


@dataclass(frozen=True, slots=True, repr=False)
class RoomKeys:
    """All that derives from a room's secret; shows its topic only."""

    topic: Topic
    """The room's name for the signaling server."""
    gate: bytes
    """32 bytes: the pre-shared key of every handshake."""
    signal: bytes
    """32 bytes: seals SDP and candidates."""

    def __repr__(self) -> str:
        return f"RoomKeys({short(self.topic)})"


def derive_room_keys(secret: bytes, room_id: RoomId) -> RoomKeys:
    """HKDF(key material = secret, salt = room id, info = one label each)."""
    return RoomKeys(
        topic=Topic(encode_base64url(derive_key(TOPIC_NAME, material=secret, salt=room_id, length=TOPIC_BYTES))),
        gate=derive_key(GATE_KEY, material=secret, salt=room_id),
        signal=derive_key(SIGNAL_KEY, material=secret, salt=room_id),
    )


def derive_invite_key(seed: bytes, room_id: RoomId) -> Identity:
    """The invite's own key pair: Ed25519 of the seed HKDF(key material = invite seed, salt = room id)."""
    return Identity.from_seed(derive_key(INVITE_SEED, material=seed, salt=room_id))


def derive_public_room(name: str) -> tuple[RoomId, RoomKeys]:
    """A public room from its name as UTF-8, as written, without folding of case or accents; or raise BadSetting."""
    check_public_name(name)
    secret = hash_labelled(PUBLIC_SECRET_HASH, name.encode())[:SECRET_BYTES]
    room_id = RoomId(hash_labelled(PUBLIC_ROOM_HASH, name.encode()))
    return room_id, derive_room_keys(secret, room_id)


def check_public_name(name: str) -> None:
    """Raise BadSetting for a name that is empty, too long, or holds control characters or halves of characters."""
    if not 1 <= len(name) <= MAX_NAME_CHARS:
        raise BadSetting(f"a public room's name has 1 to {MAX_NAME_CHARS} characters, this one has {len(name)}")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        raise BadSetting("a public room's name holds no control characters")
