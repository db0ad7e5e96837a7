"""Who founded a room, and what the room is for ever (E2EE, Keys; docs/protocol.md, Names and keys of a room).

The room id is the hash of the genesis, so a server that swaps rooms is found out by the first introduction. All
authority in the room begins with the owners that stand here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias

import msgspec

from ..errors import BadSetting, MalformedFrame
from ..ids import RoomId

__all__ = [
    "MAX_GENESIS_BYTES",
    "MAX_RETENTION",
    "Genesis",
    "HistoryPolicy",
    "check_genesis",
    "decode_genesis",
    "encode_genesis",
    "found_direct",
    "found_room",
    "is_direct",
    "room_id_of",
]

MAX_GENESIS_BYTES = 256
MAX_RETENTION = 100_000
HistoryPolicy: TypeAlias = Literal["all", "since_join", "none"]
"""What newcomers are told of what was said: all that is kept, what was said since they joined, or while they are here.

It is what honest members hand over; whoever was let in can be told the rest by anybody who has it.
"""
_POLICIES: dict[str, Literal[0, 1, 2]] = {"all": 0, "since_join": 1, "none": 2}
_LABEL = b"speaktube genesis v1\0"
_DIRECT_LABEL = b"speaktube direct v1\0"
_SALT_BYTES = 16
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
    retention: Annotated[int, msgspec.Meta(ge=0, le=MAX_RETENTION)]
    """Messages that members keep."""
    salt: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]

    @property
    def needs_approval(self) -> bool:
        """Whether an admin has to admit each newcomer."""
        return self.join_policy == 1


_decoder = msgspec.msgpack.Decoder(Genesis)


def found_room(
    *,
    owner: bytes,
    random_bytes: Callable[[int], bytes],
    approve: bool = False,
    history: HistoryPolicy = "all",
    retention: int = 1000,
) -> tuple[RoomId, bytes]:
    """A new room of one owner: its id and its encoded genesis; raise BadSetting."""
    if history not in _POLICIES:
        raise BadSetting(f"history= is one of {', '.join(_POLICIES)}, not {history!r}")
    if not 0 <= retention <= MAX_RETENTION:
        raise BadSetting(f"a room keeps 0 to {MAX_RETENTION} messages: pass retention= in between")
    genesis = Genesis(1, (owner,), 1 if approve else 0, _POLICIES[history], retention, random_bytes(16))
    encoded = encode_genesis(genesis)
    return room_id_of(encoded), encoded


def found_direct(one: bytes, other: bytes) -> tuple[RoomId, bytes]:
    """The room of these two keys, whoever asks: its id and its encoded genesis. Both own it, and nobody else enters."""
    owners = (min(one, other), max(one, other))
    genesis = Genesis(1, owners, join_policy=1, history=0, retention=1000, salt=_direct_salt(owners))
    encoded = encode_genesis(genesis)
    return room_id_of(encoded), encoded


def is_direct(genesis: Genesis) -> bool:
    """Whether it is what `found_direct` gives."""
    return len(genesis.owners) == 2 and encode_genesis(genesis) == found_direct(*genesis.owners)[1]


def _direct_salt(owners: tuple[bytes, ...]) -> bytes:
    """No room that is founded by chance has it."""
    return hashlib.sha256(_DIRECT_LABEL + b"".join(owners)).digest()[:_SALT_BYTES]


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
