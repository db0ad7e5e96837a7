"""How one enters a room: what opens it, and how its invites are written and read.

A private room is opened by its secret, and each of its invites is a link with a seed of its own; a public room by its
name, and its one link holds nothing but that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..core.membership import InviteSeed
from ..errors import BadSetting
from ..ids import RoomId
from ..invite import Invite, PublicInvite, parse_invite
from ..keys.room_keys import RoomKeys, derive_room_keys

__all__ = ["Door", "PrivateDoor", "PublicDoor"]


@dataclass(frozen=True, slots=True)
class PrivateDoor:
    """Of one private room on one server."""

    server: str
    room_id: RoomId
    secret: bytes = field(repr=False)
    """16 bytes."""

    @property
    def keys(self) -> RoomKeys:
        return derive_room_keys(self.secret, self.room_id)

    def write(self, invite: InviteSeed | None) -> str | None:
        """The link of an invite; nobody enters without one."""
        if invite is None:
            return None
        return Invite(self.server, self.room_id, self.secret, invite.seed, is_open=invite.is_open).link

    def read(self, link: str) -> bytes:
        """The seed of an invite to this room; raise BadInvite, or BadSetting for one to elsewhere."""
        invite = parse_invite(link)
        if isinstance(invite, PublicInvite) or invite.room_id != self.room_id:
            raise BadSetting("this invite belongs to another room: pass one of this room")
        return invite.seed


@dataclass(frozen=True, slots=True)
class PublicDoor:
    """Of one public room on one server."""

    server: str
    name: str
    room_id: RoomId
    keys: RoomKeys

    def write(self, invite: InviteSeed | None) -> str | None:  # noqa: ARG002 - there is but one
        """The link, which everybody could write."""
        return PublicInvite(self.server, self.name).link

    def read(self, link: str) -> bytes:  # noqa: ARG002 - no link is one
        """Raise BadSetting: there is nothing to withdraw."""
        raise BadSetting("the link of a public room is its name, which cannot be withdrawn")


Door = PrivateDoor | PublicDoor
