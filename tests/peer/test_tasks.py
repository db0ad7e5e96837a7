"""The owner of all tasks."""

from __future__ import annotations

import asyncio

import pytest

from peer.errors import JoinRefused
from peer.tasks import Runtime


async def test_runtime_waits_for_what_it_started() -> None:
    """Leaving the block leaves no task behind."""
    done = []

    async def work() -> None:
        await asyncio.sleep(0)
        done.append(True)

    async with Runtime() as runtime:
        runtime.spawn(work(), name="work")
    assert done == [True]


async def test_error_of_the_block_goes_on_as_it_is_and_ends_the_tasks() -> None:
    """In no group: `except JoinRefused` around it must work."""
    refused = JoinRefused("room_full", "full")

    async def live() -> None:
        async with Runtime() as runtime:
            runtime.spawn(asyncio.sleep(3600), name="hangs")
            raise refused

    with pytest.raises(JoinRefused) as caught:
        await live()
    assert caught.value is refused


async def test_cancellation_passes_through_and_ends_the_tasks() -> None:
    """As it would without us."""

    async def live() -> None:
        async with Runtime() as runtime:
            runtime.spawn(asyncio.sleep(3600), name="hangs")
            await asyncio.sleep(3600)

    task = asyncio.create_task(live())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


@pytest.mark.allow_logged_errors
async def test_task_that_fails_is_logged_by_name_and_ends_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """A defect of ours in one link must not take the room with it."""

    async def fail() -> None:
        raise ValueError("a defect")

    done = []

    async def live() -> None:
        await asyncio.sleep(0)
        done.append(True)

    async with Runtime() as runtime:
        runtime.spawn(fail(), name="the broken one")
        runtime.spawn(live(), name="the other")
    assert done == [True]
    assert "! task the broken one failed" in caplog.text


async def test_wind_up_ends_what_does_not_end_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    """After the grace, with a word in the log; what ends in time is left alone."""
    done = []

    async def quick() -> None:
        await asyncio.sleep(0)
        done.append(True)

    async with Runtime() as runtime:
        await runtime.wind_up(grace_s=0)
        runtime.spawn(quick(), name="quick")
        await runtime.wind_up(grace_s=1)
        runtime.spawn(asyncio.sleep(3600), name="the slow one")
        await runtime.wind_up(grace_s=0.001)
    assert done == [True]
    assert [record.getMessage() for record in caplog.records] == ["! task the slow one took too long and was ended"]
