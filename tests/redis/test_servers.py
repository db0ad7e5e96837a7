"""Several servers on one Redis are one service: whichever a peer asks, it is the same room."""

import asyncio
import time
from collections import Counter
from typing import Any

import aiohttp
import pytest

from signaling.config import Config
from signaling.store.redis.engine import RedisStore
from signaling.store.redis.keys import room_key
from signaling.store.shared import Bell

from ..signaling.support import FakeClock, Meeting
from .conftest import StartServer
from .servers import RedisServer

pytestmark = pytest.mark.redis

Socket = aiohttp.ClientWebSocketResponse


class DeafStore(RedisStore):
    """No bell ever reaches this server."""

    async def hear(self) -> tuple[Bell, ...] | None:
        await asyncio.Event().wait()
        return None


async def pair(left: Meeting, right: Meeting) -> tuple[Any, Any]:
    """Two peers of one room who came by two servers."""
    one = await left.create(displayName="left")
    other = await right.join(roomId=one["room"]["roomId"], displayName="right")
    await left.inbox(one)
    return one, other


async def receive(socket: Socket) -> Any:
    async with asyncio.timeout(3):
        return await socket.receive_json()


async def receive_bodies(socket: Socket, count: int) -> list[Any]:
    return [(await receive(socket))["body"] for _ in range(count)]


async def close_code(socket: Socket) -> int:
    """What the server's close says."""
    async with asyncio.timeout(3):
        while (message := await socket.receive()).type is not aiohttp.WSMsgType.CLOSE:
            pass
    return int(message.data)


async def test_websockets_on_two_servers_reach_each_other_in_order(start: StartServer) -> None:
    """Both ways, each envelope once."""
    one, other = await start(), await start()
    left, right = await pair(one, other)
    here, there = await one.connect(left), await other.connect(right)
    for number in range(50):
        await here.send_json({"type": "candidate", "to": right["peerId"], "body": number})
        await there.send_json({"type": "candidate", "to": left["peerId"], "body": -number})
    assert await receive_bodies(there, 50) == list(range(50))
    assert await receive_bodies(here, 50) == [-number for number in range(50)]
    assert await other.inbox(right) == []


async def test_poll_on_one_server_is_woken_by_the_other(start: StartServer) -> None:
    """At once, not at the end of its time."""
    one, other = await start(), await start()
    left, right = await pair(one, other)
    waiting = asyncio.ensure_future(other.inbox(right, wait=20))
    while not other.service.switchboard.polls:  # noqa: ASYNC110 - a state of the server, which sets no event for tests
        await asyncio.sleep(0.01)
    async with asyncio.timeout(3):
        assert (await one.post("offer", left, right["peerId"], "x")).status == 202
        assert [each["body"] for each in await waiting] == ["x"]


async def test_calls_by_many_servers_keep_their_order(start: StartServer) -> None:
    """A peer behind a load balancer posts by one server after the other; one of them has the addressee's WebSocket."""
    servers = [await start() for _ in range(3)]
    left, right = await pair(servers[0], servers[1])
    socket = await servers[2].connect(right)
    for number in range(30):
        await servers[number % 3].post("candidate", left, right["peerId"], number)
    assert await receive_bodies(socket, 30) == list(range(30))


async def test_sender_that_changes_its_server_keeps_its_order(start: StartServer) -> None:
    """What it sent by the old one comes before what it sends by the new one, where the addressee is."""
    one, other = await start(), await start()
    left, right = await pair(one, other)
    there = await other.connect(right)
    before = await one.connect(left)
    for number in range(20):
        await before.send_json({"type": "candidate", "to": right["peerId"], "body": number})
    after = await other.connect(left)
    for number in range(20, 40):
        await after.send_json({"type": "candidate", "to": right["peerId"], "body": number})
    bodies = await receive_bodies(there, 20)
    rest = [body for body in bodies if body >= 20]
    assert bodies == sorted(bodies)
    assert rest or await receive_bodies(there, 20) == list(range(20, 40))


async def test_newest_connection_wins_across_servers(start: StartServer) -> None:
    """The older one is closed with 4409, nobody sees the peer leave, and its mail comes by the newer one."""
    one, other = await start(), await start()
    left, right = await pair(one, other)
    watcher = await one.connect(left)
    older = await one.connect(right)
    newer = await other.connect(right)
    assert await close_code(older) == 4409
    await watcher.send_json({"type": "offer", "to": right["peerId"], "body": "x"})
    assert await receive_bodies(newer, 1) == ["x"]
    await newer.send_json({"type": "answer", "to": left["peerId"], "body": "y"})
    assert await receive_bodies(watcher, 1) == ["y"]


