"""What several servers promise as one service, asked of processes such as an operator starts."""

import asyncio
import os
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest

from signaling.ids import RoomId
from signaling.store.redis.keys import room_key

from ..signaling.processes import serving
from .clients import Caller, receive
from .servers import RedisServer
from .way import a_way

pytestmark = pytest.mark.redis

SECRET = "a secret of more than thirty-two bytes"

Start = Callable[..., Awaitable[list[str]]]


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """As many connections at once as a test has calls."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield session


@pytest.fixture
def caller(session: aiohttp.ClientSession) -> Caller:
    return Caller(session)


@pytest.fixture
async def start(redis: RedisServer) -> AsyncIterator[Start]:
    """Start so many server processes on the Redis, or by another way to it; their URLs."""
    async with AsyncExitStack() as stack:

        async def begin(count: int, **settings: str) -> list[str]:
            wanted = {"SIGNALING_STORE": redis.url, "SIGNALING_GUESTS": "1", **settings}
            starts = [stack.enter_async_context(serving(**wanted)) for _ in range(count)]
            return [url for _, url in await asyncio.gather(*starts)]

        yield begin


async def scrape(session: aiohttp.ClientSession, urls: list[str]) -> Counter[str]:
    """All series of all servers, added up."""
    total: Counter[str] = Counter()
    for url in urls:
        async with session.get(f"{url}/metrics") as response:
            found = re.findall(r"^(signaling_\S+) ([0-9.]+)$", await response.text(), re.MULTILINE)
        total.update({series: float(figure) for series, figure in found})
    return total


async def test_two_hundred_joins_by_four_servers_fill_ten_places(
    caller: Caller, session: aiohttp.ClientSession, start: Start, redis: RedisServer
) -> None:
    """All at once: exactly ten are in the room, all others hear that it is full, and so say the servers' figures."""
    urls = await start(4, SIGNALING_ROOM_PEERS="10")
    host = await caller.create(urls[0])
    room_id = host["room"]["roomId"]
    joins = [caller.call(urls[number % 4], "join-room", {"roomId": room_id}) for number in range(200)]
    answers = await asyncio.gather(*joins)
    assert Counter(status for status, _ in answers) == {200: 9, 409: 191}
    inside = {host["peerId"], *(answer["peerId"] for status, answer in answers if status == 200)}
    assert set(redis.command("HKEYS", room_key(RoomId(room_id)) + ":peers").split()) == inside
    assert len(inside) == 10
    total = await scrape(session, urls)
    assert total["signaling_peers_joined_total"] == 10
    assert total["signaling_rooms_created_total"] == 1
    assert total['signaling_refusals_total{code="room_full"}'] == 191
    assert total["signaling_rooms"] == 4, "a fact about the store, which each of them tells"


async def test_rates_count_across_servers(caller: Caller, session: aiohttp.ClientSession, start: Start) -> None:
    """By user and by address: whichever server is asked, together they let through what one of them would."""
    settings = {"SIGNALING_JWT_SECRET": SECRET, "SIGNALING_USER_JOINS": "5/60", "SIGNALING_ADDRESS_JOINS": "8/60"}
    urls = await start(3, **settings)
    room_id = (await caller.create(urls[0]))["room"]["roomId"]

    async def join(number: int, user: str) -> tuple[int, Any]:
        token = jwt.encode({"sub": user, "exp": time.time() + 600}, SECRET, algorithm="HS256")
        return await caller.call(urls[number % 3], "join-room", {"roomId": room_id}, token=token)

    for user, places in (("alice", 5), ("bob", 3), ("carol", 0)):
        answers = await asyncio.gather(*(join(number, user) for number in range(30)))
        assert Counter(status for status, _ in answers) == Counter({200: places, 429: 30 - places}), user
        assert {answer["error"]["code"] for status, answer in answers if status == 429} == {"rate_limited"}
        assert all(answer["error"]["retryAfterS"] > 0 for status, answer in answers if status == 429)
    assert (await scrape(session, urls))['signaling_refusals_total{code="rate_limited"}'] == 25 + 27 + 30


