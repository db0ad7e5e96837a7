"""Who may do what in a room, as a pure function of its genesis and the set of control events held.

DESIGN, section 5; docs/protocol.md, part 3. Any order of the events and any duplication give the same `Authority`; it
is a value, made anew when events came. Asks nothing of clocks but what `judge_invite` is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from ..ids import MemberId
from .control import Cut, Level
from .event import Event, EventId
from .genesis import Genesis

__all__ = ["Authority", "InviteStanding", "InviteVerdict", "Pending", "Standing", "authority_of"]


class InviteVerdict(Enum):
    """What an invite is worth."""

    VALID = "valid"
    UNKNOWN = "unknown"
    """Nobody with the right to invite has made it, as far as we hold the control log."""
    EXPIRED = "expired"
    REVOKED = "revoked"
    USED = "used"
    """It was for one, and that one was granted membership."""


@dataclass(frozen=True, slots=True)
class InviteStanding:
    """A lawful invite."""

    id: EventId
    key: bytes
    """32 bytes: `derive_invite_key(seed, room_id).public_key`."""
    is_open: bool
    expires_ms: int
    """ms since 1970; 0 never."""
    author: MemberId
    is_revoked: bool
    used_by: MemberId | None
    """Who was granted membership through it, if it is for one."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A valid join that an admin has yet to grant."""

    member: MemberId
    join: EventId
    hlc: int
    invite: InviteStanding


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody's membership rests on now: a grant, or a join by an open invite."""

    id: EventId
    member: MemberId
    level: Level


@dataclass(frozen=True, slots=True)
class Authority:
    """The answers."""

    genesis: Genesis
    owners: tuple[MemberId, ...]
    members: Mapping[MemberId, Level]
    """Everybody who counts as a member now, owners included."""
    invites: Mapping[bytes, InviteStanding]
    """By invite key; also those that are over."""
    pending: tuple[Pending, ...]
    """Joins that wait for an admin, in the order of their clocks; one for each newcomer."""
    banned: frozenset[MemberId]
    """Keys that were removed or banned and have not been granted membership again."""
    lawful: frozenset[EventId]
    """Events that count; others that are held are void, and may count again when a revoke is revoked."""

    def level_of(self, member: MemberId) -> Level:
        return self.members.get(member, Level.NOBODY)

    def is_member(self, member: MemberId) -> bool:
        return member in self.members

    def is_banned(self, member: MemberId) -> bool:
        """Whether this key was removed by others, be it by kick or ban, and is not back by a later grant."""
        return member in self.banned

    def judge_invite(self, invite_key: bytes, now_ms: int) -> InviteVerdict:
        """What a newcomer who holds this invite may hope for, by our clock."""
        raise NotImplementedError

    def standings_of(self, member: MemberId) -> tuple[Standing, ...]:
        """What this member's rights rest on; empty for owners and strangers."""
        raise NotImplementedError

    def removals_of(self, member: MemberId) -> tuple[EventId, ...]:
        """What a grant has to name in `over`, so that this member comes back by it."""
        raise NotImplementedError

    def tips_of(self, member: MemberId) -> tuple[Cut, ...]:
        """How far the control logs of this member are held: the cuts of its removal."""
        raise NotImplementedError


def authority_of(genesis: Genesis, events: Iterable[Event]) -> Authority:
    """Evaluate a set of control events whose signatures were checked."""
    raise NotImplementedError