async def test_who_comes_and_goes_is_told_across_servers(start: StartServer, clock: FakeClock) -> None:
    """Join, leave and time-out, in the order in which they happened."""
    one, other = await start(), await start()
    left = await one.create()
    watcher = await one.connect(left)
    for ends_well in (True, False):
        guest = await other.join(roomId=left["room"]["roomId"])
        assert (await receive(watcher))["type"] == "peer-joined"
        if ends_well:
            await one.call("POST", "/signaling/leave-room", {}, token=guest["token"])
            assert await receive(watcher) == {"type": "peer-left", "peerId": guest["peerId"], "reason": "left"}
    clock.advance(70)
    await one.service.renew((await one.service.store.renew(()) or list(one.service.switchboard.connections))[0])
    clock.advance(10)
    await other.service.sweep()
    assert await receive(watcher) == {"type": "peer-left", "peerId": guest["peerId"], "reason": "timeout"}


async def test_leaving_by_one_server_closes_the_socket_on_the_other(start: StartServer) -> None:
    """With 1000, as a leave by the socket itself."""
    one, other = await start(), await start()
    _, right = await pair(one, other)
    socket = await other.connect(right)
    await one.call("POST", "/signaling/leave-room", {}, token=right["token"])
    assert await close_code(socket) == 1000


async def test_everything_arrives_without_a_single_bell(start: StartServer, clock: FakeClock) -> None:
    """Late: at the round of the connection, or when a poll comes back."""
    one, other = await start(DeafStore), await start(DeafStore)
    left, right = await pair(one, other)
    socket = await other.connect(right)
    older = await one.connect(left)
    await one.post("offer", left, right["peerId"], "x")
    newer = await other.connect(left)
    clock.advance(25)
    await other.service.sweep()
    assert await receive_bodies(socket, 1) == ["x"]
    closing = asyncio.ensure_future(close_code(older))
    await asyncio.sleep(0)
    await one.service.sweep()
    assert await closing == 4409
    await other.post("offer", right, left["peerId"], "y")
    assert await receive_bodies(newer, 1) == ["y"]


async def test_server_with_a_wrong_clock_changes_nothing(redis: RedisServer) -> None:
    """Five minutes off, either way: leases go by Redis, and so do tokens."""
    clocks = [FakeClock(time.time() + minutes * 60) for minutes in (0, 5, -5)]
    limits = Config().limits
    servers = [await Meeting.start(clock, store=RedisStore(redis.url, limits, clock=clock)) for clock in clocks]
    try:
        right_time, early, late = servers
        left, right = await pair(early, late)
        here, there = await early.connect(right), await late.connect(left)
        for server in servers:
            for peer in (left, right):
                assert (await server.call("POST", "/signaling/heartbeat", {}, token=peer["token"])).status == 200
            await server.service.sweep()
        await right_time.post("offer", left, right["peerId"], "x")
        await early.post("answer", right, left["peerId"], "y")
        assert [await receive_bodies(socket, 1) for socket in (here, there)] == [["x"], ["y"]]
        ends = redis.command("ZRANGE", room_key(left["room"]["roomId"]) + ":leases", "0", "-1", "WITHSCORES").split()[
            1::2
        ]
        assert all(70 < int(end) / 1000 - time.time() <= 75.1 for end in ends)
    finally:
        for server in servers:
            await server.close()


async def test_figures_of_servers_add_up(start: StartServer, clock: FakeClock) -> None:
    """What happened once is counted by one server."""
    servers = [await start() for _ in range(3)]
    left, right = await pair(servers[0], servers[1])
    socket = await servers[2].connect(right)
    await servers[0].post("offer", left, right["peerId"], "x")
    assert await receive_bodies(socket, 1) == ["x"]
    await servers[1].call("POST", "/signaling/leave-room", {}, token=right["token"])
    clock.advance(80)
    for server in servers:
        await server.service.sweep()
    tallies = [server.service.tally for server in servers]
    assert sum(tally.peers_joined for tally in tallies) == 2
    assert sum(tally.rooms_created for tally in tallies) == 1
    assert sum(tally.mailed["offer"] + tally.pushed["offer"] for tally in tallies) == 1
    assert sum((tally.peers_left for tally in tallies), Counter()) == {"left": 1, "timeout": 1}
