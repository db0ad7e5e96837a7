"""What is held of a room's control events, log by log, and what may be put to it before any signature is looked at.

Each log is held from its first event on without gaps. Whether an event may be put depends on what is held alone, and
more of that only ever allows more; so members who exchange what they hold end with the same set, whatever came first.
Where an author contradicts itself, its log is cut below that place, and what only stood on the part that fell is let
go as well: everybody ends where they would be had they never held it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from .control import Ban, Grant, Invitation, Join, Level, Revoke, Uninvite
from .event import EventId, LogId, Plane
from .facts import Fact, order_of

__all__ = ["Bounds", "Chain", "Chains", "ForkPoint", "Refusal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What others can make us keep. Cuts of a revoke and removals of a grant are bounded by their codec."""

    max_events: int = 8192
    """Events of all authors of one level, so that those below cannot keep those above from acting."""
    max_member_events: int = 32
    """Events of an author who is a plain member: joins, and taking leave."""
    max_member_logs: int = 16
    """Logs of a plain member: each join begins one."""
    max_log_events: int = 2048
    """Events of one log."""
    max_author_logs: int = 32
    """Logs of one author below owner: those of its lowest incarnations, and all that are forked."""
    max_joins: int = 1024
    """Joins of one invite that no grant has confirmed: the earliest."""
    max_void: int = 1024
    """Void events behind the last one of their log that counts, in all (the limbo)."""
    max_forks: int = 256
    """Forks whose proof is kept: of the highest authors first."""
    max_author_forks: int = 16
    """Of these, forks of one author."""
    max_ahead_ms: int = 120_000
    """An event that is further ahead of our clock is put off."""
    max_frame_bytes: int = 48 * 1024
    """Of one batch of events, or of one part of a summary."""


class Refusal(Enum):
    """Why an event was not taken."""

    MALFORMED = "malformed"
    """Nothing we would have sent: end the link that it came by."""
    STRANGER = "stranger"
    """Its author has no standing that we know of; may change once we hold more."""
    NOT_ALLOWED = "not_allowed"
    """Nobody of its author's level may say this; may change once we hold more."""
    FUTURE = "future"
    """More than 120 s ahead of our clock: put off, offer it again later."""
    GAP = "gap"
    """An event before it is missing: put off, ask for it."""
    SEQUENCE = "sequence"
    """Its number is out of bounds, or its clock stands still."""
    FORKED = "forked"
    """Its log is cut below it, since its author said two things in one place."""
    SIGNATURE = "signature"
    """Not signed by its author for this room: end the link that it came by."""
    INVITE = "invite"
    """A join that its invite does not allow: not signed by it, or, by our clock or knowledge, over."""
    FULL = "full"
    """A bound is reached."""


@dataclass(frozen=True, slots=True)
class ForkPoint:
    """Where an author said two things."""

    seq: int
    proof: tuple[Fact, ...]
    """Two; none beyond `max_forks`."""


@dataclass(slots=True)
class Chain:
    """One log as far as it is held."""

    facts: list[Fact] = field(default_factory=list)
    fork: ForkPoint | None = None


_EMPTY = Chain()
_LOWEST = LogId(b"", b"", Plane.CONTROL)
_LEAST_LEVEL = {
    Grant: Level.ADMIN,
    Invitation: Level.ADMIN,
    Uninvite: Level.ADMIN,
    Ban: Level.MODERATOR,
    Revoke: Level.MEMBER,
}


