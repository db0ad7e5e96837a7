"""What is held of a room's control events, log by log, and what may be put to it before any signature is looked at.

Each log is held from its first event on without gaps. Whether an event may be put depends on what is held alone, and
more of that only ever allows more; so members who exchange what they hold end with the same set, whatever came first.
Where an author contradicts itself, its log is cut below that place, and what only stood on the part that fell is let
go as well: everybody ends where they would be had they never held it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from .control import Ban, Grant, Invitation, Join, Level, Revoke, Uninvite
from .event import EventId, LogId
from .facts import Fact, order_of

__all__ = ["Bounds", "Chain", "Chains", "ForkPoint", "Refusal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What others can make us keep. Cuts of a revoke and removals of a grant are bounded by their codec."""

    max_events: int = 8192
    """Events of all authors of one level, so that those below cannot keep those above from acting."""
    max_member_events: int = 64
    """Events of an author who is a plain member: joins, and taking leave."""
    max_log_events: int = 2048
    """Events of one log."""
    max_author_logs: int = 64
    """Logs of one author: those of its lowest incarnations."""
    max_joins: int = 1024
    """Joins of one invite that no grant has confirmed."""
    max_void: int = 1024
    """Void events behind the last one of their log that counts, in all (the limbo)."""
    max_forks: int = 256
    """Forks whose proof is kept."""
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
        self._clear()

    def _clear(self) -> None:
        self.logs: dict[LogId, Chain] = {}
        self.held: dict[EventId, Fact] = {}
        self.proofs: set[EventId] = set()
        """Of events that are kept as proof of a fork, and count no more."""
        self._levels: dict[bytes, Level] = dict.fromkeys(self._owners, Level.OWNER)
        """The highest that an author was ever granted by what is held, void or not."""
        self._authored: Counter[bytes] = Counter()
        self._by_level: Counter[Level] = Counter()
        self._logs_of: defaultdict[bytes, set[LogId]] = defaultdict(set)
        self._waiting: Counter[EventId] = Counter()
        """Joins of each invite without a grant."""
        self._granted: set[EventId] = set()

    def knows(self, fact: Fact) -> bool:
        """Whether it is held, be it as proof of a fork."""
        return fact.id in self.held or fact.id in self.proofs

    def count_of_level(self, author: bytes) -> int:
        """How many events are held of all authors whose level is that of this one."""
        return self._by_level[self._levels.get(author, Level.NOBODY)]

    # may it be put?

    def refusal_of(self, fact: Fact) -> Refusal | None:
        """Author first, then sequence; None if nothing but the signature is left to check."""
        return self._author_refusal(fact) or self._sequence_refusal(fact)

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
        is_full = self._waiting[invite.id] >= self._bounds.max_joins and fact.id not in self._granted
        return Refusal.FULL if is_full else None

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
        return Refusal.FULL if fact.seq > len(chain.facts) and self._is_full(fact) else None

    def _is_full(self, fact: Fact) -> bool:
        """An author's quota, that of its level, and its number of logs, of which the lowest are kept."""
        level = max(self._levels.get(fact.author, Level.NOBODY), Level.MEMBER)
        if level is Level.MEMBER and self._authored[fact.author] >= self._bounds.max_member_events:
            return True
        if self._by_level[level] >= self._bounds.max_events:
            return True
        logs = self._logs_of.get(fact.author, set())
        return fact.log not in logs and len(logs) >= self._bounds.max_author_logs and fact.log > max(logs)

    # putting

    def put(self, fact: Fact) -> ForkPoint | None:
        """Keep an event that was not refused and whose signature is good; the fork, if that is what it shows."""
        chain = self.logs.get(fact.log, _EMPTY)
        before = chain.facts[fact.seq - 2] if fact.seq > 1 else None
        if before is not None and fact.event.header.prev != before.id:
            return self._fork(fact.log, ForkPoint(before.seq, (before, fact)))
        if fact.seq <= len(chain.facts):
            return self._fork(fact.log, ForkPoint(fact.seq, (chain.facts[fact.seq - 1], fact)))
        if fact.log not in self._logs_of[fact.author]:
            self._make_room(fact.author)
        self._keep(fact)
        return None

    def _make_room(self, author: bytes) -> None:
        logs = self._logs_of[author]
        if len(logs) >= self._bounds.max_author_logs:
            highest = max(logs)
            self.keep_only((fact for fact in self.held.values() if fact.log != highest), without=highest)

    def _keep(self, fact: Fact) -> None:
        self.logs.setdefault(fact.log, Chain()).facts.append(fact)
        self.held[fact.id] = fact
        self._logs_of[fact.author].add(fact.log)
        self._authored[fact.author] += 1
        self._by_level[self._levels.get(fact.author, Level.NOBODY)] += 1
        match fact.control:
            case Grant():
                self._raise(fact.member, fact.gives)
                self._confirm(fact.target)
            case Join():
                self._raise(fact.author, Level.MEMBER)
                self._waiting[fact.auth] += fact.id not in self._granted

    def _raise(self, author: bytes, level: Level) -> None:
        """Take the higher level, and its quota for all that the author wrote."""
        before = self._levels.get(author, Level.NOBODY)
        if level > before:
            self._levels[author] = level
            self._by_level[before] -= self._authored[author]
            self._by_level[level] += self._authored[author]

    def _confirm(self, join_id: EventId | None) -> None:
        if join_id is None or join_id in self._granted:
            return
        self._granted.add(join_id)
        join = self.held.get(join_id)
        if join is not None and isinstance(join.control, Join):
            self._waiting[join.auth] -= 1

    # letting go

    def _fork(self, log: LogId, fork: ForkPoint) -> ForkPoint:
        self.logs.setdefault(log, Chain()).fork = fork
        self.keep_only(fact for fact in self.held.values() if fact.log != log or fact.seq < fork.seq)
        return fork

    def keep_only(self, facts: Iterable[Fact], *, without: LogId | None = None) -> None:
        """Hold these, and of these only what may still be put; forks stay, but for those of authors nobody knows."""
        left = sorted(facts, key=order_of)
        forks = {log: chain.fork for log, chain in self.logs.items() if chain.fork is not None and log != without}
        self._clear()
        for log, fork in forks.items():
            self.logs[log] = Chain(fork=fork)
            self._logs_of[log.author].add(log)
        while left:
            later = [fact for fact in left if not self._put_again(fact)]
            if len(later) == len(left):
                break
            left = later
        self._forget_strangers()
        self._name_proofs()

    def _put_again(self, fact: Fact) -> bool:
        if self.refusal_of(fact) is not None:
            return False
        self._keep(fact)
        return True

    def _forget_strangers(self) -> None:
        for log in [log for log in self.logs if log.author not in self._levels]:
            del self.logs[log]
            self._logs_of[log.author].discard(log)

    def _name_proofs(self) -> None:
        for count, log in enumerate(sorted(log for log, chain in self.logs.items() if chain.fork is not None)):
            fork = self.logs[log].fork
            assert fork is not None
            if count >= self._bounds.max_forks:
                self.logs[log].fork = fork = ForkPoint(fork.seq, ())
            self.proofs.update(fact.id for fact in fork.proof)

    def everything(self) -> Iterator[Fact]:
        """All that is held, and proofs behind what they contradict."""
        yield from sorted(self.held.values(), key=order_of)
        for chain in self.logs.values():
            if chain.fork is not None:
                yield from chain.fork.proof
