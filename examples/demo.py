"""Two peers meet through a real server and talk: python examples/demo.py [FILE | -]

Starts `python -m signaling` on a free port with its embedded store in a temporary folder, and two peers in processes of
their own. One opens a private room, the other enters by its invite link; they speak the lines of a text file (or of
standard input) in turn. Prints the transcript and the timings; leaves nothing behind. Exit code 1, and a sentence,
where anything went otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).parent
PATIENCE_S = 60.0
"""For the whole demo; it takes about three seconds."""
BOLD, DIM, CYAN, YELLOW, RESET = ("\033[1m", "\033[2m", "\033[36m", "\033[33m", "\033[0m")
if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
    BOLD = DIM = CYAN = YELLOW = RESET = ""

Report = dict[str, Any]


class DemoFailed(Exception):
    """What went otherwise, as a sentence."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="demo.py", description="Two peers meet through a real server and talk.")
    parser.add_argument("file", nargs="?", default=str(HERE / "demo_lines.txt"), help="lines to speak; - is stdin")
    options = parser.parse_args()
    try:
        asyncio.run(asyncio.wait_for(demo(read_lines(options.file)), PATIENCE_S))
    except DemoFailed as error:
        sys.exit(f"demo: {error}")
    except TimeoutError:
        sys.exit(f"demo: not finished after {PATIENCE_S:.0f} s")
    except KeyboardInterrupt:
        sys.exit("demo: interrupted; everything is cleaned up")


def read_lines(name: str) -> list[str]:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise SystemExit(f"demo: cannot read {name}: {error.strerror}") from error
    lines = [line for line in data.decode(errors="replace").splitlines() if line.strip()]
    if len(lines) < 2:
        raise SystemExit("demo: at least two lines are needed, one for each peer")
    return lines


async def demo(lines: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="speaktube-demo-") as folder:
        async with running_server(Path(folder)) as server:
            print(f"{DIM}server at {server}, its store in a temporary folder{RESET}")
            reports = await converse(server, lines)
            await check_room_is_gone(server, reports)
    print_timings(reports)


# ---- the processes


@asynccontextmanager
async def running_server(folder: Path) -> AsyncIterator[str]:
    """`python -m signaling` on a free port; stopped with SIGTERM."""
    settings = ("--guests", "--port", "0", "--store", f"diskcache:{folder / 'store'}")
    log = folder / "server.log"
    with log.open("wb") as errors:
        server = process("-m", "signaling", *settings, stderr=errors)
        async with server as child:
            yield await address_of(child, log)
            child.send_signal(signal.SIGTERM)
            if await child.wait() != 0:
                raise DemoFailed(f"the server stopped with exit code {child.returncode}")


