"""What becomes of message events that somebody tells us: checks go from cheap to dear, and none is left out.

size → shape → duplicate → is its author anybody → clock → fork → window → signature → contradiction. What counts is
news, to be passed on; what is void is parked, if there is place, and passed on to nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from ..crypto.identity import verify
from ..errors import MalformedFrame
from ..ids import RoomId
from ..log.chains import Refusal
from ..log.control import Level
from ..log.event import EventId, LogId, Verifier, VerifyAll, is_signed, ms_of, signed_by
from .bodies import Kind
from .holdings import Holdings
from .logs import Fork, contradiction
from .said import Place, Said, decode_said, place_of, stripped
from .window import Window

__all__ = ["Door", "Intake"]

_MANY = 8
"""Events that are worth the way to other threads."""


@dataclass(slots=True)
class Intake:
    """What came of received events."""

    accepted: list[Said] = field(default_factory=list)
    """New, and counting."""
    forks: list[Fork] = field(default_factory=list)
    """Found just now."""
    refused: list[tuple[bytes, Refusal]] = field(default_factory=list)
    """Encoded event and reason; duplicates are not among them."""
    is_behind: bool = False
    """Some are by strangers, or rely on what we do not know of the control log."""

    @property
    def is_hostile(self) -> bool:
        """Whether no honest peer sends such a batch: end the link."""
        return any(reason in {Refusal.MALFORMED, Refusal.SIGNATURE} for _, reason in self.refused)

    @property
    def has_left_over(self) -> bool:
        """Whether some may be welcome later."""
        return self.is_behind or any(reason is Refusal.FUTURE for _, reason in self.refused)

    @property
    def is_news(self) -> bool:
        return bool(self.accepted or self.forks)


def _by_seq(said: Said) -> tuple[int, Place]:
    return said.seq, said.place


class Door:
    """The way into `Holdings`."""

    def __init__(
        self,
        holdings: Holdings,
        *,
        room_id: RoomId,
        verify: Verifier = verify,
        verify_all: VerifyAll | None = None,
    ) -> None:
        self._holdings = holdings
        self._room_id = room_id
        self._verify = verify
        self._verify_all = verify_all
        self._window: Window | None = None
        """As of this batch; a pin ends it."""

    def receive(self, encoded: Iterable[bytes], *, now_ms: int) -> Intake:
        """Take in a batch in any order."""
        intake, self._window = Intake(), None
        batch = self._read(encoded, intake)
        self._find_forks(batch, intake)
        verified = self._verify_ahead(batch, now_ms=now_ms)
        for said in sorted(batch, key=place_of):
            reason = self._refusal_of(said, intake, verified, now_ms=now_ms)
            intake.is_behind |= reason is Refusal.STRANGER
            if reason is not None:
                intake.refused.append((said.encoded, reason))
        return intake

    def restore(self, encoded: Iterable[bytes]) -> None:
        """Take in what was kept, without looking at signatures again; passes over what does not fit."""
        for said in sorted(self._read(encoded, Intake()), key=place_of):
            if not self._is_held(said) and not self._holdings.logs.is_cut(said.log, said.seq):
                self._put(said, Intake())

    def _read(self, encoded: Iterable[bytes], intake: Intake) -> list[Said]:
        read = []
        for data in encoded:
            try:
                said = decode_said(data, room_id=self._room_id)
            except MalformedFrame:
                intake.refused.append((data, Refusal.MALFORMED))
                continue
            if said is not None:
                read.append(said)
            else:
                intake.refused.append((data, Refusal.NOT_ALLOWED))
        return read

    def _find_forks(self, batch: Iterable[Said], intake: Intake) -> None:
        """Proofs come in pairs, and are taken though neither event would be kept by itself."""
        logs: defaultdict[LogId, dict[EventId, Said]] = defaultdict(dict)
        for said in batch:
            logs[said.log][said.id] = said
        for log, events in logs.items():
            if len(events) > 1 and self._holdings.rules.is_somebody(log.author):
                self._find_fork(log, sorted(events.values(), key=_by_seq), intake)

    def _find_fork(self, log: LogId, events: list[Said], intake: Intake) -> None:
        found = [(seq, low, high) for low, high in pairwise(events) if (seq := contradiction(low, high)) is not None]
        known = self._holdings.logs.forks.get(log)
        seq, *pair = min(found, key=lambda each: each[0], default=(0,))
        if not pair or (known is not None and known.seq <= seq):
            return
        if all(is_signed(said.event, room_id=self._room_id, verify=self._verify) for said in pair):
            forks = [Fork(log, seq, (stripped(pair[0]), stripped(pair[1])))]
            forks += [fork for said in pair if (fork := self._holdings.logs.fork_by(said)) is not None]
            lowest = min(forks, key=lambda each: each.seq)
            self._holdings.cut(lowest)
            intake.forks.append(lowest)

    def _verify_ahead(self, batch: list[Said], *, now_ms: int) -> dict[bytes, bool]:
        """By encoded event, in one go: of those that nothing cheaper refuses, if they are many."""
        if self._verify_all is None or len(batch) < _MANY:
            return {}
        new = {said.encoded: said for said in batch if not self._is_held(said)}
        due = [said for said in new.values() if self._cheap_refusal_of(said, now_ms=now_ms) is None]
        answers = self._verify_all([signed_by(said.event, room_id=self._room_id) for said in due])
        return dict(zip((said.encoded for said in due), answers, strict=True))

    def _is_signed(self, said: Said, verified: Mapping[bytes, bool]) -> bool:
        known = verified.get(said.encoded)
        return known if known is not None else is_signed(said.event, room_id=self._room_id, verify=self._verify)

    def _refusal_of(self, said: Said, intake: Intake, verified: Mapping[bytes, bool], *, now_ms: int) -> Refusal | None:
        """None once it is held, was held before, or has found a fork."""
        if self._is_held(said):
            if said.id in self._holdings.logs.held and self._holdings.put_words(said):
                intake.accepted.append(said)
            return None
        reason = self._cheap_refusal_of(said, now_ms=now_ms)
        if reason is not None:
            return reason
        if not self._is_signed(said, verified):
            return Refusal.SIGNATURE
        return self._put(said, intake)

    def _is_held(self, said: Said) -> bool:
        """Or as proof, above the cut."""
        logs = self._holdings.logs
        fork = logs.forks.get(said.log)
        is_proof = fork is not None and said.seq >= fork.seq and said.id in {proof.id for proof in fork.proof}
        return is_proof or said.id in logs.held

    def _cheap_refusal_of(self, said: Said, *, now_ms: int) -> Refusal | None:
        holdings = self._holdings
        if not holdings.rules.is_somebody(said.author):
            return Refusal.STRANGER
        if ms_of(said.hlc) > now_ms + holdings.limits.max_ahead_ms:
            return Refusal.FUTURE
        if holdings.logs.is_cut(said.log, said.seq) and holdings.logs.fork_by(said) is None:
            return Refusal.FORKED
        return Refusal.FULL if self._is_beyond(said) else None

    def _is_beyond(self, said: Said) -> bool:
        """Whether it would be let go again at once.

        To work the window out after each event would cost milliseconds each, and whatever else is taken in only
        narrows it, but for pins; where a fork widens it, what was refused is told again when both compare.
        """
        window = self._holdings.last_window
        if window is None or said.kind not in {Kind.TEXT, Kind.EDIT, Kind.REACTION}:
            return False
        if window.spans(said.anchor) or self._holdings.logs.fork_by(said) is not None:
            return False
        self._window = self._window or self._holdings.window
        return not self._window.spans(said.anchor)

    def _put(self, said: Said, intake: Intake) -> Refusal | None:
        holdings = self._holdings
        fork = holdings.logs.fork_by(said)
        if fork is not None:
            holdings.cut(fork)
            intake.forks.append(fork)
            if holdings.logs.is_cut(said.log, said.seq) or holdings.logs.fork_by(said) is not None:
                return None
        return self._hold(said, intake)

    def _hold(self, said: Said, intake: Intake) -> Refusal | None:
        holdings = self._holdings
        intake.is_behind |= not holdings.rules.knows(said)
        level = holdings.rules.level_of(said)
        if level is Level.NOBODY and holdings.void_count >= holdings.limits.max_void:
            return Refusal.FULL
        if holdings.hold(said, level):
            intake.accepted.append(said)
            self._window = None if said.kind is Kind.PIN else self._window
        return None
