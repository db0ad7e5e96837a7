"""A clock that stands still until a test moves it: schedules without waiting."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

__all__ = ["ManualClock"]

_TURNS = 20
"""Of the event loop, for whoever woke up to do its work and go to sleep again."""


class ManualClock:
    """The port `Clock` of a bot."""

    def __init__(self, now: datetime = datetime(2030, 1, 1, 8, 0, tzinfo=UTC)) -> None:
        self._now = now
        self._numbers = itertools.count()
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """UTC."""
        return self._now

    def set(self, now: datetime) -> None:
        """Jump there, and wake nobody: as when a machine's clock is set."""
        self._now = now

    async def sleep_until(self, moment: datetime) -> None:
        """Return once a test has moved the clock so far; at once where it is there."""
        if moment <= self._now:
            await asyncio.sleep(0)
            return
        waiting = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (moment, next(self._numbers), waiting))
        await waiting

    async def advance(self, seconds: float) -> None:
        """Move on, and wake everybody whose moment lies on the way, each at its own."""
        end = self._now + timedelta(seconds=seconds)
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            self._now, _, waiting = heapq.heappop(self._sleepers)
            if not waiting.done():
                waiting.set_result(None)
            await _settle()
        self._now = end
        await _settle()


async def _settle() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
