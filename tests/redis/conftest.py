"""A Redis of the session, and servers on it that stop by themselves."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from signaling.config import Config
from signaling.store.redis.engine import RedisStore

from ..signaling.store.support import make_redis
from ..signaling.support import FakeClock, Meeting
from .servers import RedisServer, a_redis

StartServer = Callable[..., Awaitable[Meeting]]


@pytest.fixture(scope="session")
def session_redis() -> Iterator[RedisServer]:
    with a_redis() as server:
        yield server


@pytest.fixture
def redis(session_redis: RedisServer) -> RedisServer:
    """An empty Redis."""
    session_redis.command("FLUSHALL")
    return session_redis


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def start(redis: RedisServer, clock: FakeClock) -> AsyncIterator[StartServer]:
    """Start a server of this process on the Redis; all share one clock, and Redis follows it."""
    async with AsyncExitStack() as stack:

        async def begin(engine: type[RedisStore] = RedisStore, **settings: Any) -> Meeting:
            limits = Config(guests=True, **settings).limits
            meeting = await Meeting.start(clock, store=make_redis(redis.url, limits, clock, engine), **settings)
            stack.push_async_callback(meeting.close)
            return meeting

        yield begin
