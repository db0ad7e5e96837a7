"""A link of ours and the data channels of a real browser carry megabytes both ways."""

import asyncio

import pytest

from peer.config import Config
from peer.ports import Channel
from peer.rtc import RtcLink, open_link
from peer.rtc.ice import ADDRESSES_SETTING

from ..rtc.pairs import Recorder
from .chromium import Chromium

pytestmark = [pytest.mark.browser, pytest.mark.rtc]

CHANNELS = [(channel.value, channel.label) for channel in Channel]
PATIENCE_S = 30.0


@pytest.mark.parametrize("is_fast", [True, False], ids=["fast", "bounded"])
@pytest.mark.parametrize(("count", "size"), [(200, 16 * 1024), (3000, 64)])
async def test_browser_and_link_exchange_numbered_messages(
    chromium: Chromium, origin: str, monkeypatch: pytest.MonkeyPatch, is_fast: bool, count: int, size: int
) -> None:
    """Both ways at once: all arrive, in order, whole."""
    monkeypatch.setenv(ADDRESSES_SETTING, "127.0.0.1")
    ear = Recorder()
    link = open_link((), ear, config=Config(fast_transport=is_fast))
    async with chromium.tab() as tab:
        await tab.open(origin)
        answer, _ = await link.accept_offer(await tab.run("offerLink(...$)", CHANNELS))
        await tab.run("takeAnswer(...$)", answer)
        await ear.wait_open()
        await tab.run("openLink()")
        swapping = asyncio.create_task(tab.run("swap(...$)", count, size))
        await asyncio.wait_for(_swap(link, ear, count=count, size=size), PATIENCE_S)
        assert await asyncio.wait_for(swapping, PATIENCE_S)
        await link.close()


async def _swap(link: RtcLink, ear: Recorder, *, count: int, size: int) -> None:
    """The page listens once it has sent the first one."""
    messages = [number.to_bytes(4, "big") + bytes(size - 4) for number in range(count)]
    assert await ear.frames.get() == (Channel.EVENTS, messages[0])
    for message in messages:
        link.send(Channel.EVENTS, message)
        await link.wait_drained()
    for message in messages[1:]:
        assert await ear.frames.get() == (Channel.EVENTS, message)
