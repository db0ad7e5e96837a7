"""Who flooded us, and until when it is not linked again: longer each time, and forgiven after a while.

By identity, since a new peer id costs nothing. Bounded: of too many, those punished longest ago are forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..config import Config
from ..ids import MemberId

__all__ = ["Floods"]

_MAX_REMEMBERED = 1024
_MAX_DOUBLINGS = 16


@dataclass(slots=True)
class _Record:
    times: int
    until: float


class Floods:
    """Of one room; `now` is monotonic seconds."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._records: dict[MemberId, _Record] = {}

    def punish(self, member: MemberId, *, now: float) -> float:
        """It flooded us; for how many seconds it is not linked."""
        known = self._records.pop(member, None)
        times = 0
        if known is not None and now <= known.until + self._config.flood_pause_max_s:
            times = min(known.times + 1, _MAX_DOUBLINGS)
        pause_s = min(self._config.flood_pause_max_s, self._config.flood_pause_s * 2.0**times)
        self._records[member] = _Record(times, now + pause_s)
        if len(self._records) > _MAX_REMEMBERED:
            del self._records[next(iter(self._records))]
        return pause_s

    def is_paused(self, member: MemberId, *, now: float) -> bool:
        record = self._records.get(member)
        return record is not None and now < record.until
