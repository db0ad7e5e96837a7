"""How control events are weighed: owners first, then admins, moderators, members (docs/protocol.md, part 3).

Whatever an event does, it does to those below the level it relies on, so one walk from the top settles everything and
no cycle can arise. What a level has said is final when the next one is looked at. Within a level, those who resign go
first (what they say afterwards does not count), and of revokes the younger before the older, since a revoke can only
end what was there before it.

    removal   a revoke of somebody's grant or join by one above it, or a ban, by level and cuts. It ends all that its
              member was granted below that level, but for grants that name it in `over` and are of its level or above
    standing  a lawful grant or a counted join
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .control import Ban, Grant, Invitation, Join, Level, Revoke, Uninvite
from .event import Event, EventId, LogId, ms_of
from .facts import Fact, order_of
from .genesis import Genesis
from .removals import Reach, Removal, Removals, reach_of

__all__ = ["Evaluation", "rank_of", "resigns"]


def resigns(fact: Fact) -> bool:
    """Whether its author gives up the right that it relies on: to revoke oneself is to cite the grant one revokes."""
    return isinstance(fact.control, Revoke) and fact.target == fact.auth


class _Resignation(NamedTuple):
    """A right given up, and what its member wrote elsewhere that still counts."""

    fact: Fact
    reach: Reach


def rank_of(fact: Fact, held: dict[EventId, Fact], owners: frozenset[bytes]) -> Level:
    """The level that an event relies on; NOBODY where it relies on nothing earlier that gives its author one."""
    if not fact.auth:
        return Level.OWNER if fact.author in owners else Level.NOBODY
    right = held.get(fact.auth)
    is_theirs = right is not None and right.member == fact.author and right.hlc < fact.hlc
    return right.gives if right is not None and is_theirs else Level.NOBODY


class Evaluation:
    """One walk over a set of events; afterwards its fields hold what follows from them."""

    def __init__(self, genesis: Genesis, facts: Iterable[Fact]) -> None:
        self.owners = frozenset(genesis.owners)
        self.held = {fact.id: fact for fact in facts}
        self.beneficiaries = frozenset(fact.member for fact in self.held.values() if fact.gives)
        """Keys that are given any right, be it void."""
        self.joins = [fact for fact in self.held.values() if isinstance(fact.control, Join)]
        self._ranks = {fact.id: rank_of(fact, self.held, self.owners) for fact in self.held.values()}
        self._is_open = not genesis.needs_approval
        self.lawful: set[EventId] = set()
        self.removals: defaultdict[bytes, Removals] = defaultdict(Removals)
        """By the key of who is removed."""
        self.resigned: dict[EventId, list[_Resignation]] = {}
        """Standings that their own members gave up."""
        self.uninvited: set[EventId] = set()
        self.granted: defaultdict[EventId, list[Fact]] = defaultdict(list)
        """Lawful grants by the join that they admit."""
        self.used: dict[EventId, Fact] = {}
        """Single-use invites and the grant that used each."""
        self._annulled: set[EventId] = set()
        self._walk()

    def _walk(self) -> None:
        ranked: defaultdict[Level, list[Fact]] = defaultdict(list)
        for fact in self.held.values():
            ranked[self._ranks[fact.id]].append(fact)
        self._weigh(Level.OWNER, ranked[Level.OWNER])
        self._weigh(Level.ADMIN, ranked[Level.ADMIN])
        self._use_invites()
        self._count_joins()
        self._weigh(Level.MODERATOR, ranked[Level.MODERATOR])
        self._weigh(Level.MEMBER, ranked[Level.MEMBER])

    # one level

    def _weigh(self, level: Level, said: list[Fact]) -> None:
        """Settle all that relies on one level; those above are settled."""
        standing = [fact for fact in said if self._permits(level, fact) and self._stands(fact)]
        for fact in sorted(filter(resigns, standing), key=lambda fact: fact.seq):
            if fact.id not in self._annulled and not self._is_after_resigning(fact):
                assert isinstance(fact.control, Revoke)
                end = _Resignation(fact, reach_of(fact.author, fact.control.cuts))
                self.resigned.setdefault(fact.auth, []).append(end)
        lawful = [fact for fact in standing if not self._is_after_resigning(fact)]
        self.lawful.update(fact.id for fact in lawful)
        for fact in sorted(lawful, key=order_of, reverse=True):
            if fact.id not in self._annulled:
                self._act(level, fact)

    def _permits(self, level: Level, fact: Fact) -> bool:
        """Whether anybody of this level may say this."""
        match fact.control:
            case Grant() as grant:
                return level >= Level.ADMIN and grant.level < level and grant.member not in self.owners
            case Invitation():
                return level >= Level.ADMIN
            case Uninvite():
                return level >= Level.ADMIN and self._is_about(fact, Invitation)
            case Ban() as ban:
                return level >= Level.MODERATOR and ban.member not in self.owners
            case Revoke():
                return self._may_revoke(level, fact)
            case _:
                return False

    def _is_about(self, fact: Fact, *kinds: type) -> bool:
        """Whether the target is held, is what the reference says and of one of these kinds."""
        target = self.held.get(fact.target) if fact.target else None
        ref = fact.event.header.ref
        return target is not None and ref is not None and target.hlc == ref.hlc and isinstance(target.control, kinds)

    def _may_revoke(self, level: Level, fact: Fact) -> bool:
        """Standings of those below, and one's own that the revoke relies on; removals by those below, or by oneself."""
        if self._is_about(fact, Grant, Join):
            assert fact.target is not None
            return self.held[fact.target].gives < level or fact.auth == fact.target
        if not self._is_about(fact, Revoke, Ban):
            return False
        assert fact.target is not None
        target = self.held[fact.target]
        rank = self._ranks[target.id]
        is_own = target.author == fact.author and not resigns(target)
        return Level.NOBODY < rank < level or (rank == level and is_own)

    def _stands(self, fact: Fact) -> bool:
        """Whether its right is lawful, and it was said within the cuts of all that ended that right from above."""
        if not fact.auth:
            return True
        if fact.auth not in self.lawful:
            return False
        limit = self._limit(self.held[fact.auth], fact.log)
        return limit is None or fact.seq <= limit

    def _is_after_resigning(self, fact: Fact) -> bool:
        """Who gives up one right in two logs at the same time means both; twice in one log says nothing new."""
        if resigns(fact):
            return any(end.fact.log == fact.log and end.fact.seq < fact.seq for end in self.resigned.get(fact.auth, ()))
        return self.has_resigned(fact.auth, fact.log, fact.seq)

    def has_resigned(self, right: EventId, log: LogId, seq: int) -> bool:
        """Whether at that place in its log the author had given this right up: earlier there, or by the cuts."""
        return any(not _is_before(log, seq, end) for end in self.resigned.get(right, ()))

    def _act(self, level: Level, fact: Fact) -> None:
        match fact.control:
            case Ban() as ban:
                self.removals[ban.member].add(Removal(fact.id, level, reach_of(ban.member, ban.cuts)))
            case Revoke() as revoke if fact.target is not None and not resigns(fact):
                self._revoke(level, fact, self.held[fact.target], revoke)
            case Uninvite() if fact.target is not None:
                self.uninvited.add(fact.target)
            case Grant() if fact.target is not None:
                self.granted[fact.target].append(fact)
            case _:
                pass

    def _revoke(self, level: Level, fact: Fact, target: Fact, revoke: Revoke) -> None:
        if isinstance(target.control, Grant | Join):
            reach = reach_of(target.member, revoke.cuts)
            self.removals[target.member].add(Removal(fact.id, level, reach, is_ban=False))
        else:
            self._annulled.add(target.id)

    # what ends a standing

    def _limit(self, standing: Fact, log: LogId) -> int | None:
        """Up to where in a log of its member a standing counts; None while nobody above has ended it.

        Final once all levels above the standing's own are settled.
        """
        removals = self.removals.get(standing.member)
        if removals is None:
            return None
        return removals.limit(log, standing.gives, over=_over(standing), giver=self._ranks[standing.id])

    def _is_removed(self, standing: Fact) -> bool:
        removals = self.removals.get(standing.member)
        if removals is None:
            return False
        return removals.end(standing.gives, over=_over(standing), giver=self._ranks[standing.id])

    # invites and joins

    def _use_invites(self) -> None:
        """A single-use invite is used by the first grant of membership; grants of others through it do not count."""
        admissions = sorted((grant for grants in self.granted.values() for grant in grants), key=order_of)
        for grant in admissions:
            invite = self._single_invite_of(grant)
            if invite is not None and self.used.setdefault(invite, grant).member != grant.member:
                self.lawful.discard(grant.id)

    def _single_invite_of(self, grant: Fact) -> EventId | None:
        """The single-use invite through which a grant of plain membership admits somebody."""
        join = self.held.get(grant.target) if grant.target else None
        if join is None or not isinstance(join.control, Join) or join.author != grant.member:
            return None
        invite = self.held.get(join.auth)
        is_single = invite is not None and isinstance(invite.control, Invitation) and not invite.control.is_open
        return join.auth if is_single and grant.gives is Level.MEMBER else None

    def _count_joins(self) -> None:
        """Joins that count at once, and those that a grant has made good."""
        self.lawful.update(
            join.id
            for join in self.joins
            if self.is_valid_join(join) and (self.counts_at_once(join) or self.is_granted(join))
        )

    def invitation_of(self, join: Fact) -> Invitation | None:
        """The lawful invite that a join names."""
        invite = self.held.get(join.auth)
        if invite is None or invite.id not in self.lawful or invite.hlc >= join.hlc:
            return None
        return invite.control if isinstance(invite.control, Invitation) else None

    def is_valid_join(self, join: Fact) -> bool:
        """Whether the invite was there, and in time. That its key signed was checked when the join was taken in."""
        invite = self.invitation_of(join)
        if invite is None or join.author in self.owners:
            return False
        return invite.expires_ms == 0 or ms_of(join.hlc) <= invite.expires_ms

    def counts_at_once(self, join: Fact) -> bool:
        """Whether no admin is asked: by an open invite that is not over, where the room's policy is open."""
        invite = self.invitation_of(join)
        return self._is_open and invite is not None and invite.is_open and join.auth not in self.uninvited

    def is_granted(self, join: Fact) -> bool:
        """Whether an admin has turned it into a grant, be that ended by now or not."""
        grants = self.granted.get(join.id, ())
        return any(grant.id in self.lawful and grant.member == join.author for grant in grants)

    # what follows

    def standings(self) -> Iterator[Fact]:
        """Lawful grants and counted joins that nobody has ended; a join that was granted rests on its grant."""
        for fact in self.held.values():
            if fact.id in self.lawful and fact.gives and self._is_alive(fact):
                yield fact

    def is_ended(self, standing: Fact) -> bool:
        """Whether somebody above, or its member, has ended it."""
        return standing.id in self.resigned or self._is_removed(standing)

    def _is_alive(self, standing: Fact) -> bool:
        """A grant lapses with the join that it admitted, if the newcomer takes that back."""
        if self.is_ended(standing):
            return False
        if isinstance(standing.control, Join):
            return self.counts_at_once(standing) and not self.is_granted(standing)
        return standing.target not in self.resigned

    def covers(self, event: Event) -> bool:
        """Whether the right that an event of any plane cites was its author's, up to where this event stands."""
        header = event.header
        if not header.auth:
            return header.author in self.owners
        right = self.held.get(EventId(header.auth))
        if right is None or right.id not in self.lawful or right.member != header.author or not right.gives:
            return False
        if right.hlc >= header.hlc:
            return False
        limit = self._limit(right, header.log)
        is_within = limit is None or header.seq <= limit
        return is_within and not self.has_resigned(right.id, header.log, header.seq)


def _is_before(log: LogId, seq: int, end: _Resignation) -> bool:
    if log == end.fact.log:
        return seq < end.fact.seq
    return seq <= end.reach.get(log, 0)


def _over(standing: Fact) -> tuple[bytes, ...]:
    return standing.control.over if isinstance(standing.control, Grant) else ()
