"""Servers that stop by themselves."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from .support import FakeClock, Meeting

Start = Callable[..., Awaitable[Meeting]]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def start(clock: FakeClock) -> AsyncIterator[Start]:
    """Start a server with these settings; by default guests are let in and the store forgets."""
    async with AsyncExitStack() as stack:

        async def begin(**settings: Any) -> Meeting:
            meeting = await Meeting.start(clock, **settings)
            stack.push_async_callback(meeting.close)
            return meeting

        yield begin


@pytest.fixture
async def meeting(start: Start) -> Meeting:
    return await start()
