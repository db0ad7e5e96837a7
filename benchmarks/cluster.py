"""What many servers on one Redis cost: python benchmarks/cluster.py [SECONDS]

For 1, 2 and 3 server processes: envelopes a second between 50 pairs whose two peers are on different servers, their way
in ms, how many commands Redis is sent for each, and what they cost it. For one server no envelope needs Redis: that is
the direct way. Then the same for envelopes one at a time and for all that a peer does from coming to going; and what
servers and idle peers ask for as long as they stay. Everything runs on this machine, the clients too: with fewer cores
than processes the rates say what all of them together can do, and the commands and the microseconds of Redis say what a
bigger machine would have to pay.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from redis_servers import Redis, running_redis, running_server
from report import print_figure, print_values

PAIRS = 50
WINDOW = 4
"""Envelopes of a pair under way at once: an offer, an answer and some candidates."""

SECONDS = 5.0
ROOMS = 150
IDLE, IDLE_S, ROUND_S = 600, 6.0, 3.0
"""Peers that only stay, for how long they are watched, and how often each is seen to."""

BODY = "x" * 200
SETTLED_S = 2.5
"""From then on envelopes for a peer of the same server go to it directly."""


@dataclass
class Pair:
    """A sender and a receiver with their WebSockets."""

    sender: aiohttp.ClientWebSocketResponse
    receiver: aiohttp.ClientWebSocketResponse
    to: str
    delays_s: list[float] = field(default_factory=list)

    async def send(self) -> None:
        body = [time.perf_counter(), BODY]
        await self.sender.send_str(json.dumps({"type": "candidate", "to": self.to, "body": body}))

    async def receive(self) -> None:
        while True:
            frame = json.loads(await self.receiver.receive_str())
            if frame["type"] == "candidate":
                self.delays_s.append(time.perf_counter() - frame["body"][0])
                return

    async def run(self, *, until: float, window: int) -> None:
        for _ in range(window):
            await self.send()
        while time.perf_counter() < until:
            await self.receive()
            await self.send()
        for _ in range(window):
            await self.receive()


class Crowd:
    """All clients of a run."""

    def __init__(self, session: aiohttp.ClientSession, urls: list[str]) -> None:
        self._session = session
        self._urls = urls

    async def enter(self, number: int, path: str, **body: Any) -> Any:
        async with self._session.post(f"{self._url(number)}/signaling/{path}", json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def connect(self, number: int, peer: Any) -> aiohttp.ClientWebSocketResponse:
        url = f"{self._url(number)}/signaling/ws"
        connection = await self._session.ws_connect(url, headers={"Authorization": f"Bearer {peer['token']}"})
        await connection.receive()
        return connection

    async def leave(self, number: int, peer: Any) -> None:
        headers = {"Authorization": f"Bearer {peer['token']}"}
        async with self._session.post(f"{self._url(number)}/signaling/leave-room", json={}, headers=headers) as answer:
            answer.raise_for_status()

    async def pair(self, number: int) -> Pair:
        """Its two peers are on neighbouring servers."""
        one = await self.enter(number, "create-room")
        other = await self.enter(number + 1, "join-room", roomId=one["room"]["roomId"])
        sender, receiver = await self.connect(number, one), await self.connect(number + 1, other)
        return Pair(sender, receiver, other["peerId"])

    def _url(self, number: int) -> str:
        return self._urls[number % len(self._urls)]


class Meter:
    """What Redis was asked from its making to its reading."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._before, self._started = redis.cost(), time.perf_counter()

    async def read(self, name: str, *, count: int, settle_s: float = 0.7) -> None:
        """Once the last confirmations are over."""
        elapsed = time.perf_counter() - self._started
        await asyncio.sleep(settle_s)
        after = self._redis.cost()
        calls, cpu_s = after[0] - self._before[0], after[1] - self._before[1]
        print_values(
            name,
            per_s=round(count / elapsed),
            commands_each=round(calls / count, 2),
            redis_cpu_us_each=round(cpu_s / count * 1e6, 1),
            cores=len(os.sched_getaffinity(0)),
        )


