"""A page that hides its addresses meets links of ours; run in a network namespace, where its multicast stays.

    python -m tests.browser.hiding

One line of JSON for each meeting. No camera was granted, so the page's candidates are names in `.local` alone.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from peer.ports import Channel
from peer.rtc import open_link

from ..rtc.pairs import Recorder
from .chromium import Chromium, Tab, running_chromium
from .site import running_site

__all__: list[str] = []

CHANNELS = [(channel.value, channel.label) for channel in Channel]


async def page_offers(tab: Tab) -> dict[str, Any]:
    ear = Recorder()
    link = open_link((), ear)
    began = time.monotonic()
    answer, _ = await link.accept_offer(await tab.run("offerLink(...$)", CHANNELS))
    await tab.run("takeAnswer(...$)", answer)
    return await finish(tab, link, ear, began)


async def page_answers(tab: Tab) -> dict[str, Any]:
    ear = Recorder()
    link = open_link((), ear)
    began = time.monotonic()
    await link.accept_answer(await tab.run("answerLink(...$)", CHANNELS, await link.create_offer()))
    return await finish(tab, link, ear, began)


async def finish(tab: Tab, link: Any, ear: Recorder, began: float) -> dict[str, Any]:
    await ear.wait_open()
    seconds = time.monotonic() - began
    told = await tab.run("openLink()")
    route = str(link.route)
    await link.close()
    return {"told": told, "ms": round(seconds * 1000), "route": route}


async def main(chromium: Chromium) -> None:
    async with running_site() as origin:
        for meet in (page_offers, page_answers):
            async with chromium.tab() as tab:
                await tab.open(origin)
                sys.stdout.write(json.dumps({"role": meet.__name__, **await meet(tab)}) + "\n")


if __name__ == "__main__":
    with running_chromium() as browser:
        asyncio.run(main(browser))
