"""A real server in a process of its own and two peers in this one, all on 127.0.0.1: what the benchmarks measure."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import peer
from peer.rtc.ice import ADDRESSES_SETTING

__all__ = ["running_server", "wait_linked"]


@asynccontextmanager
async def running_server() -> AsyncIterator[str]:
    """`python -m signaling` with its store in memory; the address."""
    os.environ.setdefault(ADDRESSES_SETTING, "127.0.0.1")
    arguments = ("-m", "signaling", "--guests", "--port", "0", "--store", "memory:")
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=Path(__file__).parents[1],  # here, -m would take signaling.py for the server
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert child.stdout is not None
    try:
        yield (await child.stdout.readline()).decode().strip().removeprefix("listening on ")
    finally:
        child.terminate()
        await child.wait()


async def wait_linked(room: peer.Room) -> peer.EventStream:
    """The room's events, from the first member on."""
    events = room.events()
    async for event in events:
        if isinstance(event, peer.MemberJoined):
            break
    return events
