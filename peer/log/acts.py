"""What to say in the control log to reach something: each function gives the acts, in order, for `ControlLog.append`.

Pure: an act names a body, what it refers to and, where it matters, the right it relies on. Each raises NotAllowed,
which says who may, where we may not.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from itertools import islice

from ..crypto.identity import Identity, public_key_of
from ..errors import NotAllowed
from ..ids import MemberId, RoomId
from .authority import Authority, InviteStanding, Pending
from .control import MAX_CUTS, MAX_OVER, Ban, Control, Cut, Grant, Invitation, Level, Revoke, Uninvite, sign_join
from .event import EventId

__all__ = [
    "SKEW_MS",
    "Act",
    "admit",
    "grants_due",
    "invite",
    "join",
    "kick",
    "leave",
    "set_level",
    "uninvite",
    "uninvites_due",
]

SKEW_MS = 120_000
"""How far members' clocks may lie apart: an invite is ended for all that much later than it says."""


@dataclass(frozen=True, slots=True)
class Act:
    """A control event to be: sequence, clock and signature come from the log."""

    control: Control
    ref: EventId | None = None
    """What it is about; must be held."""
    auth: EventId | None = None
    """The right it relies on; None for the best that we have."""
    overcomes: bool = False
    """A grant that is to name all removals of its member that are known when it is written."""
    after: EventId | None = None
    """To be dated behind this one, which is held."""


def invite(authority: Authority, me: MemberId, *, key: bytes, is_open: bool, expires_ms: int) -> list[Act]:
    """Let those in who hold the seed of `key` (`derive_invite_key`); 0 never expires.

    It is dated behind the last removal by a moderator: it is none of those that the removed may have seen.
    """
    _check(authority.level_of(me) >= Level.ADMIN, "invite", "admins and owners")
    return [Act(Invitation(key, 1 if is_open else 0, expires_ms), after=authority.last_exposure)]


def uninvite(authority: Authority, me: MemberId, *, key: bytes) -> list[Act]:
    """End an invite; nothing if it is over already, or nobody made it."""
    _check(authority.level_of(me) >= Level.ADMIN, "end an invite", "admins and owners")
    return [_end(one) for one in authority.invitations if one.key == key and not one.is_revoked]


def join(authority: Authority, *, invite: Identity, newcomer: bytes, room_id: RoomId) -> list[Act]:
    """Come in by an invite that `authority` knows; raise NotAllowed where it does not."""
    standing = authority.invites.get(invite.public_key)
    _check(standing is not None, "come in by this invite", "holders of one that was made for this room")
    assert standing is not None
    return [Act(sign_join(invite, room_id=room_id, newcomer=newcomer), auth=standing.id)]


def admit(authority: Authority, me: MemberId, member: MemberId) -> list[Act]:
    """Make somebody who waits, or anybody, a member; overcomes removals that we know of."""
    waiting = next((pending for pending in authority.pending if pending.member == member), None)
    join = waiting.join if waiting is not None else None
    return [*_lifts(authority, me, member), _grant(authority, me, member, Level.MEMBER, join=join)]


def set_level(
    authority: Authority, me: MemberId, member: MemberId, level: Level, *, cuts: Iterable[Cut] = ()
) -> list[Act]:
    """Make a member one of this level, from MEMBER to ADMIN, up or down; `cuts` adds those of other planes.

    Who is an admin no more has no invite left, or it would come back by one as somebody else.
    """
    now = authority.level_of(member)
    if now < level:
        return [*_lifts(authority, me, member), _grant(authority, me, member, level)]
    _check_outranks(authority, me, member, f"make this member {_a(level)}")
    reach = _reach(authority, member, cuts)
    higher = [standing.id for standing in authority.standings_of(member) if standing.level > level]
    if not higher:
        return []
    ended = [_end(one) for one in authority.invitations if one.author == member and not one.is_revoked]
    lifts = _lifts(authority, me, member, more=len(higher))
    return [*lifts, *(Act(Revoke(reach), ref=right) for right in higher), *ended, _grant(authority, me, member, level)]


def kick(authority: Authority, me: MemberId, member: MemberId, *, cuts: Iterable[Cut] = ()) -> list[Act]:
    """Revokes with cuts, a ban, and, if we are admin, the end of every open invite and of all that the removed made.

    `cuts` adds those of other planes.
    """
    _check_outranks(authority, me, member, "remove this member")
    _check(authority.level_of(me) >= Level.MODERATOR, "remove members", "moderators, admins and owners")
    reach = _reach(authority, member, cuts)
    rights = [*(standing.id for standing in authority.standings_of(member)), *authority.joins_of(member)]
    acts = [Act(Revoke(reach), ref=right) for right in dict.fromkeys(rights)]
    acts.append(Act(Ban(public_key_of(member), reach)))
    if authority.level_of(me) >= Level.ADMIN:
        acts += [
            _end(one) for one in authority.invitations if (one.is_open or one.author == member) and not one.is_revoked
        ]
    return acts


