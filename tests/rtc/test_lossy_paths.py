"""Links over a path that loses, repeats and reorders datagrams: all arrives, in order, once, and nothing stands still.

`tests/peer/rtc/test_sctp_sender.py` does the same under a clock of its own, for many seeds.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiortc import RTCSessionDescription

from peer.config import Config
from peer.ports import Channel
from tests.support.forwarder import LEFT, RIGHT, Forwarder, Rain, running_forwarder

from .pairs import Pair, RawPeer, make_link

pytestmark = pytest.mark.rtc

STANDSTILL_S = 10.0
"""Longer than that nothing may take, however slow the machine; the timers of both sides are at most a second."""

FRAMES = [number.to_bytes(2, "big") * (8 if number % 4 else 8 * 1024) for number in range(240)]
"""Of 16 bytes, and of 16 KiB each fourth."""

Send = Callable[[bytes], None]


@asynccontextmanager
async def wet_pair(*, right_is_fast: bool = True) -> AsyncIterator[tuple[Pair, Forwarder]]:
    """Open; the rain is the test's to make."""
    async with running_forwarder(Rain(), seed=7) as forwarder:
        pair = Pair(*make_link(), *make_link(Config(fast_transport=right_is_fast)))
        offer = forwarder.rewrite(await pair.left.create_offer(), side=LEFT)
        answer, _ = await pair.right.accept_offer(offer)
        await pair.left.accept_answer(forwarder.rewrite(answer, side=RIGHT))
        await pair.left_ear.wait_open()
        await pair.right_ear.wait_open()
        yield pair, forwarder
        forwarder.rain = Rain()
        await pair.close()


async def receive_all(frames: "asyncio.Queue[tuple[Channel, bytes]]") -> None:
    for expected in FRAMES:
        assert await asyncio.wait_for(frames.get(), STANDSTILL_S) == (Channel.EVENTS, expected)


@pytest.mark.parametrize("right_is_fast", [True, False], ids=["fast", "bounded"])
@pytest.mark.parametrize("loss", [0.01, 0.03, 0.05])
async def test_all_frames_arrive_in_order_and_once(loss: float, right_is_fast: bool) -> None:
    """Both ways at once, while one in twenty is overtaken and one in fifty comes twice."""
    async with wet_pair(right_is_fast=right_is_fast) as (pair, forwarder):
        forwarder.rain = Rain(loss=loss, twice=0.02, late=0.05)
        for frame in FRAMES:
            pair.left.send(Channel.EVENTS, frame)
            pair.right.send(Channel.EVENTS, frame)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(receive_all(pair.left_ear.frames))
            tasks.create_task(receive_all(pair.right_ear.frames))
        assert pair.left_ear.frames.empty()
        assert pair.right_ear.frames.empty()
        assert forwarder.lost > 0


@pytest.mark.parametrize("loss", [0.0, 0.05])
async def test_stock_aiortc_understands_and_is_understood(loss: float) -> None:
    """As it comes, with none of our bounds."""
    async with running_forwarder(Rain(), seed=3) as forwarder:
        raw = RawPeer(*make_link())
        received: asyncio.Queue[bytes] = asyncio.Queue()
        raw.events.on("message", received.put_nowait)
        offer = forwarder.rewrite(await raw.link.create_offer(), side=LEFT)
        await raw.connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await raw.connection.setLocalDescription()
        await raw.link.accept_answer(forwarder.rewrite(raw.connection.localDescription.sdp, side=RIGHT))
        await raw.ear.wait_open()
        forwarder.rain = Rain(loss=loss, twice=0.02, late=0.05)
        for frame in FRAMES:
            raw.link.send(Channel.EVENTS, frame)
            raw.events.send(frame)
        await receive_all(raw.ear.frames)
        for expected in FRAMES:
            assert await asyncio.wait_for(received.get(), STANDSTILL_S) == expected
        forwarder.rain = Rain()
        await raw.close()


async def test_unreliable_frames_get_lost_and_hold_up_nobody() -> None:
    """What is sent after them on the events channel is not late."""
    async with wet_pair() as (pair, forwarder):
        forwarder.rain = Rain(loss=0.2)
        for number in range(200):
            pair.left.send(Channel.EPHEMERAL, b"%d" % number)
            await asyncio.sleep(0)
        forwarder.rain = Rain(loss=0.02)
        pair.left.send(Channel.EVENTS, b"done")
        seen: set[bytes] = set()
        while (frame := await asyncio.wait_for(pair.right_ear.frames.get(), STANDSTILL_S))[0] is Channel.EPHEMERAL:
            assert frame[1] not in seen
            seen.add(frame[1])
        assert frame == (Channel.EVENTS, b"done")
        assert len(seen) < 200


async def test_outage_is_survived_and_all_arrives_soon_after() -> None:
    async with wet_pair() as (pair, forwarder):
        forwarder.rain = Rain(loss=1.0)
        for frame in FRAMES:
            pair.left.send(Channel.EVENTS, frame)
        await asyncio.sleep(1.2)
        assert pair.right_ear.frames.empty()
        forwarder.rain = Rain()
        await asyncio.wait_for(receive_all(pair.right_ear.frames), STANDSTILL_S)