async def test_each_server_holds_one_subscription(caller: Caller, start: Start, redis: RedisServer) -> None:
    """However many WebSockets it has; and no more connections for commands than are set."""
    urls = await start(3, SIGNALING_REDIS_CONNECTIONS="2")
    room = await caller.create(urls[0])
    peers = [room, *[await caller.join(urls[n % 3], roomId=room["room"]["roomId"]) for n in range(12)]]
    sockets = [await caller.connect(urls[number % 3], peer) for number, peer in enumerate(peers)]
    await asyncio.gather(*(caller.heartbeat(urls[n % 3], peers[n % 13]) for n in range(200)))
    kinds = Counter(
        "sub=1" in line for line in redis.command("CLIENT", "LIST").splitlines() if "cmd=client" not in line
    )
    assert kinds[True] == 3
    assert kinds[False] <= 3 * 2
    for socket in sockets:
        await socket.close()


async def test_everything_arrives_although_every_bell_is_lost(caller: Caller, start: Start, redis: RedisServer) -> None:
    """By WebSocket at the next round, by poll when it comes back; in order and once, and a departure is told too."""
    async with a_way(redis.port) as way:
        way.is_mute = True
        settings = {"SIGNALING_STORE": f"redis://127.0.0.1:{way.port}/0", "SIGNALING_PING_S": "1"}
        one, other = await start(2, **settings)
        left = await caller.create(one)
        right, poller = [await caller.join(other, roomId=left["room"]["roomId"]) for _ in range(2)]
        socket = await caller.connect(other, right)
        assert await caller.poll(other, poller, wait_s=0) == []  # from now on it would be rung for
        for number in range(20):
            assert await caller.post(one, left, right, number) == 202
            assert await caller.post(one, left, poller, number) == 202
        assert await bodies(socket, 20) == list(range(20))
        assert [frame["body"] for frame in await caller.poll(other, poller, wait_s=0)] == list(range(20))
        assert await caller.poll(other, poller, wait_s=0) == []
        await caller.call(one, "leave-room", {}, token=left["token"])
        assert await receive(socket) == {"type": "peer-left", "peerId": left["peerId"], "reason": "left"}
        assert way.swallowed > 40
        await socket.close()


@pytest.fixture(params=[300, -300])
async def wrong(request: pytest.FixtureRequest, redis: RedisServer, tmp_path: Path) -> AsyncIterator[str]:
    """A server for which it is five minutes later, or earlier, than for everybody else."""
    shift = f"import time\nright = time.time\ntime.time = lambda: right() + {request.param}\n"
    (tmp_path / "sitecustomize.py").write_text(shift)
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    async with serving(SIGNALING_STORE=redis.url, SIGNALING_GUESTS="1", PYTHONPATH=path) as (process, url):
        assert process.stderr is not None
        said = b""
        while b"clock" not in said:
            said = await asyncio.wait_for(process.stderr.readline(), 5)
        assert f"clock is {request.param} s off".encode() in said
        yield url


async def test_server_whose_clock_is_off_serves_as_the_others_do(
    caller: Caller, start: Start, redis: RedisServer, wrong: str
) -> None:
    """Five minutes either way: its tokens are good elsewhere and others' with it, and leases end on time."""
    (right,) = await start(1)
    here = await caller.create(wrong)
    there = await caller.join(right, roomId=here["room"]["roomId"])
    sockets = [await caller.connect(right, here), await caller.connect(wrong, there)]
    for url in (right, wrong):
        for peer, other in ((here, there), (there, here)):
            assert (await caller.heartbeat(url, peer))[0] == 200
            assert await caller.post(url, peer, other, url) == 202
    for socket in sockets:
        assert await bodies(socket, 2) == [right, wrong]
    claims = [jwt.decode(each["token"], options={"verify_signature": False}) for each in (here, there)]
    assert abs(claims[0]["exp"] - claims[1]["exp"]) <= 2
    leases = room_key(RoomId(here["room"]["roomId"])) + ":leases"
    ends = [int(end) / 1000 for end in redis.command("ZRANGE", leases, "0", "-1", "WITHSCORES").split()[1::2]]
    assert len(ends) == 2
    assert all(60 < end - time.time() <= 75.1 for end in ends)
    for socket in sockets:
        await socket.close()


async def bodies(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[Any]:
    """Of the next envelopes, whatever notices come between."""
    found: list[Any] = []
    while len(found) < count:
        frame = await receive(socket)
        found += [frame["body"]] if "body" in frame else []
    return found
