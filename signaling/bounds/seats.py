"""Where a guest's seat comes from, as the store may keep it: not as an address, but as a hash of it.

A guest is a new user at each call, so guests share the seats that their address may hold in a room. The hash is keyed
(HMAC-SHA-256, by a key derived from the store's), and made for one room: it says nothing of who is in another. It
keeps addresses from being read, not from being tried out by whoever has the store, and with it the key.

IPv6 counts by /48 here. Seats are for as long as somebody stays, so that who has a /48, which is given out to anybody
(RFC 6177), could else sit down once in each of its 65,536 networks. To a mobile provider's customers it is what an
IPv4 address behind carrier-grade NAT is. Pure.
"""

import hashlib
import hmac
from dataclasses import replace

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..ids import RoomId, encode_base64url
from ..store.port import PeerRecord
from .addresses import network_of

__all__ = ["Origins"]

ORIGIN_LABEL = b"speaktube v1 origin key"
ORIGIN_BYTES = 12
"""Two addresses of one room fall together once in 2^48 pairs at most; who looks for such gains a seat."""


class Origins:
    """Hashes addresses; the same in all servers of one store."""

    def __init__(self, signing_key: bytes) -> None:
        """`signing_key` is the store's."""
        self._key = HKDF(SHA256(), 32, salt=None, info=ORIGIN_LABEL).derive(signing_key)

    def place(self, peer: PeerRecord, room_id: RoomId, address: str) -> PeerRecord:
        """A guest with the origin that its seat counts for; a user, who is counted by name, as it came."""
        return replace(peer, origin=self._of(room_id, address)) if peer.is_guest else peer

    def _of(self, room_id: RoomId, address: str) -> str:
        where = f"{room_id} {network_of(address) or address}"
        return encode_base64url(hmac.digest(self._key, where.encode(), hashlib.sha256)[:ORIGIN_BYTES])