def leave(authority: Authority, me: MemberId, *, cuts: Iterable[Cut] = ()) -> list[Act]:
    """Give up all that we were granted, and the joins that it came from; owners cannot."""
    _check(me not in authority.owners, "leave a room that you own for good", "everybody else")
    rights = [*(standing.id for standing in authority.standings_of(me)), *authority.joins_of(me)]
    reach = _reach(authority, me, cuts)
    return [Act(Revoke(reach), ref=right, auth=right) for right in dict.fromkeys(rights) if right in authority.lawful]


def grants_due(
    authority: Authority, me: MemberId, *, limit: int | None = None, late: Set[EventId] = frozenset()
) -> list[Act]:
    """What an admin's client should append by itself now, never asking a human; empty for those who are no admin.

    Joins that count are turned into grants, so that ending the invite does not evict. Where the room's policy is open,
    the first valid join of each single-use invite is granted; where it is approve, a human calls `admit`. At most
    `limit`, the earliest joins first; none of those that are `late` (`ControlLog.late_joins`): a human decides.
    """
    if authority.level_of(me) < Level.ADMIN:
        return []
    due = (pending for pending in _due(authority) if pending.join not in late and _may_come(authority, me, pending))
    granted = islice(due, limit)
    return [_grant(authority, me, pending.member, Level.MEMBER, join=pending.join) for pending in granted]


def uninvites_due(authority: Authority, me: MemberId, *, now_ms: int, late: Set[EventId] = frozenset()) -> list[Act]:
    """The ends of open invites that an admin's client should append by itself now; to be asked after `grants_due`.

    An invite is ended once it has expired, or whoever knows one member dates a join back; but not while a join that
    came in time waits for its grant.
    """
    if authority.level_of(me) < Level.ADMIN:
        return []
    waiting = {pending.invite.id for pending in _due(authority) if pending.join not in late}
    over = (one for one in authority.invitations if one.is_open and 0 < one.expires_ms < now_ms - SKEW_MS)
    return [_end(one) for one in over if not one.is_revoked and one.id not in waiting]


def _due(authority: Authority) -> list[Pending]:
    first: dict[EventId, Pending] = {}
    if not authority.genesis.needs_approval:
        first = {pending.invite.id: pending for pending in reversed(authority.pending)}
    return [*authority.unconfirmed, *first.values()]


def _may_come(authority: Authority, me: MemberId, pending: Pending) -> bool:
    """Whether nothing is in the way that only those above us can take out of it."""
    removals = authority.removals_of(pending.member)
    return len(removals) < MAX_OVER and all(removal.level <= authority.level_of(me) for removal in removals)


def _end(invite: InviteStanding) -> Act:
    return Act(Uninvite(), ref=invite.id)


def _grant(authority: Authority, me: MemberId, member: MemberId, level: Level, *, join: EventId | None = None) -> Act:
    ours, removals = authority.level_of(me), authority.removals_of(member)
    _check(member not in authority.owners, f"make an owner {_a(level)}", "nobody")
    _check(ours > max(level, Level.MODERATOR), f"make somebody {_a(level)}", _those_above(max(level, Level.MODERATOR)))
    _check(all(removal.level <= ours for removal in removals), "bring back whom an owner removed", "owners")
    kept = len(removals) - len(_lifts(authority, me, member))
    _check(kept < MAX_OVER, f"bring back who was removed {MAX_OVER} times", "owners")
    return Act(Grant(public_key_of(member), level), ref=join, overcomes=True)


def _lifts(authority: Authority, me: MemberId, member: MemberId, *, more: int = 0) -> list[Act]:
    """The ends of bans from below us, where there are more removals than a grant can name besides `more` new ones.

    Only bans, and not all: what a revoke ended stays ended.
    """
    removals = authority.removals_of(member)
    bans = [one for one in removals if one.is_ban and one.level < authority.level_of(me)]
    surplus = max(0, len(removals) + more - MAX_OVER + 1)
    return [Act(Revoke(), ref=one.id) for one in bans[:surplus]]


def _reach(authority: Authority, member: MemberId, cuts: Iterable[Cut]) -> tuple[Cut, ...]:
    """All that this member wrote so far, as we know it."""
    return (*authority.tips_of(member), *cuts)[-MAX_CUTS:]


def _check_outranks(authority: Authority, me: MemberId, member: MemberId, action: str) -> None:
    theirs = authority.level_of(member)
    _check(theirs < Level.OWNER, action, "nobody, since it is an owner:")
    _check(authority.level_of(me) > theirs, action, _those_above(theirs))


def _check(is_allowed: bool, action: str, who: str) -> None:
    if not is_allowed:
        raise NotAllowed(action, who=who)


def _those_above(level: Level) -> str:
    above = [name for candidate, name in _NAMES.items() if candidate > level]
    return " and ".join(above)


def _a(level: Level) -> str:
    return {Level.ADMIN: "an admin", Level.MODERATOR: "a moderator"}.get(level, "a member")


_NAMES = {Level.MEMBER: "members", Level.MODERATOR: "moderators", Level.ADMIN: "admins", Level.OWNER: "owners"}
