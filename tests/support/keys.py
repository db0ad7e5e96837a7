"""Identities, room keys and chance, the same in each run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

from peer.core.channel import Credentials
from peer.core.membership import Charter
from peer.crypto.identity import Identity
from peer.ids import RoomId
from peer.keys.room_keys import RoomKeys, derive_public_room, derive_room_keys
from peer.log.genesis import found_room

__all__ = ["SECRET", "Chance", "charter_of", "credentials", "identity", "private_room", "public_room"]

SECRET = bytes(range(16))


@dataclass
class Chance:
    """Random bytes that are the same in each run, and no two draws alike."""

    seed: str
    draws: int = 0

    def __call__(self, count: int) -> bytes:
        self.draws += 1
        return hashlib.shake_256(f"{self.seed}:{self.draws}".encode()).digest(count)


@cache
def identity(name: str) -> Identity:
    """The long-term key of whoever goes by this name."""
    return Identity.from_seed(hashlib.sha256(name.encode()).digest())


@cache
def private_room(owner: str = "ann", secret: bytes = SECRET) -> tuple[RoomId, bytes, RoomKeys]:
    """The id, the encoded genesis and the keys of a room that `owner` founded."""
    room_id, genesis = found_room(owner=identity(owner).public_key, random_bytes=Chance(f"founding of {owner}"))
    return room_id, genesis, derive_room_keys(secret, room_id)


@cache
def public_room(name: str = "lobby") -> tuple[RoomId, RoomKeys]:
    return derive_public_room(name)


def charter_of(name: str, *, owner: str = "ann") -> Charter:
    """What this member knows of the private room at first: the owner all, the others its id."""
    room_id, genesis, _ = private_room(owner)
    return Charter(room_id, is_public=False, encoded=genesis if name == owner else b"")


def credentials(name: str, *, keys: RoomKeys | None = None, process: int = 0) -> Credentials:
    """Those of one process of this name, in the private room unless other keys are given."""
    return Credentials(identity(name), keys or private_room()[2], Chance(f"{name}, process {process}"))
