"""Redis servers of the session: started by the first test that wants one, emptied for each."""

from collections.abc import Iterator

import pytest

from ...redis.servers import RedisServer, a_cluster, a_redis


@pytest.fixture(scope="session")
def session_redis() -> Iterator[RedisServer]:
    with a_redis() as server:
        yield server


@pytest.fixture(scope="session")
def session_cluster() -> Iterator[list[RedisServer]]:
    with a_cluster() as servers:
        yield servers


@pytest.fixture
def redis_url(session_redis: RedisServer) -> str:
    """An empty Redis."""
    session_redis.command("FLUSHALL")
    return session_redis.url


@pytest.fixture
def cluster_url(session_cluster: list[RedisServer]) -> str:
    """An empty cluster of three."""
    for server in session_cluster:
        server.command("FLUSHALL")
    return "redis+cluster://" + ",".join(f"127.0.0.1:{server.port}" for server in session_cluster)
