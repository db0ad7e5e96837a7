"""What came of received events, for those who pass them on and for those who end links."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..crypto.identity import member_id_of
from ..ids import MemberId
from .authority import Authority
from .chains import Chains, ForkPoint, Refusal
from .event import Event, EventId, LogId
from .facts import Fact

__all__ = ["Batch", "Fork", "Intake", "Told", "fork_at"]


@dataclass(frozen=True, slots=True)
class Fork:
    """An author said two things in one place; moderators are told."""

    author: MemberId
    incarnation: bytes
    seq: int
    """The log is cut below this."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What came of received events."""

    accepted: tuple[Event, ...] = ()
    """New and kept, in the order in which they were taken; save what the log exports."""
    refused: tuple[tuple[bytes, Refusal], ...] = ()
    """Encoded event and reason; duplicates are not among them."""
    forks: tuple[Fork, ...] = ()
    """Found just now."""
    proofs: tuple[bytes, ...] = ()
    """Encoded events that show these forks."""

    @property
    def news(self) -> tuple[bytes, ...]:
        """What to pass on to the others."""
        return (*(event.encoded for event in self.accepted), *self.proofs)

    @property
    def put_off(self) -> tuple[bytes, ...]:
        """Refused now, welcome later: from the future, or behind a gap."""
        return tuple(data for data, reason in self.refused if reason in {Refusal.FUTURE, Refusal.GAP})

    @property
    def is_hostile(self) -> bool:
        """Whether no honest peer sends such a batch: end the link."""
        return any(reason in {Refusal.MALFORMED, Refusal.SIGNATURE} for _, reason in self.refused)


@dataclass(frozen=True, slots=True)
class Told:
    """An encoded event, and who told us."""

    encoded: bytes
    sender: MemberId | None = None
    """Who is at the other end: its own join is judged by our clock."""
    is_vouched: bool = True
    """Whether a member told us; else everybody's join is judged by our clock."""


@dataclass(slots=True)
class Batch:
    """What has become of a batch so far."""

    told: dict[EventId, Told] = field(default_factory=dict)
    authority: Authority | None = None
    """By which the joins of this batch are judged."""
    waiting: list[Fact] = field(default_factory=list)
    accepted: list[Fact] = field(default_factory=list)
    refused: list[tuple[bytes, Refusal]] = field(default_factory=list)
    fallen: set[EventId] = field(default_factory=set)
    """Held once before, and no news."""
    forks: dict[LogId, ForkPoint] = field(default_factory=dict)

    def intake(self, chains: Chains) -> Intake:
        """What is left of it after all."""
        kept = tuple(fact.event for fact in self.accepted if fact.id in chains.held)
        gone = [(fact.event.encoded, Refusal.FULL) for fact in self.accepted if not chains.knows(fact)]
        forks = tuple(fork_at(log, fork) for log, fork in self.forks.items())
        proofs = tuple(fact.event.encoded for fork in self.forks.values() for fact in fork.proof)
        return Intake(kept, (*self.refused, *gone), forks, proofs)


def fork_at(log: LogId, point: ForkPoint) -> Fork:
    """What is told of a fork."""
    return Fork(member_id_of(log.author), log.incarnation, point.seq)
