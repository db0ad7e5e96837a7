"""One room's control log as this member holds it: takes in bytes, writes our own, and says what another lacks.

DESIGN, section 5; docs/protocol.md, part 3. Checks go from cheap to dear: size → shape → duplicate → may this author →
sequence → signature → prev. Each log is held without gaps. Nothing is kept or passed on that was not verified, and all
that a remote can grow has a bound (`Bounds`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from ..crypto.identity import Identity, verify
from ..ids import MemberId, RoomId
from .acts import Act
from .authority import Authority
from .event import Event, Verifier

__all__ = ["Bounds", "ControlLog", "Fork", "Intake", "Refusal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What others can make us keep."""

    max_events: int = 8192
    """Lawful events of a room by those who are no owners."""
    max_log_events: int = 2048
    """Events of one log."""
    max_author_logs: int = 64
    """Logs of one author: those of its lowest incarnations."""
    max_joins: int = 1024
    """Joins of one invite that wait or count without a grant."""
    max_void: int = 1024
    """Void events behind the last lawful one of their logs, in all (the limbo)."""
    max_forks: int = 256
    """Forks whose proof is kept."""
    max_ahead_ms: int = 120_000
    """An event that is further ahead of our clock is put off."""
    max_frame_bytes: int = 48 * 1024
    """Of one batch of events or one part of a summary."""


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
    """Out of bounds, or its clock stands still."""
    FORKED = "forked"
    """Its log is cut below it, since its author said two things in one place."""
    SIGNATURE = "signature"
    """Not signed by its author for this room: end the link that it came by."""
    INVITE = "invite"
    """A join that its invite does not allow: expired by our clock, over, or not signed by it."""
    FULL = "full"
    """A bound is reached."""


@dataclass(frozen=True, slots=True)
class Fork:
    """Proof that an author said two things in one place; moderators are told."""

    author: MemberId
    incarnation: bytes
    seq: int
    """The log is cut below this."""
    proof: tuple[bytes, ...]
    """Two encoded events."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What came of received events."""

    accepted: tuple[Event, ...] = ()
    """New and kept, in the order in which they were taken; pass these on, and save them."""
    refused: tuple[tuple[bytes, Refusal], ...] = ()
    """Encoded event and reason; duplicates are not among them."""
    forks: tuple[Fork, ...] = ()
    """Found just now."""

    @property
    def put_off(self) -> tuple[bytes, ...]:
        """Refused now, welcome later: from the future, or behind a gap."""
        return tuple(data for data, reason in self.refused if reason in {Refusal.FUTURE, Refusal.GAP})

    @property
    def is_hostile(self) -> bool:
        """Whether no honest peer sends such a batch: end the link."""
        return any(reason in {Refusal.MALFORMED, Refusal.SIGNATURE} for _, reason in self.refused)


class ControlLog:
    """The replica of one room's control events."""

    def __init__(
        self,
        room_id: RoomId,
        genesis: bytes,
        *,
        identity: Identity,
        random_bytes: Callable[[int], bytes],
        incarnation: bytes = b"",
        bounds: Bounds | None = None,
        verify: Verifier = verify,
    ) -> None:
        """Raise MalformedFrame for a genesis of another room. `incarnation` as saved: which of our logs to continue."""
        raise NotImplementedError

    @property
    def incarnation(self) -> bytes:
        """The log that we write to, to be saved; empty until we wrote. Changes when that log was cut."""
        raise NotImplementedError

    @property
    def authority(self) -> Authority:
        """Who may do what by all that is held; a new value after each change."""
        raise NotImplementedError

    @property
    def forks(self) -> tuple[Fork, ...]:
        """All that are known."""
        raise NotImplementedError

    def append(self, acts: Iterable[Act], *, now_ms: int) -> list[Event]:
        """Write and keep events of our own; raise NotAllowed, and write none, where one would be void: whoever has
        learned of its own removal stops here."""
        raise NotImplementedError

    def receive(self, encoded: Iterable[bytes], *, now_ms: int, sender: MemberId | None = None) -> Intake:
        """Take in a batch in any order. `sender` is at the other end: its own join is judged by our clock."""
        raise NotImplementedError

    def restore(self, encoded: Iterable[bytes]) -> None:
        """Take in what `export` gave, without looking at signatures again; passes over what does not fit."""
        raise NotImplementedError

    def export(self) -> list[bytes]:
        """All that is held, proofs of forks included, each event behind those that it builds on."""
        raise NotImplementedError

    def digest(self) -> bytes:
        """16 bytes; equal where the same set is held."""
        raise NotImplementedError

    def summary(self) -> list[bytes]:
        """What is held, in parts of at most 48 KiB, each of which can be answered by itself."""
        raise NotImplementedError

    def missing(self, summary: bytes) -> list[Sequence[bytes]]:
        """Batches of at most 48 KiB with what the sender of this part of a summary lacks; raise MalformedFrame."""
        raise NotImplementedError