@asynccontextmanager
async def process(*arguments: str, stderr: IO[bytes] | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    """A child of ours, which is gone when the block is left, whatever happened."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
        env={**os.environ, "SPEAKTUBE_ICE_ADDRESSES": "127.0.0.1"},
        limit=1 << 20,
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.terminate()
            await wait_or_kill(child)


async def wait_or_kill(child: asyncio.subprocess.Process) -> None:
    try:
        await asyncio.wait_for(child.wait(), 5)
    except TimeoutError:
        child.kill()
        await child.wait()


async def address_of(child: asyncio.subprocess.Process, log: Path) -> str:
    """Its first line, once it accepts connections."""
    assert child.stdout is not None
    line = (await child.stdout.readline()).decode().strip()
    if not line.startswith("listening on "):
        raise DemoFailed(f"the server did not start: {complaint(log)}")
    return line.removeprefix("listening on ")


def complaint(log: Path) -> str:
    return log.read_text(errors="replace").strip() or "it said nothing"


@dataclass
class Talker:
    """One of the two peers: its process, and what it reported."""

    name: str
    colour: str
    child: asyncio.subprocess.Process
    reports: list[Report] = field(default_factory=list)

    async def tell(self, task: Report) -> None:
        assert self.child.stdin is not None
        self.child.stdin.write(json.dumps(task).encode() + b"\n")
        await self.child.stdin.drain()

    async def listen(self) -> AsyncIterator[Report]:
        assert self.child.stdout is not None
        async for line in self.child.stdout:
            report: Report = json.loads(line)
            self.reports.append(report)
            yield report

    async def finish(self) -> None:
        async for report in self.listen():
            show(self, report)
        if await self.child.wait() != 0:
            raise DemoFailed(f"{self.name} stopped with exit code {self.child.returncode}")

    def all_of(self, kind: str) -> list[Report]:
        return [report for report in self.reports if report["kind"] == kind]


async def converse(server: str, lines: list[str]) -> list[Talker]:
    """Ada opens the room, Bob enters it, and they take turns."""
    async with AsyncExitStack() as stack:
        names = (("Ada", CYAN), ("Bob", YELLOW))
        talkers = [
            Talker(name, colour, await stack.enter_async_context(process(str(HERE / "demo_peer.py"))))
            for name, colour in names
        ]
        ada, bob = talkers
        task = {"server": server, "invite": None}
        await ada.tell({**task, "name": "Ada", "lines": lines[0::2], "expected": len(lines[1::2])})
        async for report in ada.listen():
            show(ada, report)
            break
        else:
            raise DemoFailed("Ada could not open a room; what she printed above says why")
        invite = ada.reports[0]["invite"]
        await bob.tell({**task, "name": "Bob", "invite": invite, "lines": lines[1::2], "expected": len(lines[0::2])})
        async with asyncio.TaskGroup() as group:
            for talker in talkers:
                group.create_task(talker.finish())
    check_conversation(ada, bob, lines)
    return talkers


# ---- what is checked


def check_conversation(ada: Talker, bob: Talker, lines: list[str]) -> None:
    """Every line arrived once, in order, at the other side; so did typing notices, presence and leaving."""
    for listener, spoken in ((bob, lines[0::2]), (ada, lines[1::2])):
        if [report["text"] for report in listener.all_of("heard")] != spoken:
            raise DemoFailed(f"{listener.name} did not hear every line once and in order")
        for kind in ("linked", "typing", "presence"):
            if not listener.all_of(kind):
                raise DemoFailed(f"{listener.name} saw no {kind} of the other")
    if not ada.all_of("left"):
        raise DemoFailed("Ada was not told that Bob left")


async def check_room_is_gone(server: str, talkers: list[Talker]) -> None:
    import aiohttp

    topic = talkers[0].reports[0]["room"]
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server}/signaling/join-room", json={"roomId": topic}) as answer,
    ):
        if answer.status != 404:
            raise DemoFailed(f"the room should be gone from the server, which answers {answer.status} instead of 404")
    print(f"{DIM}the server knows the room no more{RESET}")


# ---- what is printed


def show(talker: Talker, report: Report) -> None:
    name = f"{talker.colour}{talker.name}{RESET}"
    match report["kind"]:
        case "opened":
            print(f"{name} opened a private room; its invite link:\n  {report['invite']}")
        case "linked":
            print(f"{DIM}{talker.name} is linked to {report['who']}, end-to-end encrypted{RESET}")
        case "said":
            print(f"{name}  {report['text']}")
        case "presence":
            print(f"{DIM}{talker.name} sees that {report['who']} is {report['presence']}{RESET}")
        case "left":
            print(f"{DIM}{talker.name} sees that {report['who']} has {report['reason']}{RESET}")


def print_timings(talkers: list[Talker]) -> None:
    ada, bob = talkers
    latencies = sorted(latencies_ms(ada, bob) + latencies_ms(bob, ada))
    typed = sum(len(talker.all_of("typing")) for talker in talkers)
    print(f"\n{BOLD}{len(latencies)} messages, {typed} typing notices seen{RESET}")
    print(f"join to linked    {bob.all_of('linked')[0]['after_ms']:8.1f} ms")
    print(f"message latency   {statistics.median(latencies):8.2f} ms median, {latencies[-1]:.2f} ms worst")


def latencies_ms(speaker: Talker, listener: Talker) -> list[float]:
    """From the call of `send` to the event at the other side; both processes read the same monotonic clock."""
    pairs = zip(speaker.all_of("said"), listener.all_of("heard"), strict=True)
    return [(heard["at_ns"] - said["at_ns"]) / 1e6 for said, heard in pairs]


if __name__ == "__main__":
    main()
