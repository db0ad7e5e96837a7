"""Who may do what in a room, as a pure function of its genesis and the set of control events held.

DESIGN, section 5; docs/protocol.md, part 3. Any order of the events and any duplication give the same `Authority`; it
is a value, made anew when events came. Asks nothing of clocks but what `judge_invite` is given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ..crypto.identity import member_id_of, public_key_of
from ..ids import MemberId
from .control import Cut, Invitation, Level
from .evaluation import Evaluation
from .event import MAX_HLC, Event, EventId, LogId
from .facts import Fact, fact_of, order_of, whole_logs
from .genesis import Genesis
from .removals import Removal

__all__ = ["Authority", "InviteStanding", "InviteVerdict", "Pending", "Removal", "Standing", "authority_of"]


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


class Authority:
    """The answers; a value."""

    def __init__(self, genesis: Genesis, facts: Iterable[Fact]) -> None:
        self._evaluation = evaluation = Evaluation(genesis, facts)
        self.genesis: Final = genesis
        self.owners: Final = tuple(member_id_of(owner) for owner in genesis.owners)
        self.lawful: Final[Set[EventId]] = evaluation.lawful
        """Events that count; others that are held are void, and may count again when a revoke is revoked."""
        self._standings = _standings(evaluation)
        self.members: Final[Mapping[MemberId, Level]] = _members(self.owners, self._standings)
        """Everybody who counts as a member now, owners included."""
        self.banned: Final[Set[MemberId]] = {member_id_of(key) for key in evaluation.removals} - self.members.keys()
        """Keys that others removed or banned and that have not been granted membership again."""
        self._invites = _invites(evaluation)
        self.invites: Final[Mapping[bytes, InviteStanding]] = _by_key(self._invites.values())
        """By invite key; also those that are over."""
        self.invitations: Final = tuple(sorted(self._invites.values(), key=lambda invite: invite.id))
        """All of them: a key may have been made an invite more than once."""
        exposures = [evaluation.held[end.id] for end in _exposures(evaluation)]
        last = max(exposures, key=order_of, default=None)
        self.last_exposure: Final = last.id if last is not None else None
        """The last removal, by a moderator, of somebody who was in the room."""
        self.exposed: Final = tuple(one for one in self.invitations if last is not None and self._is_seen(one, last))
        """Open invites that somebody may know whom a moderator has removed since: an admin's client puts new ones in
        their place."""
        joins = sorted((join for join in evaluation.joins if self._is_grantable(join)), key=order_of)
        self.grantable: Final[Set[EventId]] = {join.id for join in joins}
        """Joins that a grant may still be made of, all of each newcomer."""
        self.pending: Final = self._firsts(join for join in joins if not self.is_member(member_id_of(join.author)))
        """Joins that wait for an admin, in the order of their clocks; one for each newcomer."""
        self.unconfirmed: Final = self._firsts(join for join in joins if self._rests_on(join))
        """Joins that count, and that an admin's client should turn into grants."""

    def level_of(self, member: MemberId) -> Level:
        """NOBODY for those who are no members."""
        return self.members.get(member, Level.NOBODY)

    def is_member(self, member: MemberId) -> bool:
        """Whether this key may be in the room now."""
        return member in self.members

    def is_banned(self, member: MemberId) -> bool:
        """Whether others removed this key, be it by kick or ban, and it is not back by a later grant."""
        return member in self.banned

    def judge_invite(self, invite_key: bytes, now_ms: int) -> InviteVerdict:
        """What a newcomer who holds this invite may hope for, by our clock."""
        invite = self.invites.get(invite_key)
        if invite is None:
            return InviteVerdict.UNKNOWN
        if invite.is_revoked:
            return InviteVerdict.REVOKED
        if invite.used_by is not None:
            return InviteVerdict.USED
        return InviteVerdict.EXPIRED if 0 < invite.expires_ms < now_ms else InviteVerdict.VALID

    def knows_invite(self, invite: EventId) -> bool:
        """Whether this event is an invite that counts, be it over or not."""
        return invite in self._invites

    def standings_of(self, member: MemberId) -> tuple[Standing, ...]:
        """What this member's rights rest on, the highest first; empty for owners and strangers."""
        return self._standings.get(member, ())

    def removals_of(self, member: MemberId) -> tuple[Removal, ...]:
        """Removals that count: what a grant has to name in `over`, so that this member comes back by it."""
        removals = self._evaluation.removals.get(public_key_of(member))
        return tuple(removals.all) if removals is not None else ()

    def joins_of(self, member: MemberId) -> tuple[EventId, ...]:
        """Joins of this newcomer by which it waits, counts, or was granted membership, and that nobody has ended."""
        key, evaluation = public_key_of(member), self._evaluation
        joins = (join for join in evaluation.joins if join.author == key and evaluation.is_valid_join(join))
        return tuple(join.id for join in joins if not evaluation.is_ended(join))

    def tips_of(self, member: MemberId) -> tuple[Cut, ...]:
        """How far the control logs of this member are held: the cuts of its removal."""
        key, tips = public_key_of(member), dict[LogId, int]()
        for fact in self._evaluation.held.values():
            if fact.author == key:
                tips[fact.log] = max(tips.get(fact.log, 0), fact.seq)
        return tuple(Cut(log.incarnation, log.plane, seq) for log, seq in sorted(tips.items()))

    def covers(self, event: Event) -> bool:
        """Whether the right that an event of any plane cites was its author's, up to where this event stands."""
        return self._evaluation.covers(event)

    def level_behind(self, event: Event) -> Level:
        """The level of the right that an event of any plane cites; NOBODY where that does not cover it."""
        if not self.covers(event):
            return Level.NOBODY
        right = self._evaluation.held.get(EventId(event.header.auth))
        return right.gives if right is not None else Level.OWNER

    def holds(self, event: EventId) -> bool:
        """Whether a control event is held, be it void."""
        return event in self._evaluation.held

    def hlc_of(self, event: EventId) -> int:
        """The clock of a control event that is held; 0 for another one."""
        held = self._evaluation.held.get(event)
        return held.hlc if held is not None else 0

    def knows_author(self, key: bytes) -> bool:
        """Whether an event that is held, void or not, gives this key any right."""
        return key in self._evaluation.owners or key in self._evaluation.beneficiaries

    def since(self, member: MemberId) -> int:
        """The clock value from which on its oldest right counts; 0 for owners, the end of time for who is nobody.

        A grant counts from the join on that it admits, where nobody had to be asked.
        """
        if member in self.owners:
            return 0
        return min(map(self._begin_of, self.standings_of(member)), default=MAX_HLC)

    def _begin_of(self, standing: Standing) -> int:
        right = self._evaluation.held[standing.id]
        join = self._evaluation.held.get(right.target) if right.target else None
        is_early = join is not None and self._evaluation.is_valid_join(join) and not self.genesis.needs_approval
        return min(right.hlc, join.hlc) if is_early and join is not None else right.hlc

    def _is_seen(self, invite: InviteStanding, removal: Fact) -> bool:
        made = self._evaluation.held[invite.id]
        return invite.is_open and not invite.is_revoked and made.hlc < removal.hlc

    def _is_grantable(self, join: Fact) -> bool:
        """Whether a grant of membership to this newcomer, by this invite, is still to be made."""
        evaluation = self._evaluation
        if not evaluation.is_valid_join(join) or join.id in evaluation.resigned or evaluation.is_granted(join):
            return False
        invite = self._invites[join.auth]
        is_over = invite.is_revoked or invite.used_by is not None
        return not is_over and member_id_of(join.author) not in self.banned

    def _rests_on(self, join: Fact) -> bool:
        standings = self.standings_of(member_id_of(join.author))
        return any(standing.id == join.id for standing in standings)

    def _firsts(self, joins: Iterable[Fact]) -> tuple[Pending, ...]:
        first: dict[MemberId, Pending] = {}
        for join in joins:
            member = member_id_of(join.author)
            first.setdefault(member, Pending(member, join.id, join.hlc, self._invites[join.auth]))
        return tuple(first.values())


