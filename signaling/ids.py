"""Names of rooms, peers and users, and how they are made.

A peer id is derived from its resume secret (docs/protocol.md, "Words"), so coming back needs no state here:
whoever holds the secret is that peer, on any server, after any restart. Chance arrives as an argument.
"""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, NewType

__all__ = [
    "PeerId",
    "PeerKey",
    "RandomBytes",
    "Resume",
    "RoomId",
    "User",
    "UserId",
    "derive_peer_id",
    "encode_base64url",
    "generate_guest_id",
    "generate_resume",
    "generate_room_id",
    "has_control",
    "is_control",
    "is_peer_id",
    "short",
]

RoomId = NewType("RoomId", str)
PeerId = NewType("PeerId", str)
UserId = NewType("UserId", str)
Resume = NewType("Resume", str)
"""Secret of one peer: 43 characters of base64url."""

RandomBytes = Callable[[int], bytes]

PEER_ID = re.compile(r"[A-Za-z0-9_-]{22}")
PEER_ID_LABEL = b"speaktube peer id\0"


@dataclass(frozen=True, slots=True)
class User:
    """Who asks, as far as we know."""

    user_id: UserId
    name: str | None
    """From the JWT, which wins over what a body says."""
    is_guest: bool
    until: float | None = None
    """When the JWT expires; a guest has none."""
    issuer: str = ""
    """The iss of the JWT; empty where it names none."""


class PeerKey(NamedTuple):
    """One peer in one room; the same resume secret may live in several rooms."""

    room_id: RoomId
    peer_id: PeerId


def encode_base64url(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def derive_peer_id(resume: Resume) -> PeerId:
    """The peer id of a resume secret, which must already have its 43 characters."""
    secret = base64.urlsafe_b64decode(resume + "=")
    return PeerId(encode_base64url(hashlib.sha256(PEER_ID_LABEL + secret).digest()[:16]))


def generate_resume(random_bytes: RandomBytes) -> Resume:
    """A new secret of 32 bytes."""
    return Resume(encode_base64url(random_bytes(32)))


def generate_room_id(random_bytes: RandomBytes) -> RoomId:
    """A room id nobody can guess: 16 bytes, as 22 characters."""
    return RoomId(encode_base64url(random_bytes(16)))


def generate_guest_id(random_bytes: RandomBytes) -> UserId:
    """`guest-` and 16 characters (12 bytes)."""
    return UserId("guest-" + encode_base64url(random_bytes(12)))


def is_control(character: str) -> bool:
    """Whether no name may hold it."""
    # Cc: control; Cs: half a surrogate pair, which UTF-8 cannot carry; Zl and Zp break lines
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def has_control(text: str) -> bool:
    """Whether any of it is; what prints as it is holds none, which is seen at once."""
    return not text.isprintable() and any(map(is_control, text))


def is_peer_id(text: str) -> bool:
    """Whether a peer could have such an id: 22 characters of base64url."""
    return PEER_ID.fullmatch(text) is not None


def short(name: str) -> str:
    """The first characters of an id, for logs."""
    return name[:6]
