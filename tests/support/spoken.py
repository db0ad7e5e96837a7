"""What somebody says, as the frame that carries it: signed, and by a right of theirs where the room has rights."""

from __future__ import annotations

from peer.core.membership import Membership
from peer.log.event import EventId
from peer.messages.bodies import Text
from peer.messages.pen import Pen, PenState
from peer.wire.frames import MessageEvents

from .keys import START_MS, Chance, identity

__all__ = ["CHAT", "Speech"]

CHAT = MessageEvents((b"hello",), False)
"""A frame for those who do not look into it."""


class Speech:
    """All that one process of this name says in a room, as far as `membership` knows its rights."""

    def __init__(self, name: str, membership: Membership, *, process: int = 0) -> None:
        self._member = identity(name).member_id
        self._membership = membership
        chance = Chance(f"speech of {name}, process {process}")
        self._pen = Pen(identity(name), membership.room_id, chance, PenState())

    def say(self, text: str, *, auth: EventId | None = None) -> MessageEvents:
        """One text, by the best right there is, or by this one."""
        authority = self._membership.authority
        rights = list(authority.standings_of(self._member)) if authority is not None else []
        right = rights[-1].id if rights else EventId(b"")
        auth_hlc = authority.hlc_of(right) if authority is not None and rights else 0
        said = self._pen.write(Text(text), auth=auth or right, auth_hlc=auth_hlc, ref=None, now_ms=START_MS)
        return MessageEvents((said.encoded,), False)
