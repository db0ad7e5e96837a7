"""How long a link takes to open, beside bare aiortc, both in this process and on 127.0.0.1; then fifty of them at once.

Ours and bare take turns, so that what else the machine does falls on both. `stock` is our link with `fast_transport`
switched off, which shows what our ICE gains. Descriptions are passed by hand: no signaling, no handshake of ours.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Awaitable, Callable

from bare import bare_connect
from report import print_comparison

from peer.config import Config
from peer.ports import Channel
from peer.rtc import RtcLink, open_link
from peer.rtc.ice import ADDRESSES_SETTING

CONNECTS, AT_ONCE, ROUNDS = 50, 50, 5
QUICK_CONNECTS, QUICK_AT_ONCE, QUICK_ROUNDS = 3, 5, 1
STOCK = Config(fast_transport=False)


class Ear:
    """Waits for a link to open, and passes candidates on; on loopback there are none."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()

    def on_candidate(self, line: str) -> None:
        raise AssertionError(f"nobody was to be asked: {line}")

    def on_open(self) -> None:
        self.opened.set()

    def on_frame(self, channel: Channel, data: bytes) -> None:
        """None is sent."""

    def on_bulk_low(self) -> None:
        """Nor bulk."""

    def on_closed(self, reason: str) -> None:
        """By us."""


async def connect(config: Config | None = None) -> float:
    """Seconds from the making of both links to the opening of both."""
    before = time.perf_counter()
    left, right = await open_pair(config)
    seconds = time.perf_counter() - before
    await asyncio.gather(left.close(), right.close())
    return seconds


async def open_pair(config: Config | None = None) -> tuple[RtcLink, RtcLink]:
    """Both ends of an open link."""
    ears = Ear(), Ear()
    left, right = (open_link((), ear, config=config) for ear in ears)
    await _describe(left, right)
    await asyncio.gather(*(ear.opened.wait() for ear in ears))
    return left, right


async def _describe(left: RtcLink, right: RtcLink) -> None:
    answer, _ = await right.accept_offer(await left.create_offer())
    await left.accept_answer(answer)


async def _at_once(connect_one: Callable[[], Awaitable[float]], count: int) -> float:
    """Until the last of them is open."""
    return max(await asyncio.gather(*(connect_one() for _ in range(count))))


async def main(*, connects: int, at_once: int, rounds: int) -> None:
    await connect(), await connect(STOCK), await bare_connect()  # the first ones also pay for imports
    turns = [(await connect(), await bare_connect(), await connect(STOCK)) for _ in range(connects)]
    ours, bare, stock = zip(*turns, strict=True)
    print_comparison("connect", ours, bare)
    print_comparison("connect, stock", stock, bare)
    crowds = [(await _at_once(connect, at_once), await _at_once(bare_connect, at_once)) for _ in range(rounds)]
    print_comparison(f"{at_once} connects at once", *zip(*crowds, strict=True))


if __name__ == "__main__":
    os.environ.setdefault(ADDRESSES_SETTING, "127.0.0.1")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="little of everything")
    if parser.parse_args().quick:
        asyncio.run(main(connects=QUICK_CONNECTS, at_once=QUICK_AT_ONCE, rounds=QUICK_ROUNDS))
    else:
        asyncio.run(main(connects=CONNECTS, at_once=AT_ONCE, rounds=ROUNDS))
