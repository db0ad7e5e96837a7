"""Several things at once, until the first of them is over."""

import asyncio

import pytest

from peer.signaling.first import first_of


class Waiter:
    """Waits for ever, and notes that it was cancelled."""

    def __init__(self) -> None:
        self.was_cancelled = False

    async def wait(self) -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return "never"


async def say(word: str) -> str:
    return word


async def fail() -> str:
    raise KeyError("lost")


async def test_first_outcome_counts_and_the_others_end() -> None:
    waiter = Waiter()
    assert await first_of(waiter.wait(), say("done")) == "done"
    assert waiter.was_cancelled


async def test_first_named_wins_a_draw() -> None:
    assert await first_of(say("left"), say("right")) == "left"


async def test_exception_leaves_as_it_is() -> None:
    """Not inside a group: what raised it is one path, and its caller catches one error."""
    waiter = Waiter()
    with pytest.raises(KeyError, match="lost"):
        await first_of(fail(), waiter.wait())
    assert waiter.was_cancelled


async def test_cancellation_passes_through() -> None:
    waiter = Waiter()
    task = asyncio.create_task(first_of(waiter.wait()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert waiter.was_cancelled
