"""A real browser takes our ICE servers as they are handed out, and coturn takes the browser."""

from pathlib import Path

import pytest

from signaling.app import running_server
from signaling.config import Config

from ..turn.coturn import OPEN, TURN_SECRET, running_coturn
from .chromium import Chromium

pytestmark = [pytest.mark.browser, pytest.mark.turn]


async def test_browser_talks_through_our_relay(chromium: Chromium, origin: str, tmp_path: Path) -> None:
    """S16: what a join answers goes into RTCPeerConnection unchanged."""
    async with running_coturn(tmp_path, *OPEN) as coturn, chromium.tab() as tab:
        config = Config(
            guests=True,
            store="memory:",
            port=0,
            cors_origins=(origin,),
            turn_urls=(coturn.url(), coturn.url("tcp")),
            turn_secret=TURN_SECRET,
        )
        async with running_server(config) as server:
            await tab.open(origin)
            joined = (await tab.call("POST", f"{server}/signaling/create-room", body={})).json
            answer = await tab.run("talkThroughRelay(...$)", joined["iceServers"], "ahoy")
    assert answer == {"heard": "ahoy", "kinds": ["relay"]}
