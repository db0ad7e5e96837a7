"""Asking a store that may hang."""

import asyncio

import pytest

from signaling.errors import StoreUnavailable
from signaling.readiness import Readiness


class Patient:
    """A store that answers when it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asked = 0
        self.error = error
        self.may_answer = asyncio.Event()

    async def ping(self) -> None:
        self.asked += 1
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error


def _willing(error: Exception | None = None) -> Patient:
    store = Patient(error)
    store.may_answer.set()
    return store


async def test_store_that_answers_is_well() -> None:
    """Asked anew each time."""
    store = _willing()
    readiness = Readiness(store.ping, timeout_s=5)
    assert await readiness.is_well()
    await readiness.check()
    assert store.asked == 2
    await readiness.close()


async def test_store_that_says_no_is_not() -> None:
    """With its own error, so that the caller hears the code."""
    readiness = Readiness(_willing(StoreUnavailable()).ping, timeout_s=5)
    assert not await readiness.is_well()
    with pytest.raises(StoreUnavailable):
        await readiness.check()


async def test_bug_of_a_store_stays_a_bug() -> None:
    """It belongs into the log, and is no matter of waiting."""
    readiness = Readiness(_willing(KeyError("bug")).ping, timeout_s=5)
    with pytest.raises(KeyError):
        await readiness.check()


async def test_store_that_hangs_is_asked_once() -> None:
    """Everybody hears no within the time-out, and one question stays under way."""
    store = Patient()
    readiness = Readiness(store.ping, timeout_s=0.01)
    answers = await asyncio.gather(*(readiness.is_well() for _ in range(50)))
    assert answers == [False] * 50
    assert not await readiness.is_well()
    assert store.asked == 1
    store.may_answer.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await readiness.is_well()
    assert store.asked == 2


async def test_late_error_is_nobodys() -> None:
    """A store that hangs and then fails leaves no error that nobody takes: the guard would see it in the log."""
    store = Patient(StoreUnavailable())
    assert not await Readiness(store.ping, timeout_s=0.01).is_well()
    store.may_answer.set()
    await asyncio.sleep(0)


async def test_close_gives_up_on_a_store_that_hangs() -> None:
    """Whoever waits hears no; a second close does nothing."""
    readiness = Readiness(Patient().ping, timeout_s=5)
    asker = asyncio.create_task(readiness.is_well())
    await asyncio.sleep(0)
    await readiness.close()
    await readiness.close()
    assert not await asker
