"""What many servers on one Redis cost: python benchmarks/cluster.py [SECONDS]

For 1, 2 and 3 server processes: envelopes a second between 50 pairs whose two peers are on different servers, their way
in ms, how many commands Redis is sent for each, and what they cost it. For one server no envelope needs Redis: that is
the direct way. Then the same for joins, and for envelopes that come one at a time. Everything runs on this machine, the
clients too: with fewer cores than processes the rates say what all of them together can do, and the commands and the
microseconds of Redis say what a bigger machine would have to pay.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from report import print_figure, print_values

PAIRS = 50
WINDOW = 4
"""Envelopes of a pair under way at once: an offer, an answer and some candidates."""

SECONDS = 5.0
JOINS = 300
BODY = "x" * 200
SETTLED_S = 2.5
"""From then on envelopes for a peer of the same server go to it directly."""


@dataclass
class Redis:
    """A redis-server of our own, without persistence."""

    port: int

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def info(self, section: str) -> str:
        line = ["redis-cli", "-p", str(self.port), "info", section]
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout

    def cost(self) -> tuple[int, float]:
        """Scripts run so far - our servers send hardly anything else - and seconds of CPU."""
        calls = re.findall(r"cmdstat_eval(?:sha)?:calls=(\d+)", self.info("commandstats"))
        cpu = re.findall(r"used_cpu_(?:sys|user):([0-9.]+)", self.info("cpu"))
        return sum(map(int, calls)), sum(map(float, cpu))


@asynccontextmanager
async def running_redis() -> AsyncIterator[Redis]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        redis = Redis(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        options = (
            "--port",
            str(redis.port),
            "--bind",
            "127.0.0.1",
            "--dir",
            folder,
            "--save",
            "",
            "--appendonly",
            "no",
        )
        child = await asyncio.create_subprocess_exec("redis-server", *options, stdout=subprocess.DEVNULL)
        try:
            await _until_open(redis.port)
            yield redis
        finally:
            child.terminate()
            await child.wait()


async def _until_open(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
    raise SystemExit("redis-server did not start")


@asynccontextmanager
async def running_server(redis: Redis) -> AsyncIterator[str]:
    settings = {
        "SIGNALING_STORE": redis.url,
        "SIGNALING_GUESTS": "1",
        "SIGNALING_PORT": "0",
        "SIGNALING_SWEEP_S": "60",  # its commands are not those of joins and envelopes
        "SIGNALING_LOG_LEVEL": "error",
        "SIGNALING_ADDRESS_REQUESTS": "0",  # one machine is one address here
        "SIGNALING_ADDRESS_CREATES": "0",
        "SIGNALING_ADDRESS_JOINS": "0",
        "SIGNALING_PEER_ENVELOPES": "0",
        "SIGNALING_ADDRESS_ENVELOPES": "0",
    }
    pipe = asyncio.subprocess.PIPE
    line = (sys.executable, "-m", "signaling", "serve")
    child = await asyncio.create_subprocess_exec(*line, env={**os.environ, **settings}, stdout=pipe)
    try:
        assert child.stdout is not None
        yield (await child.stdout.readline()).decode().removeprefix("listening on ").strip()
    finally:
        child.terminate()
        await child.wait()


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

    async def pair(self, number: int) -> Pair:
        """Its two peers are on neighbouring servers."""
        one = await self.enter(number, "create-room")
        other = await self.enter(number + 1, "join-room", roomId=one["room"]["roomId"])
        sender, receiver = await self.connect(number, one), await self.connect(number + 1, other)
        return Pair(sender, receiver, other["peerId"])

    def _url(self, number: int) -> str:
        return self._urls[number % len(self._urls)]


async def measure(redis: Redis, servers: int, seconds: float) -> None:
    async with AsyncExitStack() as stack:
        urls = [await stack.enter_async_context(running_server(redis)) for _ in range(servers)]
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        crowd = Crowd(session, urls)
        pairs = [await crowd.pair(number) for number in range(PAIRS)]
        await asyncio.sleep(SETTLED_S)
        await measure_envelopes(redis, f"cluster of {servers}", pairs, seconds, window=WINDOW)
        await measure_envelopes(redis, f"cluster of {servers}, one at a time", pairs[:1], min(seconds, 2), window=1)
        await measure_joins(redis, f"cluster of {servers}, joins", crowd)


async def measure_envelopes(redis: Redis, name: str, pairs: list[Pair], seconds: float, *, window: int) -> None:
    for pair in pairs:
        pair.delays_s.clear()
    before, started = redis.cost(), time.perf_counter()
    await asyncio.gather(*(pair.run(until=started + seconds, window=window) for pair in pairs))
    elapsed = time.perf_counter() - started
    await asyncio.sleep(0.2)  # the last confirmations
    delays_s = [delay for pair in pairs for delay in pair.delays_s]
    print_figure(f"{name}: way of an envelope", delays_s)
    print_cost(f"{name}: envelopes", before, redis.cost(), count=len(delays_s), elapsed=elapsed)


async def measure_joins(redis: Redis, name: str, crowd: Crowd) -> None:
    """Rooms of three: what two joins cost, telling those present included."""
    rooms = [await crowd.enter(number, "create-room") for number in range(JOINS // 2)]
    present = [await crowd.connect(number, room) for number, room in enumerate(rooms)]
    await asyncio.sleep(0.2)
    before, started = redis.cost(), time.perf_counter()
    for number, room in enumerate(rooms):
        for step in (1, 2):
            await crowd.enter(number + step, "join-room", roomId=room["room"]["roomId"])
    elapsed = time.perf_counter() - started
    await asyncio.sleep(0.2)
    print_cost(name, before, redis.cost(), count=2 * len(rooms), elapsed=elapsed)
    for connection in present:
        await connection.close()


def print_cost(name: str, before: tuple[int, float], after: tuple[int, float], *, count: int, elapsed: float) -> None:
    calls, cpu_s = after[0] - before[0], after[1] - before[1]
    print_values(
        name,
        per_s=round(count / elapsed),
        commands_each=round(calls / count, 2),
        redis_cpu_us_each=round(cpu_s / count * 1e6, 1),
        cores=len(os.sched_getaffinity(0)),
    )


async def main(seconds: float) -> None:
    for servers in (1, 2, 3):
        async with running_redis() as redis:
            await measure(redis, servers, seconds)


if __name__ == "__main__":
    if shutil.which("redis-server") is None:
        print_values("cluster", skipped="redis-server is missing: apt-get install redis-server")
    else:
        asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))