async def measure(redis: Redis, servers: int, seconds: float) -> None:
    name = f"cluster of {servers}"
    async with AsyncExitStack() as stack:
        # Sweeps and renewals, which are not those of joins and envelopes, wait until all is over.
        starts = [running_server(redis, SIGNALING_SWEEP_S="60") for _ in range(servers)]
        urls = [await stack.enter_async_context(start) for start in starts]
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        crowd = Crowd(session, urls)
        pairs = [await crowd.pair(number) for number in range(PAIRS)]
        await asyncio.sleep(SETTLED_S)
        await measure_envelopes(redis, name, pairs, seconds, window=WINDOW)
        await measure_envelopes(redis, f"{name}, one at a time", pairs[:1], min(seconds, 2), window=1)
        await measure_stay(redis, name, crowd)


async def measure_envelopes(redis: Redis, name: str, pairs: list[Pair], seconds: float, *, window: int) -> None:
    for pair in pairs:
        pair.delays_s.clear()
    meter, until = Meter(redis), time.perf_counter() + seconds
    await asyncio.gather(*(pair.run(until=until, window=window) for pair in pairs))
    delays_s = [delay for pair in pairs for delay in pair.delays_s]
    await meter.read(f"{name}: envelopes", count=len(delays_s))
    print_figure(f"{name}: way of an envelope", delays_s)


async def measure_stay(redis: Redis, name: str, crowd: Crowd) -> None:
    """One after the other: rooms of two whose peers are on neighbouring servers, telling the other included."""
    free_bytes, meter = redis.memory_bytes(), Meter(redis)
    hosts = [await crowd.enter(number, "create-room") for number in range(ROOMS)]
    await meter.read(f"{name}: rooms made", count=ROOMS)
    meter = Meter(redis)
    sockets = [await crowd.connect(number, host) for number, host in enumerate(hosts)]
    await meter.read(f"{name}: WebSockets", count=ROOMS)
    meter, rooms = Meter(redis), [host["room"]["roomId"] for host in hosts]
    guests = [await crowd.enter(number + 1, "join-room", roomId=room) for number, room in enumerate(rooms)]
    await meter.read(f"{name}: joins", count=ROOMS)
    sockets += [await crowd.connect(number + 1, guest) for number, guest in enumerate(guests)]
    print_values(f"{name}: a room of two", redis_bytes=(redis.memory_bytes() - free_bytes) // ROOMS)
    meter = Meter(redis)
    for number, guest in enumerate(guests):
        await crowd.leave(number + 1, guest)
    await meter.read(f"{name}: leaves", count=ROOMS)
    for socket in sockets:
        await socket.close()


async def measure_idle(redis: Redis) -> None:
    """A server that sweeps each second, alone and with peers that only stay."""
    connector = aiohttp.TCPConnector(limit=0)
    settings = {"SIGNALING_PING_S": f"{ROUND_S:g}"}
    async with running_server(redis, **settings) as url, aiohttp.ClientSession(connector=connector) as session:
        crowd, meter = Crowd(session, [url]), Meter(redis)
        await asyncio.sleep(IDLE_S)
        await meter.read("idle server, a second of it", count=round(IDLE_S), settle_s=0)
        pairs = [await crowd.pair(number) for number in range(IDLE // 2)]
        sockets = [socket for pair in pairs for socket in (pair.sender, pair.receiver)]
        readers = [asyncio.create_task(read(socket)) for socket in sockets]
        await asyncio.sleep(ROUND_S)
        meter = Meter(redis)
        await asyncio.sleep(IDLE_S)
        await meter.read(f"server with {IDLE} idle peers, a second of it", count=round(IDLE_S), settle_s=0)
        for reader in readers:
            reader.cancel()


async def read(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Answer pings."""
    async for _ in socket:
        pass


async def main(seconds: float) -> None:
    for servers in (1, 2, 3):
        async with running_redis() as redis:
            await measure(redis, servers, seconds)
    async with running_redis() as redis:
        await measure_idle(redis)


if __name__ == "__main__":
    if shutil.which("redis-server") is None:
        print_values("cluster", skipped="redis-server is missing: apt-get install redis-server")
    else:
        asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))
