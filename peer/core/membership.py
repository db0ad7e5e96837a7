"""What we know of a room's founding, and who owns the room by it (peer/log/genesis.py).

In this version whoever passes the gate is a member; grants and removals are control events that build on the genesis.
"""

from __future__ import annotations

from typing import Literal

from ..crypto.identity import public_key_of
from ..errors import MalformedFrame
from ..ids import MemberId, RoomId
from ..log.genesis import check_genesis, decode_genesis, room_id_of

__all__ = ["Charter"]


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
