"""Identities, room keys, memberships and chance, the same in each run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

from peer.core.channel import Credentials
from peer.core.membership import Founding, InviteSeed, Membership
from peer.crypto.identity import Identity
from peer.ids import RoomId
from peer.keys.room_keys import RoomKeys, derive_invite_key, derive_public_room, derive_room_keys
from peer.log import acts
from peer.log.genesis import found_room

__all__ = [
    "OPEN_INVITE",
    "SECRET",
    "START_MS",
    "Chance",
    "credentials",
    "everybody",
    "identity",
    "membership_of",
    "private_room",
    "public_room",
]

SECRET = bytes(range(16))
START_MS = 1_700_000_000_000
"""When simulated rooms are founded."""

OPEN_INVITE = InviteSeed(b"seed of the link", is_open=True)
"""That of the private room, which its guests hold."""


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
def private_room(
    owner: str = "ann", secret: bytes = SECRET, *, approve: bool = False
) -> tuple[RoomId, bytes, RoomKeys]:
    """The id, the encoded genesis and the keys of a room that `owner` founded."""
    chance = Chance(f"founding of {owner}")
    room_id, genesis = found_room(owner=identity(owner).public_key, random_bytes=chance, approve=approve)
    return room_id, genesis, derive_room_keys(secret, room_id)


@cache
def public_room(name: str = "lobby") -> tuple[RoomId, RoomKeys]:
    return derive_public_room(name)


def membership_of(
    name: str, *, owner: str = "ann", process: int = 0, invite: InviteSeed | None = OPEN_INVITE, approve: bool = False
) -> Membership:
    """What this member knows of the private room at first: the owner all, the others its id and an invite."""
    room_id, genesis, _ = private_room(owner, approve=approve)
    membership = Membership(
        room_id,
        is_public=False,
        identity=identity(name),
        random_bytes=Chance(f"log of {name}, process {process}"),
        invite=invite,
        founding=Founding(genesis) if name == owner else None,
    )
    if membership.authority is not None and invite is not None:
        key = derive_invite_key(invite.seed, room_id).public_key
        doing = acts.invite(membership.authority, membership.me, key=key, is_open=invite.is_open, expires_ms=0)
        membership.write(doing, now_ms=START_MS)
    return membership


def everybody(name: str = "ann") -> Membership:
    """Of a room where whoever is there is a member."""
    chance = Chance(f"public log of {name}")
    return Membership(public_room()[0], is_public=True, identity=identity(name), random_bytes=chance)


def credentials(name: str, *, keys: RoomKeys | None = None, process: int = 0) -> Credentials:
    """Those of one process of this name, in the private room unless other keys are given."""
    return Credentials(identity(name), keys or private_room()[2], Chance(f"{name}, process {process}"))
