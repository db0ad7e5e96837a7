"""The clock of this machine."""

from __future__ import annotations

from datetime import UTC, timedelta

from peer.bots.clock import WallClock


async def test_sleep_ends_when_the_moment_has_come() -> None:
    """Or at once where it is over."""
    clock = WallClock()
    moment = clock.now() + timedelta(milliseconds=5)
    assert moment.tzinfo is UTC
    await clock.sleep_until(moment)
    assert clock.now() >= moment
    await clock.sleep_until(moment)
