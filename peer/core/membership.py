"""Who owns a room, and what the room is: its genesis (E2EE, Keys; docs/protocol.md, Names and keys of a room).

The room id is the hash of the genesis, so a server that swaps rooms is found out by the first introduction. In this
version whoever passes the gate is a member; grants and removals are control events that build on the same genesis.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from ..crypto.identity import public_key_of
from ..errors import MalformedFrame
from ..ids import MemberId, RoomId

__all__ = [
    "Charter",
    "Genesis",
    "check_genesis",
    "decode_genesis",
    "encode_genesis",
    "found_room",
    "room_id_of",
]

_LABEL = b"speaktube genesis v1\0"
_Key = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class Genesis(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """The first fact of a private room; never changes."""

    version: Literal[1]
    owners: Annotated[tuple[_Key, ...], msgspec.Meta(min_length=1, max_length=3)]
    """Ed25519 keys."""
    join_policy: Literal[0, 1]
    """0 open, 1 an admin approves."""
    history: Literal[0, 1, 2]
    """0 all, 1 since joining, 2 none."""
    retention: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    """Messages that members keep."""
    salt: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]


_decoder = msgspec.msgpack.Decoder(Genesis)


def found_room(*, owner: bytes, random_bytes: Callable[[int], bytes]) -> tuple[RoomId, bytes]:
    """A new room of one owner: its id and its encoded genesis."""
    genesis = Genesis(1, (owner,), join_policy=0, history=0, retention=1000, salt=random_bytes(16))
    encoded = encode_genesis(genesis)
    return room_id_of(encoded), encoded


def encode_genesis(genesis: Genesis) -> bytes:
    return msgspec.msgpack.encode(genesis)


def decode_genesis(encoded: bytes) -> Genesis:
    """Raise MalformedFrame, and nothing else."""
    try:
        return _decoder.decode(encoded)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedFrame(f"not a genesis: {error}") from error


def room_id_of(encoded: bytes) -> RoomId:
    """SHA-256 over the label and the bytes as received."""
    return RoomId(hashlib.sha256(_LABEL + encoded).digest())


def check_genesis(encoded: bytes, *, room_id: RoomId) -> Genesis:
    """The genesis, if it is that of this room; raise MalformedFrame for another one."""
    if room_id_of(encoded) != room_id:
        raise MalformedFrame("this genesis belongs to another room")
    return decode_genesis(encoded)


class Charter:
    """What we know of a room's founding. A guest learns the genesis from the first member who has it."""

    def __init__(self, room_id: RoomId, *, is_public: bool, encoded: bytes = b"") -> None:
        self.room_id = room_id
        self.is_public = is_public
        self.encoded = encoded
        """The genesis as received; empty while unknown, and always in a public room."""
        self._genesis = check_genesis(encoded, room_id=room_id) if encoded else None

    def admits(self, encoded: bytes) -> bool:
        """Whether another member speaks of the same room; learns the genesis on the way."""
        if not encoded:
            return True
        if self.is_public or room_id_of(encoded) != self.room_id:
            return False
        return self._learn(encoded)

    def role_of(self, member: MemberId) -> Literal["owner", "member"]:
        owners = self._genesis.owners if self._genesis else ()
        return "owner" if public_key_of(member) in owners else "member"

    def _learn(self, encoded: bytes) -> bool:
        try:
            self._genesis = decode_genesis(encoded)
        except MalformedFrame:
            return False
        self.encoded = encoded
        return True
