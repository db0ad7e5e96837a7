"""What to say in the control log to reach something: each function gives the acts, in order, for `ControlLog.append`.

Pure: an act names a body, what it refers to and, where it matters, the right it relies on. Each raises NotAllowed,
which says who may, where we may not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..crypto.identity import Identity
from ..ids import MemberId, RoomId
from .authority import Authority
from .control import Control, Cut, Level
from .event import EventId

__all__ = ["Act", "admit", "grants_due", "invite", "join", "kick", "leave", "set_level", "uninvite"]


@dataclass(frozen=True, slots=True)
class Act:
    """A control event to be: sequence, clock and signature come from the log."""

    control: Control
    ref: EventId | None = None
    """What it is about; must be held."""
    auth: EventId | None = None
    """The right it relies on; None for the best that we have."""


def invite(authority: Authority, me: MemberId, *, key: bytes, is_open: bool, expires_ms: int) -> list[Act]:
    """Let those in who hold the seed of `key` (`derive_invite_key`); 0 never expires."""
    raise NotImplementedError


def uninvite(authority: Authority, me: MemberId, *, key: bytes) -> list[Act]:
    """End an invite; nothing if it is over already."""
    raise NotImplementedError


def join(authority: Authority, *, invite: Identity, newcomer: bytes, room_id: RoomId) -> list[Act]:
    """Come in by an invite that `authority` knows; raise NotAllowed where it does not."""
    raise NotImplementedError


def admit(authority: Authority, me: MemberId, member: MemberId) -> list[Act]:
    """Make somebody who waits, or anybody, a member; overcomes removals that we know of."""
    raise NotImplementedError


def set_level(authority: Authority, me: MemberId, member: MemberId, level: Level) -> list[Act]:
    """Make a member one of this level, up or down."""
    raise NotImplementedError


def kick(authority: Authority, me: MemberId, member: MemberId, *, cuts: Iterable[Cut] = ()) -> list[Act]:
    """Revokes with cuts, a ban, and the end of every open invite if we are admin; `cuts` adds those of other planes."""
    raise NotImplementedError


def leave(authority: Authority, me: MemberId) -> list[Act]:
    """Give up all that we were granted; owners cannot."""
    raise NotImplementedError


def grants_due(authority: Authority, me: MemberId, now_ms: int) -> list[Act]:
    """What an admin's client should append by itself now: open joins turned into grants, and, unless the room's
    policy is approve, the first valid join of each single-use invite. Empty for those who are no admin."""
    raise NotImplementedError