def authority_of(genesis: Genesis, events: Iterable[Event]) -> Authority:
    """Evaluate any set of control events whose signatures were checked; MalformedFrame for events that are none."""
    return Authority(genesis, whole_logs(fact_of(event) for event in events))


def _standings(evaluation: Evaluation) -> dict[MemberId, tuple[Standing, ...]]:
    found: defaultdict[bytes, list[Fact]] = defaultdict(list)
    for fact in evaluation.standings():
        found[fact.member].append(fact)
    return {(member := member_id_of(key)): _ranked(member, facts) for key, facts in found.items()}


def _ranked(member: MemberId, facts: Iterable[Fact]) -> tuple[Standing, ...]:
    standings = (Standing(fact.id, member, fact.gives) for fact in facts)
    return tuple(sorted(standings, key=lambda standing: (-standing.level, standing.id)))


def _members(owners: Iterable[MemberId], standings: Mapping[MemberId, tuple[Standing, ...]]) -> dict[MemberId, Level]:
    levels = {member: highest.level for member, (highest, *_) in standings.items()}
    return levels | dict.fromkeys(owners, Level.OWNER)


def _invites(evaluation: Evaluation) -> dict[EventId, InviteStanding]:
    invites = [fact for fact in evaluation.held.values() if fact.id in evaluation.lawful]
    return {
        fact.id: _invite(fact, fact.control, evaluation) for fact in invites if isinstance(fact.control, Invitation)
    }


def _invite(fact: Fact, invite: Invitation, evaluation: Evaluation) -> InviteStanding:
    use = evaluation.used.get(fact.id)
    return InviteStanding(
        id=fact.id,
        key=invite.key,
        is_open=invite.is_open,
        expires_ms=invite.expires_ms,
        author=member_id_of(fact.author),
        is_revoked=fact.id in evaluation.uninvited,
        used_by=member_id_of(use.member) if use is not None else None,
    )


def _exposures(evaluation: Evaluation) -> Iterator[Removal]:
    """Moderators end no invites: their removals of those who had a right, be it a join alone."""
    been_in = {fact.member for fact in evaluation.held.values() if fact.gives}
    for key, removals in evaluation.removals.items():
        if key in been_in:
            yield from (removal for removal in removals.all if removal.level is Level.MODERATOR)


def _by_key(invites: Iterable[InviteStanding]) -> dict[bytes, InviteStanding]:
    """Of invites of one key the one with the lowest id: all replicas name the same."""
    return {invite.key: invite for invite in sorted(invites, key=lambda invite: invite.id, reverse=True)}
