"""How soon, and with which reason, the others hear that a peer is gone: the table of docs/operations.md, row by row.

Where time alone decides, the clock is moved. Where the machine decides - a killed process, a stopped one, a network
that has gone silent - processes and a network are real, and the settings small.
"""

import asyncio
import json
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest

from ..architecture.sources import ROOT
from ..support.spaces import Space, spaces
from .conftest import Start
from .processes import command, serving
from .support import FakeClock, Meeting

GRACE_S, TTL_S, PING_S, SWEEP_S = 10.0, 75.0, 25.0, 1.0
"""The defaults."""


async def sweep(meeting: Meeting, clock: FakeClock, seconds: float) -> None:
    """Let time pass as the server sees it: a sweep each second."""
    for _ in range(int(seconds / SWEEP_S)):
        clock.advance(SWEEP_S)
        await meeting.service.sweep()
        await asyncio.sleep(0)


class Witness:
    """A peer that answers pings and keeps what it is told."""

    def __init__(self, meeting: Meeting, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._meeting = meeting
        self._socket = socket
        self._frames: list[Any] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            self._frames.append(message.json())

    async def news(self) -> list[Any]:
        """The departures since it was last asked."""
        await self._meeting.call("GET", "/healthz")  # what the server has written by now comes before this answer
        for _ in range(20):
            await asyncio.sleep(0)
        frames, self._frames = self._frames, []
        return [(frame["peerId"], frame["reason"]) for frame in frames if frame["type"] == "peer-left"]


async def test_leave_is_told_at_once(meeting: Meeting) -> None:
    """By WebSocket and by call; no sweep is needed."""
    left, right = await meeting.pair()
    third = await meeting.join(roomId=left["room"]["roomId"])
    witness, leaver = Witness(meeting, await meeting.connect(left)), await meeting.connect(right)
    await leaver.send_json({"type": "leave"})
    assert await witness.news() == [(right["peerId"], "left")]
    await meeting.call("POST", "/signaling/leave-room", token=third["token"])
    assert await witness.news() == [(third["peerId"], "left")]


async def test_closed_socket_is_told_after_the_grace_time(meeting: Meeting, clock: FakeClock) -> None:
    """Not sooner, for its peer may come back unseen; and at the next sweep."""
    left, right = await meeting.pair()
    witness, leaver = Witness(meeting, await meeting.connect(left)), await meeting.connect(right)
    await leaver.close()
    assert await witness.news() == []
    await sweep(meeting, clock, GRACE_S - SWEEP_S)
    assert await witness.news() == []
    await sweep(meeting, clock, SWEEP_S)
    assert await witness.news() == [(right["peerId"], "timeout")]


async def test_missed_heartbeats_are_told_after_the_lease(meeting: Meeting, clock: FakeClock) -> None:
    """Of a peer that only calls; each call gives it a whole lease."""
    left, right = await meeting.pair()
    witness = Witness(meeting, await meeting.connect(left))
    await sweep(meeting, clock, 50)
    await meeting.call("POST", "/signaling/heartbeat", token=right["token"])
    await sweep(meeting, clock, TTL_S - SWEEP_S)
    assert await witness.news() == []
    await sweep(meeting, clock, SWEEP_S)
    assert await witness.news() == [(right["peerId"], "timeout")]


async def test_unanswered_pings_are_told_after_two_of_them(meeting: Meeting, clock: FakeClock) -> None:
    """The connection stands, and nobody is behind it: two pings, the grace time, and a sweep for each step."""
    left, right = await meeting.pair()
    witness = Witness(meeting, await meeting.connect(left))
    await meeting.connect(right)  # does not read, so its client answers no ping
    bound_s = 2 * (PING_S + SWEEP_S) + GRACE_S + SWEEP_S
    seconds = 0.0
    while seconds < bound_s and not (news := await _pass_a_second(meeting, clock, witness)):
        seconds += SWEEP_S
    assert news == [(right["peerId"], "timeout")]
    assert seconds > 2 * PING_S
    assert meeting.service.tally.connections_closed["silent"] == 1


async def _pass_a_second(meeting: Meeting, clock: FakeClock, witness: Witness) -> list[Any]:
    await sweep(meeting, clock, SWEEP_S)
    return await witness.news()


async def test_answered_pings_keep_a_silent_peer(meeting: Meeting, clock: FakeClock) -> None:
    """For ever, without a word of its own."""
    left, right = await meeting.pair()
    witness = Witness(meeting, await meeting.connect(left))
    Witness(meeting, await meeting.connect(right))
    for _ in range(10):
        await sweep(meeting, clock, PING_S)
        assert await witness.news() == []


@pytest.mark.parametrize("setting", [{"ping_s": 5.0}, {"peer_ttl_s": 15.0}])
async def test_pause_between_pings_is_a_setting(start: Start, clock: FakeClock, setting: dict[str, float]) -> None:
    """And never more than a third of a lease, which an open socket has to keep."""
    meeting = await start(**setting)
    await meeting.connect(await meeting.create())
    await sweep(meeting, clock, 5)
    assert meeting.service.tally.connections_closed["silent"] == 0
    await sweep(meeting, clock, 5)
    assert meeting.service.tally.connections_closed["silent"] == 1


# Real processes

QUICK_GRACE_S, QUICK_PING_S, QUICK_SWEEP_S = 0.4, 0.3, 0.05
SLACK_S = 2.0
"""For a machine that is busy with other things; the bounds themselves are tested above."""

QUICK = (
    *("--guests", "--store", "memory:", "--peer-ttl-s", "60"),
    *("--grace-s", str(QUICK_GRACE_S), "--ping-s", str(QUICK_PING_S), "--sweep-s", str(QUICK_SWEEP_S)),
)


class Attendee:
    """A peer's process, and what it writes."""

    def __init__(self, process: Process) -> None:
        self.process = process

    async def next(self, kind: str) -> tuple[float, Any]:
        """The next frame of a kind, and when it came."""
        assert self.process.stdout is not None
        async with asyncio.timeout(10):
            while line := await self.process.stdout.readline():
                moment, _, text = line.decode().partition(" ")
                frame = json.loads(text)
                if frame["type"] == kind:
                    return float(moment), frame
        raise AssertionError(f"it ended before {kind}")


@asynccontextmanager
async def attending(url: str, *, within: tuple[str, ...] = ()) -> AsyncIterator[Attendee]:
    """A peer in the lobby; `within` is the command that runs it elsewhere."""
    line = (*within, sys.executable, "-m", "tests.signaling.attendee", url, "lobby")
    process = await asyncio.create_subprocess_exec(*line, cwd=ROOT, stdout=PIPE)
    try:
        yield Attendee(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def witness_and_victim(url: str) -> AsyncIterator[tuple[Attendee, Attendee]]:
    """Two of them, who know of each other."""
    async with attending(url) as witness:
        await witness.next("welcome")
        async with attending(url) as victim:
            await victim.next("welcome")
            await witness.next("peer-joined")
            yield witness, victim


@pytest.mark.parametrize(
    ("number", "shortest_s", "longest_s"),
    [
        (signal.SIGKILL, QUICK_GRACE_S, QUICK_GRACE_S + QUICK_SWEEP_S),
        (
            signal.SIGSTOP,
            QUICK_PING_S + QUICK_GRACE_S,
            2 * (QUICK_PING_S + QUICK_SWEEP_S) + QUICK_GRACE_S + QUICK_SWEEP_S,
        ),
    ],
    ids=["killed", "stopped"],
)
async def test_process_that_is_no_more_is_told(number: signal.Signals, shortest_s: float, longest_s: float) -> None:
    """Killed: its kernel closes the socket, so the grace time. Stopped: its kernel lives and acknowledges, and two
    pings find out."""
    async with serving(*QUICK) as (_, url), witness_and_victim(url) as (witness, victim):
        before = time.monotonic()
        victim.process.send_signal(number)
        moment, frame = await witness.next("peer-left")
        assert frame["reason"] == "timeout"
        assert shortest_s <= moment - before <= longest_s + SLACK_S


# A real network

SUBNET = "10.213.77"


@pytest.fixture
def apart() -> Iterator[tuple[Space, Space]]:
    """Two network namespaces and a wire between them."""
    with spaces("near", "far") as (near, far):
        near.ip(f"link add near0 type veth peer name far0 netns {far.name}")
        for number, (space, wire) in enumerate(((near, "near0"), (far, "far0")), start=1):
            space.ip(f"addr add {SUBNET}.{number}/24 dev {wire}", f"link set {wire} up")
        yield near, far


@asynccontextmanager
async def serving_within(space: Space) -> AsyncIterator[str]:
    """A server in a network namespace; its URL for both sides of the wire."""
    line, environment = command("serve", "--host", f"{SUBNET}.1", "--port", "0", *QUICK)
    process = await asyncio.create_subprocess_exec(*space.within, *line, env=environment, stdout=PIPE, stderr=PIPE)
    assert process.stdout is not None
    try:
        first = (await asyncio.wait_for(process.stdout.readline(), 10)).decode()
        yield first.removeprefix("listening on ").strip()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_network_that_falls_silent_is_told(apart: tuple[Space, Space]) -> None:
    """No close, no reset, no acknowledgement: two pings stay without answer."""
    near, far = apart
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving_within(near))
        witness = await stack.enter_async_context(attending(url, within=near.within))
        await witness.next("welcome")
        victim = await stack.enter_async_context(attending(url, within=far.within))
        await victim.next("welcome")
        await witness.next("peer-joined")
        before = time.monotonic()
        far.ip("link set far0 down")
        moment, frame = await witness.next("peer-left")
        assert frame["reason"] == "timeout"
        bound_s = 2 * (QUICK_PING_S + QUICK_SWEEP_S) + QUICK_GRACE_S + QUICK_SWEEP_S
        assert QUICK_PING_S + QUICK_GRACE_S <= moment - before <= bound_s + SLACK_S
