"""The rows an engine keeps: their keys and their bytes.

    room:<roomId>                      RoomRecord
    peer:<roomId>:<peerId>             PeerRecord
    mail:<roomId>:<peerId>:<serial>    Letter; the serial has 16 hexadecimal digits, so keys sort in order

Room and peer ids hold no colon. Values are MessagePack of known shapes: reading one can only give a record or raise.
"""

from dataclasses import dataclass
from typing import Literal

import msgspec

from ..ids import PeerId, PeerKey, RoomId
from ..wire import Kind
from .port import PeerRecord, RoomRecord

__all__ = ["Letter", "Row", "decode_row", "encode_row", "mail_key", "peer_key", "room_key"]


NO_SENDER = PeerId("")


@dataclass(frozen=True, slots=True)
class Letter:
    """One entry of a mailbox, with its place and its end."""

    serial: int
    kind: Kind | Literal["notice"]
    frame: bytes
    expires_at: float
    sender: PeerId = NO_SENDER
    """Empty for a notice."""


Row = RoomRecord | PeerRecord | Letter

_SHAPES: dict[str, type[RoomRecord] | type[PeerRecord] | type[Letter]] = {
    "room": RoomRecord,
    "peer": PeerRecord,
    "mail": Letter,
}
encode_row = msgspec.msgpack.Encoder().encode


def decode_row(key: str, value: bytes) -> Row:
    """The record under a key; raise ValueError for a key or bytes that are not ours."""
    shape = _SHAPES.get(key.partition(":")[0])
    if shape is None:
        raise ValueError(f"unknown row {key.partition(':')[0]!r}")
    return msgspec.msgpack.decode(value, type=shape)


def room_key(room_id: RoomId) -> str:
    """Key of a room's row."""
    return f"room:{room_id}"


def peer_key(key: PeerKey) -> str:
    """Key of a peer's row."""
    return f"peer:{key.room_id}:{key.peer_id}"


def mail_key(key: PeerKey, serial: int) -> str:
    """Key of a letter's row."""
    return f"mail:{key.room_id}:{key.peer_id}:{serial:016x}"
