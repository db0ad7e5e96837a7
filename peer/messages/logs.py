"""The message logs that are held, with holes, and the forks that were found in them.

Retention leaves holes in a log, so an event is held by itself, and compared with its nearest neighbours that are held.
An author has contradicted itself where two events that it signed stand in one place, where one names another
predecessor than the one that is held, or where its clock does not rise. The two are the proof, kept without their words
for ever; the log is cut below that place, and of several such places the lowest counts, on every replica and in any
order of arrival.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..log.event import EventId, LogId
from .said import Said, place_of, stripped

__all__ = ["Fork", "Logs", "contradiction"]


@dataclass(frozen=True, slots=True)
class Fork:
    """Where an author contradicted itself."""

    log: LogId
    seq: int
    """The log is cut below this."""
    proof: tuple[Said, Said]
    """Without words."""


@dataclass(slots=True)
class _Log:
    said: dict[int, Said] = field(default_factory=dict)
    seqs: list[int] = field(default_factory=list)
    """Sorted."""

    def neighbours(self, seq: int) -> list[Said]:
        """What is held nearest below, at, and above this place."""
        position = bisect_left(self.seqs, seq)
        return [self.said[near] for near in self.seqs[max(0, position - 1) : position + 2]]


def contradiction(one: Said, other: Said) -> int | None:
    """Where the log is to be cut for these two events of it; None if both may be true."""
    low, high = (one, other) if one.seq <= other.seq else (other, one)
    if low.id == high.id:
        return None
    if low.seq == high.seq or (high.seq == low.seq + 1 and high.event.header.prev != low.id):
        return low.seq
    return high.seq if high.hlc <= low.hlc else None


class Logs:
    """All events of a room that are held, be they void; those of the part of a log that was cut are not."""

    def __init__(self, *, max_forks: int, max_author_forks: int) -> None:
        self.held: dict[EventId, Said] = {}
        self.forks: dict[LogId, Fork] = {}
        self._logs: dict[LogId, _Log] = {}
        self._forked: defaultdict[bytes, set[LogId]] = defaultdict(set)
        self._logs_of: defaultdict[bytes, set[LogId]] = defaultdict(set)
        self._max_forks = max_forks
        self._max_author_forks = max_author_forks

    def is_cut(self, log: LogId, seq: int) -> bool:
        """Whether nothing counts at this place. Whoever forked too many logs has no others any more."""
        fork = self.forks.get(log)
        if fork is not None:
            return seq >= fork.seq
        return len(self._forked.get(log.author, ())) >= self._max_author_forks

    def fork_by(self, said: Said) -> Fork | None:
        """What an event shows together with what is held: the lowest place of all, if below the one that is known."""
        known = self.forks.get(said.log)
        near = self._log(said.log).neighbours(said.seq)
        near += known.proof if known is not None else ()
        found = [(seq, other) for other in near if (seq := contradiction(said, other)) is not None]
        if not found:
            return None
        seq, other = min(found, key=lambda each: (each[0], each[1].place))
        if known is not None and seq >= known.seq:
            return None
        low, high = sorted((said, other), key=lambda each: (each.seq, each.place))
        return Fork(said.log, seq, (stripped(low), stripped(high)))

    def put(self, said: Said) -> None:
        """Hold what contradicts nothing, or, in place of itself, what lost or got back its words."""
        log = self._logs.setdefault(said.log, _Log())
        if said.seq not in log.said:
            insort(log.seqs, said.seq)
            self._logs_of[said.author].add(said.log)
        log.said[said.seq] = said
        self.held[said.id] = said

    def remove(self, said: Said) -> None:
        """Hold it no longer."""
        del self.held[said.id]
        log = self._logs[said.log]
        del log.said[said.seq]
        del log.seqs[bisect_left(log.seqs, said.seq)]
        if not log.seqs:
            del self._logs[said.log]
            self._logs_of[said.author].discard(said.log)

    def cut(self, fork: Fork) -> list[Said]:
        """Keep a fork; what has fallen by it is held no more."""
        self.forks[fork.log] = fork
        self._forked[fork.log.author].add(fork.log)
        self._drop_forks(sorted(self._forked[fork.log.author])[self._max_author_forks :])
        self._drop_forks(sorted(self.forks)[self._max_forks :])
        author = fork.log.author
        fallen = [said for log in self._logs_of[author] for said in self._log(log).said.values()]
        fallen = [said for said in fallen if self.is_cut(said.log, said.seq)]
        for said in fallen:
            self.remove(said)
        return fallen

    def _drop_forks(self, logs: list[LogId]) -> None:
        for log in logs:
            del self.forks[log]
            self._forked[log.author].discard(log)

    def of_author(self, author: bytes) -> Iterator[Said]:
        """All that is held of one author, by log and sequence."""
        for log in self.names_of(author):
            yield from self.of_log(log)

    def names_of(self, author: bytes) -> list[LogId]:
        """The logs of one author of which anything is held."""
        return sorted(self._logs_of.get(author, ()))

    def of_log(self, log: LogId) -> Iterator[Said]:
        """All that is held of one log, by sequence."""
        held = self._log(log)
        return (held.said[seq] for seq in held.seqs)

    def at(self, log: LogId, seq: int) -> Said | None:
        """What is held in this place."""
        return self._log(log).said.get(seq)

    def tip(self, log: LogId) -> int:
        """The highest number that is held; 0 for none."""
        seqs = self._log(log).seqs
        return seqs[-1] if seqs else 0

    @property
    def names(self) -> list[LogId]:
        """All of which anything is held."""
        return list(self._logs)

    def last_of(self, author: bytes) -> int:
        """The clock value of the last event of an author that is held; 0 for none."""
        return max((self._log(log).said[self.tip(log)].hlc for log in self._logs_of.get(author, ())), default=0)

    def everything(self) -> list[Said]:
        """All that is held, in the order of all."""
        return sorted(self.held.values(), key=place_of)

    def _log(self, log: LogId) -> _Log:
        return self._logs.get(log) or _Log()
