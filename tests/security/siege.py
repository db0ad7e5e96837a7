"""A server process under attack: its memory, its log, and two peers who talk through it all the while.

Bounds on memory are generous, and those on time are about being served at all: machines are noisy.
"""

import asyncio
import contextlib
import re
import resource
import shutil
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from ..signaling.processes import serving
from .caller import PATIENCE_S, Member

__all__ = ["ON_LINUX", "Siege", "allow_files", "besieged"]

ON_LINUX = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("prlimit") is None,
    reason="memory is read from /proc, and files are limited by prlimit; on Linux: apt-get install util-linux",
)

PAUSE_S = 0.02
"""Between two envelopes of the bystanders."""

OPEN_TO_ALL = ("--guests", "--store", "memory:", "--log-level", "warning")


@dataclass
class Siege:
    """The server as its operator sees it, and how its bystanders fare."""

    process: asyncio.subprocess.Process
    url: str
    log: list[str] = field(default_factory=list)
    served: int = 0
    """Envelopes that the bystanders have exchanged."""
    longest_wait_s: float = 0.0
    before_mib: float = 0.0
    """What the process held before the attack."""

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def memory_mib(self) -> float:
        """What the process holds now."""
        return self._status_mib("VmRSS")

    def growth_mib(self) -> float:
        """The most that it has held since, were it for a moment, beyond what it held before."""
        return self._status_mib("VmHWM") - self.before_mib

    def _status_mib(self, name: str) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"{name}:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1024

    async def see_others_served(self) -> None:
        """A newcomer gets an answer, and the bystanders' next envelopes arrive."""
        timeout = aiohttp.ClientTimeout(PATIENCE_S)
        async with aiohttp.request("POST", self.url + "/signaling/create-room", timeout=timeout) as answer:
            assert answer.status == 200, await answer.text()
        await self.see_members_served()

    async def see_members_served(self) -> None:
        """Who is connected already; newcomers may have to wait."""
        wanted = self.served + 3
        await self.wait_until(lambda: self.served >= wanted)

    async def wait_until(self, is_so: Callable[[], object]) -> None:
        """For something that the server does by itself."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():  # noqa: ASYNC110 - a state of another process, which sets no event for tests
                await asyncio.sleep(PAUSE_S)

    async def probe(self) -> dict[str, int]:
        """What an orchestrator learns, which would start a server again that does not answer."""
        answers = {}
        async with aiohttp.ClientSession(self.url, timeout=aiohttp.ClientTimeout(PATIENCE_S)) as session:
            for path in ("/healthz", "/readyz"):
                async with session.get(path) as answer:
                    answers[path] = answer.status
        return answers

    async def counter(self, sample: str) -> float:
        """A figure of /metrics, as an operator would see it."""
        timeout = aiohttp.ClientTimeout(PATIENCE_S)
        async with aiohttp.request("GET", self.url + "/metrics", timeout=timeout) as answer:
            found = re.search(rf"^{re.escape(sample)} (\S+)$", await answer.text(), re.MULTILINE)
        assert found is not None, sample
        return float(found[1])

    def show(self) -> None:
        """The figures, for `pytest -s`."""
        grown = f"+{self.growth_mib():.0f} MiB at most, +{self.memory_mib() - self.before_mib:.0f} at the end"
        print(f"{grown}; {self.served} envelopes, {self.longest_wait_s * 1000:.0f} ms at most")  # noqa: T201

    def lines(self, words: str) -> list[str]:
        """Of the log, those with these words."""
        return [line for line in self.log if words in line]


@asynccontextmanager
async def besieged(*arguments: str, within: str = "") -> AsyncIterator[Siege]:
    """A server with two bystanders; at the end it must stop by itself, with nothing in its log that is a fault."""
    async with serving(*OPEN_TO_ALL, *arguments, within=within) as (process, url):
        siege = Siege(process, url)
        reading = asyncio.create_task(_read_log(siege))
        try:
            async with _bystanders(siege):
                siege.before_mib = siege.memory_mib()
                yield siege
                siege.show()
            process.terminate()
            assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
        finally:
            reading.cancel()
            await asyncio.wait([reading])
    faults = [line for line in siege.log if "Traceback" in line or " ERROR " in line]
    assert faults == []
    assert siege.longest_wait_s < PATIENCE_S


async def _read_log(siege: Siege) -> None:
    """A log that nobody reads would hold the server up."""
    assert siege.process.stderr is not None
    async for line in siege.process.stderr:
        siege.log.append(line.decode())


@asynccontextmanager
async def _bystanders(siege: Siege) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(siege.url) as session:
        left = await _enter(session, "create-room")
        right = await _enter(session, "join-room", roomId=left.room_id)
        async with _connected(session, left) as mouth, _connected(session, right) as ear:
            talking = asyncio.create_task(_talk(siege, mouth, ear, right.peer_id))
            try:
                yield
            finally:
                talking.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await talking


async def _enter(session: aiohttp.ClientSession, call: str, **body: str) -> Member:
    async with session.post(f"/signaling/{call}", json=body) as answer:
        assert answer.status == 200, await answer.text()
        return Member.of(await answer.json())


@asynccontextmanager
async def _connected(session: aiohttp.ClientSession, member: Member) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    header = {"Authorization": f"Bearer {member.token}"}
    async with session.ws_connect("/signaling/ws", headers=header, timeout=aiohttp.ClientWSTimeout()) as websocket:
        assert (await websocket.receive_json())["type"] == "welcome"
        yield websocket


async def _talk(
    siege: Siege, mouth: aiohttp.ClientWebSocketResponse, ear: aiohttp.ClientWebSocketResponse, to: str
) -> None:
    """Each envelope arrives, in order, and none is refused: anything else fails the test."""
    while True:
        started = time.monotonic()
        await mouth.send_json({"type": "offer", "to": to, "body": siege.served})
        async with asyncio.timeout(PATIENCE_S):  # Python 3.11's wait_for may swallow the cancellation
            heard = await ear.receive_json()
        assert (heard["type"], heard.get("body")) == ("offer", siege.served), heard
        siege.served += 1
        siege.longest_wait_s = max(siege.longest_wait_s, time.monotonic() - started)
        await asyncio.sleep(PAUSE_S)


def allow_files(count: int) -> None:
    """So many open files for this process, and for servers that it starts; as root beyond the hard limit too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(count, hard)))
