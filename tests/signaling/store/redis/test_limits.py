"""Rates over several servers: what one of them would let pass, and no more."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from signaling.bounds.limits import Demand, Rate
from signaling.store.port import Limits
from signaling.store.redis.engine import RedisStore

from ....redis.servers import RedisServer
from ...support import FakeClock
from ..support import make_redis

pytestmark = pytest.mark.redis

USER, ADDRESS = Demand("joins_user", "alice", Rate(5, 10)), Demand("joins_address", "192.0.2.1", Rate(8, 10))


@pytest.fixture(params=["redis_url", "cluster_url"])
async def servers(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[list[RedisStore]]:
    stores = [make_redis(request.getfixturevalue(request.param), Limits(), clock) for _ in range(3)]
    for store in stores:
        await store.open()
    yield stores
    for store in stores:
        await store.close()


async def test_rate_holds_over_all_servers_together(servers: list[RedisStore]) -> None:
    """Of 90 at once, by three servers, as many get through as one server would let."""
    decisions = [servers[number % 3].limiter.decide([USER], now=0) for number in range(90)]
    assert sum(excess is None for excess in await asyncio.gather(*decisions)) == 5


async def test_all_demands_are_met_or_none(servers: list[RedisStore], clock: FakeClock) -> None:
    """What waits longest is named, and a refusal takes nothing from the others."""
    limiter = servers[0].limiter
    for _ in range(5):
        assert await limiter.decide([USER, ADDRESS], now=0) is None
    for _ in range(9):
        excess = await limiter.decide([USER, ADDRESS], now=0)
        assert excess is not None
        assert excess.demand is USER
        assert 1 < excess.wait_s <= 2
    assert [await limiter.decide([ADDRESS], now=0) for _ in range(3)] == [None] * 3
    assert await limiter.decide([ADDRESS], now=0) is not None
    clock.advance(2)
    assert await limiter.decide([USER], now=0) is None


async def test_no_limit_costs_nothing(servers: list[RedisStore]) -> None:
    """A burst of 0 stands for none."""
    before = servers[0].commands
    assert await servers[0].limiter.decide([Demand("joins_user", "alice", Rate(0, 1))], now=0) is None
    assert servers[0].commands == before


async def test_pace_finer_than_a_microsecond_is_let_through(servers: list[RedisStore]) -> None:
    """Whoever sets a rate that nobody reaches is served: its buckets are full again at once."""
    wide = Demand("joins_user", "alice", Rate(1_000_000_000, 60))
    assert [await servers[0].limiter.decide([wide], now=0) for _ in range(20)] == [None] * 20


async def test_buckets_run_out_and_name_nobody(redis_url: str, session_redis: RedisServer, clock: FakeClock) -> None:
    """A bucket that is full again says the same as none; addresses are not kept."""
    store = make_redis(redis_url, Limits(), clock)
    await store.open()
    await store.limiter.decide([ADDRESS], now=0)
    (key,) = session_redis.command("KEYS", "*rates*").splitlines()
    assert "192.0.2.1" not in key
    assert 0 < int(session_redis.command("PTTL", key)) <= 1250
    session_redis.command("SET", key, "9999999999999999")
    excess = await store.limiter.decide([ADDRESS], now=0)
    assert excess is not None
    assert excess.wait_s <= 1.25
    await store.close()
