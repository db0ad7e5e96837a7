"""What lies in Redis under which name, and which names share a hash slot.

    speaktube:{tag}:room:<roomId>                HASH  record, token, idle (ms), serial of the last attach
    speaktube:{tag}:room:<roomId>:peers          HASH  peer id → PeerRecord
    speaktube:{tag}:room:<roomId>:leases         ZSET  peer id → end of its lease (ms)
    speaktube:{tag}:room:<roomId>:seats          HASH  who holds seats → how many
    speaktube:{tag}:room:<roomId>:sizes          HASH  peer id → bytes of frames in its mailbox
    speaktube:{tag}:room:<roomId>:at             HASH  peer id → serial and server of its WebSocket;
                                                       peer id? → servers on which it may be polling
    speaktube:{tag}:room:<roomId>:mail:<peerId>  LIST  letters that wait
    speaktube:{tag}:room:<roomId>:from:<peerId>  HASH  sender → how many of these; sender bytes → their size
    speaktube:{tag}:room:<roomId>:hand:<peerId>  LIST  letters given to a WebSocket, until a confirm
    speaktube:{tag}:due                          ZSET  room id → when it has to be looked at (ms)
    speaktube:{directory}:...                    what is asked across rooms: see redis_scripts.py

A room has one tag, and its tag has one list of what is due: so a room and the moment of its expiry change in one
atomic step. There are 64 tags, one for each 64th of a cluster's slots: they spread evenly, and a sweep is 64 steps
however many rooms there are. Room and peer ids hold neither colon nor space nor brace.
"""

import struct
from binascii import crc32, crc_hqx
from typing import NamedTuple

import msgspec

from ...ids import PeerId, PeerKey, RoomId
from ..port import Cursor, RoomRecord
from ..shared import Bell, Summons

__all__ = [
    "DIRECTORY",
    "DUE_KEYS",
    "FORMAT_KEY",
    "SIGNING_KEY",
    "Listing",
    "after_cursor",
    "channel",
    "decode_bell",
    "due_key",
    "listing",
    "names_of",
    "room_at",
    "room_key",
]

SLOTS = 16_384
"""Of every Redis Cluster."""

BUCKETS = 64

PREFIX = "speaktube:"
DIRECTORY = PREFIX + "{directory}"
SIGNING_KEY = DIRECTORY + ":signing key"
FORMAT_KEY = DIRECTORY + ":format"


def _tag(bucket: int) -> str:
    """The first number whose slot lies in this 64th of the slots; crc_hqx is the CRC16 of Redis Cluster."""
    number = 0
    while crc_hqx(str(number).encode(), 0) % SLOTS * BUCKETS // SLOTS != bucket:
        number += 1
    return str(number)


_TAGS = tuple(PREFIX + "{" + _tag(bucket) + "}" for bucket in range(BUCKETS))
DUE_KEYS = tuple(tag + ":due" for tag in _TAGS)


def _bucket(room_id: RoomId) -> int:
    return crc32(room_id.encode()) % BUCKETS


def due_key(room_id: RoomId) -> str:
    """The list of what is due, beside a room."""
    return DUE_KEYS[_bucket(room_id)]


def room_key(room_id: RoomId) -> str:
    """A room's own key, with which its others begin."""
    return f"{_TAGS[_bucket(room_id)]}:room:{room_id}"


def channel(server: str) -> str:
    """Where a server listens for bells."""
    return PREFIX + "server:" + server


class Listing(NamedTuple):
    """A room's entry in the directory; `token` tells one making of a room id from the next."""

    token: str
    owner: str
    """The user whose rooms are counted; empty for a guest."""
    public: str
    """Its place in the list of public rooms; empty for a private one."""
    name: str
    """Its place under its broadcaster's name; empty for a private one."""


def listing(room: RoomRecord, token: str) -> bytes:
    """The entry as the scripts read it."""
    public = _position(room.created_at) + room.room_id if room.is_public else ""
    name = f"{names_of(room.broadcaster_name)}{room.is_by_guest:d}{public}" if room.is_public else ""
    owner = "" if room.is_by_guest else room.broadcaster_id
    return msgspec.msgpack.encode(Listing(token, owner, public, name))


def names_of(broadcaster_name: str) -> str:
    """How the places under a name begin: no name holds a control character."""
    return broadcaster_name + "\0"


def after_cursor(cursor: Cursor) -> str:
    """The place of a cursor among the public rooms, in the order of (created_at, room id)."""
    return _position(cursor.created_at) + cursor.room_id


def _position(seconds: float) -> str:
    """Positive doubles sort like their bits."""
    return struct.pack(">d", max(seconds, 0.0)).hex()


POSITION_LENGTH = 16


def room_at(place: str) -> RoomId:
    """The room at a place of the public list, or at a place under a name once that name is taken off."""
    return RoomId(place[POSITION_LENGTH:])


def decode_bell(text: str) -> Bell:
    """What scripts publish: `mail <room> <peer>...`, or `left|gone|replaced <room> <peer> <serial>`.

    Raise ValueError or IndexError for what no server of this version publishes.
    """
    why, room_id, *rest = text.split(" ")
    serial = 0 if why == "mail" else int(rest.pop())
    return Bell(Summons(why), tuple(PeerKey(RoomId(room_id), PeerId(peer_id)) for peer_id in rest), serial)
