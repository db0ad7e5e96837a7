"""What a bot's schedules go by: the time of day, and waiting. `peer.testing` has a clock that tests move by hand."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "WallClock"]

_LOOK_EVERY_S = 30.0
"""A machine that slept, or whose clock was set, notices after so long."""


class Clock(Protocol):
    """Time, for a bot."""

    def now(self) -> datetime:
        """UTC."""

    async def sleep_until(self, moment: datetime) -> None:
        """Return once `now()` is that or later."""


class WallClock:
    """That of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep_until(self, moment: datetime) -> None:
        """Looks again now and then, since the loop's clock may stand still while the machine sleeps."""
        while (left_s := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - time sets no event
            await asyncio.sleep(min(left_s, _LOOK_EVERY_S))
