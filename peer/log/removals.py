"""Who was removed by what, and what still counts of what they wrote.

Removals come from members, as many as their quotas allow, and so do grants that name some of them and not others. So
what ends a right is never put together: each removal is read once, and a right asks for one log at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from .control import Cut, Level
from .event import EventId, LogId

__all__ = ["Reach", "Removal", "Removals", "reach_of"]

Reach = dict[LogId, int]
"""Logs and the last sequence number that still counts in each; others are cut before their first."""


@dataclass(frozen=True, slots=True)
class Removal:
    """One event that removes somebody."""

    id: EventId
    level: Level
    """Of the event that removes."""
    reach: Reach
    """What stands of what the removed wrote."""
    is_ban: bool = True
    """Else a revoke of one right."""


@dataclass(slots=True)
class Removals:
    """Those of one member."""

    all: list[Removal] = field(default_factory=list)
    _levels: dict[bytes, Level] = field(default_factory=dict)
    """Of each removal."""
    _counts: Counter[Level] = field(default_factory=Counter)
    _sorted: dict[tuple[Level, LogId], list[tuple[int, Level, EventId]]] = field(default_factory=dict)
    """The reaches in one log of those above a level, the shortest first."""

    def add(self, removal: Removal) -> None:
        """One that counts. None is added above a level once `limit` was asked for that one."""
        self.all.append(removal)
        self._levels[removal.id] = removal.level
        self._counts[removal.level] += 1

    def end(self, level: Level, *, over: Collection[bytes], giver: Level) -> bool:
        """Whether a right of this level is ended, which was given by `giver` and overcomes `over` as far as it can."""
        above = sum(count for rank, count in self._counts.items() if rank > level)
        overcome = sum(level < self._levels.get(one, Level.NOBODY) <= giver for one in frozenset(over))
        return above > overcome

    def limit(self, log: LogId, level: Level, *, over: Collection[bytes], giver: Level) -> int | None:
        """Up to where in this log a right still counts; None where nothing ends it."""
        for seq, rank, one in self._of(level, log):
            if one not in over or giver < rank:
                return seq
        return None

    def _of(self, level: Level, log: LogId) -> list[tuple[int, Level, EventId]]:
        if (level, log) not in self._sorted:
            found = ((one.reach.get(log, 0), one.level, one.id) for one in self.all if one.level > level)
            self._sorted[level, log] = sorted(found)
        return self._sorted[level, log]


def reach_of(member: bytes, cuts: Iterable[Cut]) -> Reach:
    """What is left of a member by these cuts; of two cuts of one log the last one counts."""
    return {LogId(member, cut.incarnation, cut.plane): cut.seq for cut in cuts}
