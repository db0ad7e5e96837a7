"""Who is in a room, as a value: what is known of one identity there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from .ids import MemberId

__all__ = ["Acquaintance", "Claim", "ConnectionState", "Member", "Presence", "Role"]

Presence: TypeAlias = Literal["online", "away", "offline"]
Role: TypeAlias = Literal["owner", "admin", "moderator", "member"]
"""What a member may: members talk, moderators remove members, admins invite and admit, owners make admins."""
ConnectionState: TypeAlias = Literal["new", "connecting", "linked", "suspect", "lost", "closed"]
"""How we stand with another peer:

- `new`: the signaling server names it, and nothing was tried yet;
- `connecting`: a link is being made;
- `linked`: a link is open, and its other end lives;
- `suspect`: nothing was heard of it for a moment, or its path broke and another one is sought;
- `lost`: there is no link; the next attempt follows as long as the server says that it is present;
- `closed`: it left, or was removed, or we left.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Which user of its identity provider a member is, says the signaling server.

    The server and the provider can say what they like, so this is no identity: membership, and whoever is recognised
    from one day to the next, go by `Member.id`.
    """

    subject: str
    """The user's id at the provider."""
    name: str | None
    """The user's name there; for people to read."""
    issuer: str
    """What the server calls itself."""
    is_contested: bool = False
    """Another key seen in this room bears the same claim: a second device, or somebody who should not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquaintance:
    """Whom we met before: a key, and the name it had then."""

    id: MemberId
    name: str
    verified: bool
    """We made sure that this key was theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An identity in a room; equal by every field, the same person by `id`."""

    id: MemberId
    name: str
    """What they call themselves; for people to read, not to trust."""
    role: Role = "member"
    presence: Presence = "online"
    last_seen: datetime | None = None
    """UTC; when the last link to them ended, or else when they last said something that is kept, or came to the room
    (1970 where nobody knows). None while they are here."""
    connection: ConnectionState = "linked"
    """How we stand with them; the best of it where they run several processes."""
    is_me: bool = False
    claim: Claim | None = None
    """What the signaling server says of who they are; None where it says nothing that holds."""
    verified: bool = False
    """We made sure, by safety number or code, that this key is theirs: `Peer.verify`."""
    changed_from: Acquaintance | None = None
    """Whom we met under this claim, or in this public room under this name, with another key: they have a new device,
    or this is somebody else. None for everybody else, and once this key is verified."""
