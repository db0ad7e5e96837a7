"""The clock of tests: it stands still until it is moved."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from peer.testing import ManualClock


async def test_sleepers_wake_in_order_each_at_its_moment() -> None:
    """Also those who go to sleep again on the way."""
    clock, woken = ManualClock(), list[tuple[str, float]]()
    start = clock.now()

    async def sleep(name: str, *moments_s: float) -> None:
        for moment_s in moments_s:
            await clock.sleep_until(start + timedelta(seconds=moment_s))
            woken.append((name, (clock.now() - start).total_seconds()))

    tasks = [asyncio.create_task(sleep("a", 1, 3)), asyncio.create_task(sleep("b", 2, 2, 9))]
    await clock.advance(5)
    assert woken == [("a", 1), ("b", 2), ("b", 2), ("a", 3)]
    assert (clock.now() - start).total_seconds() == 5
    await clock.advance(4)
    assert woken[-1] == ("b", 9)
    await asyncio.gather(*tasks)


async def test_sleeper_that_was_cancelled_is_passed_over() -> None:
    """A bot may have stopped meanwhile."""
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep_until(clock.now() + timedelta(seconds=1)))
    await asyncio.sleep(0)
    task.cancel()
    await clock.advance(2)
    assert task.cancelled()
