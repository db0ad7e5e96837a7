"""A Redis of its own, what it has been asked for, and signaling servers on it."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from servers import FOLDER, WIDE

__all__ = ["Redis", "running_redis", "running_server"]


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

    def memory_bytes(self) -> int:
        found = re.search(r"used_memory:(\d+)", self.info("memory"))
        assert found is not None
        return int(found[1])


@asynccontextmanager
async def running_redis() -> AsyncIterator[Redis]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        redis = Redis(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        where = ("--bind", "127.0.0.1", "--port", str(redis.port), "--dir", folder)
        options = (*where, "--save", "", "--appendonly", "no")
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
async def running_server(redis: Redis, **variables: str) -> AsyncIterator[str]:
    """Its URL; every limit counts, and none is reached."""
    settings = {
        "SIGNALING_STORE": redis.url,
        "SIGNALING_GUESTS": "1",
        "SIGNALING_PORT": "0",
        "SIGNALING_LOG_LEVEL": "error",
        "SIGNALING_ADDRESS_REQUESTS": WIDE,  # one machine is one address here
        "SIGNALING_ADDRESS_CALLS": WIDE,
        "SIGNALING_PEER_REQUESTS": WIDE,
        "SIGNALING_ADDRESS_CREATES": WIDE,
        "SIGNALING_ADDRESS_JOINS": WIDE,
        "SIGNALING_ADDRESS_CONNECTIONS": "1000000",
        "SIGNALING_PEER_ENVELOPES": WIDE,
        "SIGNALING_ADDRESS_ENVELOPES": WIDE,
        "SIGNALING_SENDER_ENTRIES": "256",  # one sender fills the mailbox of the other
        "SIGNALING_SENDER_BYTES": "1048576",
        **variables,
    }
    pipe = asyncio.subprocess.PIPE
    line = (sys.executable, "-m", "signaling", "serve")
    environment = {**os.environ, **settings}
    # In the benchmarks' folder, -m would take signaling.py for the server.
    child = await asyncio.create_subprocess_exec(*line, env=environment, cwd=FOLDER.parent, stdout=pipe)
    try:
        assert child.stdout is not None
        first = (await child.stdout.readline()).decode().strip()
        if not first.startswith("listening on "):
            raise SystemExit("a server did not start; above it says why")
        yield first.removeprefix("listening on ")
    finally:
        with suppress(ProcessLookupError):
            child.terminate()
        await child.wait()
