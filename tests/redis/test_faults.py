"""What breaks in a data centre, done to real processes: servers are killed, Redis is stopped, frozen, lost or slow."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from ..signaling.processes import serving
from .clients import Caller, Socket, close_code, receive
from .servers import RedisServer, a_cluster, a_redis, a_sentinel, wait_until
from .way import a_way

pytestmark = pytest.mark.redis

OUTAGE_S = 20.0 if os.environ.get("CI") == "true" else 3.0
"""CI takes the time of a real outage."""


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield Caller(session)


@pytest.fixture
async def servers(redis: RedisServer) -> AsyncIterator[list[tuple[asyncio.subprocess.Process, str]]]:
    """Two server processes on one Redis."""
    async with AsyncExitStack() as stack:
        settings = {"SIGNALING_STORE": redis.url, "SIGNALING_GUESTS": "1", "SIGNALING_SENDER_ENTRIES": "256"}
        yield [await stack.enter_async_context(serving(**settings)) for _ in range(2)]


@pytest.fixture
def urls(servers: list[tuple[asyncio.subprocess.Process, str]]) -> list[str]:
    return [url for _, url in servers]


async def pair(caller: Caller, urls: list[str]) -> tuple[Any, Any]:
    left = await caller.create(urls[0])
    return left, await caller.join(urls[-1], roomId=left["room"]["roomId"])


async def drain(socket: Socket) -> list[Any]:
    """All that a socket has brought, once its server is gone."""
    frames = []
    async for message in socket:
        frames.append(message.json())
    return frames


async def next_body(socket: Socket) -> Any:
    """Of the next envelope; nobody has left meanwhile."""
    while "body" not in (frame := await receive(socket)):
        assert frame["type"] == "peer-joined", frame
    return frame["body"]


async def until(is_so: Callable[[], Awaitable[bool]], *, within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while not await is_so():  # noqa: ASYNC110 - what another process says
            await asyncio.sleep(0.1)


async def collect(socket: Socket, frames: list[Any]) -> None:
    async for message in socket:
        frames.append(message.json())


async def test_killed_server_loses_no_envelope(
    caller: Caller, servers: list[tuple[asyncio.subprocess.Process, str]], urls: list[str]
) -> None:
    """Its peer comes back on the other under its id, gets all that was accepted, and nobody sees it leave."""
    left, right = await pair(caller, urls)
    seen: list[Any] = []
    watching = asyncio.create_task(collect(await caller.connect(urls[0], left), seen))
    doomed = await caller.connect(urls[1], right)
    accepted = []
    for number in range(400):
        if await caller.post(urls[0], left, right, number) == 202:
            accepted.append(number)
        if number == 200:
            servers[1][0].kill()
    before = [frame["body"] for frame in await drain(doomed)]
    again = await caller.connect(urls[0], right)
    after: list[int] = []
    while not after or after[-1] != accepted[-1]:
        after.append((await receive(again))["body"])
    assert len(accepted) == 400
    assert before == list(range(len(before)))
    assert after == list(range(after[0], 400))
    assert after[0] <= len(before)  # nothing in between is lost; what was written and not confirmed may come again
    assert not [frame for frame in seen if frame["type"] == "peer-left"]
    watching.cancel()
    await asyncio.wait([watching])


async def test_redis_that_forgets_everything_is_filled_again(
    caller: Caller, redis: RedisServer, urls: list[str]
) -> None:
    """Peers are told by 4404, join again under their ids, and their old tokens are good again: the key was put back."""
    left, right = await pair(caller, urls)
    sockets = [await caller.connect(urls[0], left), await caller.connect(urls[1], right)]
    redis.stop()
    redis.start()
    assert [await close_code(socket) for socket in sockets] == [4404, 4404]
    room_id = left["room"]["roomId"]
    status, refused = await caller.call(urls[1], "join-room", {"roomId": room_id, "resume": right["resume"]})
    assert (status, refused["error"]["code"]) == (404, "no_such_room")
    left_again = await caller.create(urls[0], roomId=room_id, resume=left["resume"])
    right_again = await caller.join(urls[1], roomId=room_id, resume=right["resume"])
    assert [left_again["peerId"], right_again["peerId"]] == [left["peerId"], right["peerId"]]
    assert [each["peerId"] for each in right_again["peers"]] == [left["peerId"]]
    socket = await caller.connect(urls[0], right)  # with the token of before
    assert await caller.post(urls[1], left, right, "x") == 202
    assert (await receive(socket))["body"] == "x"


@pytest.mark.long
async def test_redis_that_does_not_answer_for_a_while_is_survived(
    caller: Caller, redis: RedisServer, urls: list[str]
) -> None:
    """Not ready, a named error with a retry time, peers of one server still talk; then all goes on, and nobody left."""
    left, right = await pair(caller, urls[:1])
    here, there = await caller.connect(urls[0], left), await caller.connect(urls[0], right)
    far = await caller.join(urls[1], roomId=left["room"]["roomId"])
    await asyncio.sleep(2)  # until the sender counts as settled
    redis.pause()
    try:
        status, answer = await caller.heartbeat(urls[1], far)
        assert (status, answer["error"]["code"]) == (503, "store_unavailable")
        assert answer["error"]["retryAfterS"] > 0
        assert await caller.get(urls[0], "/readyz") == 503
        await here.send_json({"type": "offer", "to": right["peerId"], "body": "still here"})
        assert await next_body(there) == "still here"
        await asyncio.sleep(OUTAGE_S)
    finally:
        redis.resume()

    async def is_ready() -> bool:
        return await caller.get(urls[0], "/readyz") == 200

    await until(is_ready, within_s=10)
    assert (await caller.heartbeat(urls[1], far))[0] == 200
    assert await caller.post(urls[1], far, left, "back") == 202
    assert await next_body(here) == "back"


async def test_redis_that_comes_back_with_its_data_is_survived(caller: Caller) -> None:
    """Stopped, not frozen: connections are refused meanwhile; nobody left, ids, sockets and mail are as before."""
    with a_redis("--appendonly", "yes", "--appendfsync", "always") as redis:
        settings = {"SIGNALING_STORE": redis.url, "SIGNALING_GUESTS": "1"}
        async with serving(**settings) as (_, one), serving(**settings) as (_, other):
            left, right = await pair(caller, [one, other])
            away = await caller.join(one, roomId=left["room"]["roomId"])
            here, there = await caller.connect(one, left), await caller.connect(other, right)
            assert await caller.post(one, left, away, "kept") == 202
            await asyncio.to_thread(redis.stop)
            for url in (one, other):
                status, answer = await caller.heartbeat(url, left)
                assert (status, answer["error"]["code"]) == (503, "store_unavailable")
                assert answer["error"]["retryAfterS"] > 0
                assert [await caller.get(url, path) for path in ("/readyz", "/healthz")] == [503, 200]
            await asyncio.to_thread(redis.start)

            async def is_ready() -> bool:
                return [await caller.get(url, "/readyz") for url in (one, other)] == [200, 200]

            await until(is_ready, within_s=10)
            assert [frame["body"] for frame in await caller.poll(other, away, wait_s=0)] == ["kept"]
            await here.send_json({"type": "offer", "to": right["peerId"], "body": "again"})
            assert await next_body(there) == "again"
            assert await caller.post(other, right, left, "both ways") == 202
            assert await next_body(here) == "both ways"
            await here.close()
            await there.close()


@pytest.mark.long
async def test_replica_takes_over(caller: Caller) -> None:
    """Sentinel promotes it; rooms, ids and sockets stay, and servers go on without a restart."""
    with a_sentinel() as (master, replica, url):
        async with AsyncExitStack() as stack:
            settings = {"SIGNALING_STORE": url, "SIGNALING_GUESTS": "1", "SIGNALING_REDIS_TIMEOUT_S": "1"}
            urls = [(await stack.enter_async_context(serving(**settings)))[1] for _ in range(2)]
            left, right = await pair(caller, urls)
            socket = await caller.connect(urls[1], right)
            wait_until(lambda: replica.command("DBSIZE") == master.command("DBSIZE"), what="the replica")
            master.stop()

            async def is_accepted() -> bool:
                return await caller.post(urls[0], left, right, "x") == 202

            await until(is_accepted, within_s=20)
            assert await next_body(socket) == "x"
            status, answer = await caller.heartbeat(urls[0], left)
            assert (status, [each["peerId"] for each in answer["peers"]]) == (200, [right["peerId"]])
            await socket.close()


@pytest.mark.long
async def test_cluster_that_loses_a_primary_goes_on(caller: Caller) -> None:
    """Its replica takes over, for the rooms of all tags, without a restart of ours."""
    with a_cluster(6, replicas=1) as nodes:
        url = "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in nodes)
        settings = {"SIGNALING_STORE": url, "SIGNALING_GUESTS": "1", "SIGNALING_REDIS_TIMEOUT_S": "1"}
        async with serving(**settings) as (_, one), serving(**settings) as (_, other):
            pairs = [await pair(caller, [one, other]) for _ in range(12)]
            sockets = [await caller.connect(other, right) for _, right in pairs]
            next(node for node in nodes if "role:master" in node.command("INFO", "replication")).stop()

            async def all_accepted() -> bool:
                statuses = await asyncio.gather(*(caller.post(one, left, right, "x") for left, right in pairs))
                return set(statuses) == {202}

            await until(all_accepted, within_s=25)
            assert [await next_body(socket) for socket in sockets] == ["x"] * 12
            for socket in sockets:
                await socket.close()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    with a_redis() as server:
        yield server


async def test_slow_redis_sheds_load(caller: Caller, own_redis: RedisServer) -> None:
    """Callers beyond the bound hear 503 at once, none waits for ever, and with the slowness all that is over."""
    async with a_way(own_redis.port) as slow:
        settings = {
            "SIGNALING_STORE": f"redis://127.0.0.1:{slow.port}/0",
            "SIGNALING_GUESTS": "1",
            "SIGNALING_REDIS_CONNECTIONS": "1",
            "SIGNALING_REDIS_WAITING": "20",
            "SIGNALING_REDIS_TIMEOUT_S": "1",
        }
        async with serving(**settings) as (_, url):
            peer = await caller.create(url)
            slow.delay_s = 0.4
            loop = asyncio.get_running_loop()
            started = loop.time()
            answers = await asyncio.gather(*(caller.heartbeat(url, peer) for _ in range(90)))
            assert loop.time() - started < 3
            statuses = [status for status, _ in answers]
            assert set(statuses) == {200, 503}
            assert statuses.count(503) >= 60
            slow.delay_s = 5.0
            assert (await caller.heartbeat(url, peer))[0] == 503
            slow.delay_s = 0.0

            async def is_served() -> bool:
                return (await caller.heartbeat(url, peer))[0] == 200

            await until(is_served, within_s=5)