class Chains:
    """All logs of one room."""

    def __init__(self, owners: Iterable[bytes], bounds: Bounds) -> None:
        self._owners = tuple(owners)
        self._bounds = bounds
        self.fallen: list[Fact] = []
        """What was let go because it may be put no more; to be taken away by whoever looks whether it may after all."""
        self._clear()

    def _clear(self) -> None:
        self.logs: dict[LogId, Chain] = {}
        self.held: dict[EventId, Fact] = {}
        self.proofs: set[EventId] = set()
        """Of events that are kept as proof of a fork, and count no more."""
        self._levels: dict[bytes, Level] = dict.fromkeys(self._owners, Level.OWNER)
        """The highest that an author was ever granted by what is held, void or not."""
        self._authored: defaultdict[bytes, set[EventId]] = defaultdict(set)
        self._by_level: defaultdict[Level, set[EventId]] = defaultdict(set)
        self._logs_of: defaultdict[bytes, set[LogId]] = defaultdict(set)
        self._waiting: defaultdict[EventId, set[EventId]] = defaultdict(set)
        """Joins of each invite without a grant."""
        self._granted: set[EventId] = set()
        self._highest: dict[object, tuple[int, EventId]] = {}
        """The place of the last event of a quota, where it was asked for."""

    def knows(self, fact: Fact) -> bool:
        """Whether it is held, be it as proof of a fork."""
        return fact.id in self.held or fact.id in self.proofs

    def count_of_level(self, author: bytes) -> int:
        """How many events are held of all authors whose level is that of this one."""
        return len(self._by_level[self._level_for_quota(author)])

    # may it be put?

    def refusal_of(self, fact: Fact) -> Refusal | None:
        """Author first, then sequence; None if nothing but the signature is left to check.

        What contradicts an event that is held needs no more than its author's signature: whatever it says, its author
        has said two things, and everybody has to find so who sees both.
        """
        reason = self._sequence_refusal(fact)
        if reason is None and self.contradicts(fact):
            return None
        return self._author_refusal(fact) or reason or (Refusal.FULL if self._is_full(fact) else None)

    def contradicts(self, fact: Fact) -> bool:
        """Whether it stands in the place of an event that is held, or names another predecessor than the one held.

        Not to be asked of an event behind a gap.
        """
        facts = self.logs.get(fact.log, _EMPTY).facts
        is_beside = fact.seq > 1 and fact.event.header.prev != facts[fact.seq - 2].id
        return is_beside or fact.seq <= len(facts)

    def _author_refusal(self, fact: Fact) -> Refusal | None:
        level = self._levels.get(fact.author, Level.NOBODY)
        if isinstance(fact.control, Join):
            return self._join_refusal(fact, level)
        if level is Level.NOBODY:
            return Refusal.STRANGER
        is_allowed = level >= _LEAST_LEVEL[type(fact.control)]
        if isinstance(fact.control, Grant):
            is_allowed = is_allowed and fact.control.level < level
        return None if is_allowed else Refusal.NOT_ALLOWED

    def _join_refusal(self, fact: Fact, level: Level) -> Refusal | None:
        if level is Level.OWNER:
            return Refusal.NOT_ALLOWED
        invite = self.held.get(fact.auth)
        if invite is None or not isinstance(invite.control, Invitation):
            return Refusal.STRANGER
        return Refusal.SEQUENCE if fact.hlc <= invite.hlc else None

    def _sequence_refusal(self, fact: Fact) -> Refusal | None:
        chain = self.logs.get(fact.log, _EMPTY)
        if chain.fork is not None and fact.seq >= chain.fork.seq:
            return Refusal.FORKED
        if fact.seq > len(chain.facts) + 1:
            return Refusal.GAP
        if fact.seq > self._bounds.max_log_events:
            return Refusal.SEQUENCE
        if fact.seq > 1 and fact.hlc <= chain.facts[fact.seq - 2].hlc:
            return Refusal.SEQUENCE
        return None

    def _is_full(self, fact: Fact) -> bool:
        """Of each quota the lowest are kept, whatever came first: an event beyond the highest has no place."""
        is_late = any(
            len(group) >= bound and fact.order > self._highest_of(key, group)
            for key, group, bound in self._groups(fact)
        )
        return is_late or self._has_too_many_logs(fact)

    def _groups(self, fact: Fact) -> Iterator[tuple[object, Collection[EventId], int]]:
        """The quotas that an event counts to: of its invite, of its author, of its author's level."""
        level = self._level_for_quota(fact.author)
        if isinstance(fact.control, Join) and fact.id not in self._granted:
            yield ("invite", fact.auth), self._waiting[fact.auth], self._bounds.max_joins
        if level is Level.MEMBER:
            yield ("author", fact.author), self._authored[fact.author], self._bounds.max_member_events
        yield ("level", level), self._by_level[level], self._bounds.max_events

    def _highest_of(self, key: object, group: Collection[EventId]) -> tuple[int, EventId]:
        if key not in self._highest:
            self._highest[key] = max(self.held[one].order for one in group)
        return self._highest[key]

    def _has_too_many_logs(self, fact: Fact) -> bool:
        logs = self._logs_of.get(fact.author, set())
        if fact.log in logs or len(logs) < self._max_logs_of(fact.author):
            return False
        return fact.log > max(self._whole_logs_of(fact.author), default=_LOWEST)

    def _max_logs_of(self, author: bytes) -> float:
        level = self._level_for_quota(author)
        if level is Level.OWNER:
            return math.inf
        return self._bounds.max_member_logs if level is Level.MEMBER else self._bounds.max_author_logs

    def _whole_logs_of(self, author: bytes) -> list[LogId]:
        """Those without a fork: the others stay, so that nobody makes place by contradicting itself."""
        return [log for log in self._logs_of.get(author, ()) if self.logs[log].fork is None]

    def _level_for_quota(self, author: bytes) -> Level:
        return max(self._levels.get(author, Level.NOBODY), Level.MEMBER)

    # putting

    def put(self, fact: Fact) -> ForkPoint | None:
        """Keep an event that was not refused and whose signature is good; the fork, if that is what it shows."""
        chain = self.logs.get(fact.log, _EMPTY)
        before = chain.facts[fact.seq - 2] if fact.seq > 1 else None
        if before is not None and fact.event.header.prev != before.id:
            return self._fork(fact.log, ForkPoint(before.seq, (before, fact)))
        if fact.seq <= len(chain.facts):
            return self._fork(fact.log, ForkPoint(fact.seq, (chain.facts[fact.seq - 1], fact)))
        self._keep(fact)
        return None

    def _keep(self, fact: Fact) -> None:
        self.logs.setdefault(fact.log, Chain()).facts.append(fact)
        self.held[fact.id] = fact
        self._logs_of[fact.author].add(fact.log)
        for key, _, _ in self._groups(fact):
            self._highest.pop(key, None)
        self._authored[fact.author].add(fact.id)
        self._by_level[self._level_for_quota(fact.author)].add(fact.id)
        match fact.control:
            case Grant():
                self._raise(fact.member, fact.gives)
                self._confirm(fact.target)
            case Join():
                self._raise(fact.author, Level.MEMBER)
                if fact.id not in self._granted:
                    self._waiting[fact.auth].add(fact.id)

    def _raise(self, author: bytes, level: Level) -> None:
        """Take the higher level, and its quota for all that the author wrote."""
        before = self._level_for_quota(author)
        if level > self._levels.get(author, Level.NOBODY):
            self._levels[author] = level
            self._by_level[before] -= self._authored[author]
            self._by_level[level] |= self._authored[author]
            self._highest.pop(("level", before), None)
            self._highest.pop(("level", level), None)

    def _confirm(self, join_id: EventId | None) -> None:
        if join_id is None or join_id in self._granted:
            return
        self._granted.add(join_id)
        join = self.held.get(join_id)
        if join is not None and isinstance(join.control, Join):
            self._waiting[join.auth].discard(join_id)
            self._highest.pop(("invite", join.auth), None)

    # letting go

    def _fork(self, log: LogId, fork: ForkPoint) -> ForkPoint:
        self.logs.setdefault(log, Chain()).fork = fork
        self.keep_only(fact for fact in self.held.values() if fact.log != log or fact.seq < fork.seq)
        return fork

    def excess(self) -> set[EventId]:
        """What is beyond a quota: the highest of it. Empty once there is nothing more to let go."""
        quotas = (self._waiting.values(), self._bounds.max_joins), (self._of_members(), self._bounds.max_member_events)
        for groups, bound in (*quotas, (self._by_level.values(), self._bounds.max_events)):
            if gone := {one for group in groups for one in self._behind(group, bound)}:
                return gone
        logs = [log for author in self._logs_of for log in self._excess_logs(author)]
        return {fact.id for log in logs for fact in self.logs[log].facts}

    def _of_members(self) -> list[set[EventId]]:
        authored = self._authored.items()
        return [group for author, group in authored if self._level_for_quota(author) is Level.MEMBER]

    def _behind(self, group: Collection[EventId], bound: int) -> list[EventId]:
        return sorted(group, key=lambda one: self.held[one].order)[bound:] if len(group) > bound else []

    def _excess_logs(self, author: bytes) -> list[LogId]:
        count = len(self._logs_of[author]) - self._max_logs_of(author)
        return sorted(self._whole_logs_of(author), reverse=True)[: int(count)] if count > 0 else []

    def keep_only(self, facts: Iterable[Fact]) -> None:
        """Hold these, and of these only what may still be put; forks stay until `forget_forks`."""
        left = sorted(facts, key=order_of)
        forks = {log: chain.fork for log, chain in self.logs.items() if chain.fork is not None}
        self._clear()
        for log, fork in forks.items():
            self.logs[log] = Chain(fork=fork)
            self._logs_of[log.author].add(log)
        while left:
            later = [fact for fact in left if not self._put_again(fact)]
            if len(later) == len(left):
                break
            left = later
        self.fallen += left
        self._name_proofs()

    def _put_again(self, fact: Fact) -> bool:
        if self._author_refusal(fact) is not None or self._sequence_refusal(fact) is not None:
            return False
        self._keep(fact)
        return True

    def forget_forks(self) -> None:
        """Those that nobody could be shown who holds what we hold: whoever comes to it later finds none either."""
        for log, chain in list(self.logs.items()):
            if chain.fork is not None and not self._can_be_shown(chain, chain.fork):
                chain.fork = None
                if not chain.facts:
                    del self.logs[log]
                    self._logs_of[log.author].discard(log)
        self._name_proofs()

    def _can_be_shown(self, chain: Chain, fork: ForkPoint) -> bool:
        """Whether one of the two events of its proof that are first would be taken, and so the other contradicts it."""
        if len(chain.facts) < fork.seq - 1:
            return False
        first = [fact for fact in fork.proof if fact.seq == fork.seq]
        return not fork.proof or any(self._author_refusal(fact) is None for fact in first)

    def _name_proofs(self) -> None:
        """Of the highest authors first, and a share of each: strangers push out nobody's proof."""
        self.proofs.clear()
        counts: Counter[bytes] = Counter()
        ranked = []
        for log in sorted(log for log, chain in self.logs.items() if chain.fork is not None):
            counts[log.author] += 1
            if counts[log.author] <= self._bounds.max_author_forks:
                ranked.append((-self._levels.get(log.author, Level.NOBODY), counts[log.author], log))
        kept = {log for _, _, log in sorted(ranked)[: self._bounds.max_forks]}
        for log, chain in self.logs.items():
            if chain.fork is not None:
                chain.fork = chain.fork if log in kept else ForkPoint(chain.fork.seq, ())
                self.proofs.update(fact.id for fact in chain.fork.proof)

    def everything(self) -> Iterator[Fact]:
        """All that is held, and proofs behind what they contradict."""
        yield from sorted(self.held.values(), key=order_of)
        for chain in self.logs.values():
            if chain.fork is not None:
                yield from chain.fork.proof
