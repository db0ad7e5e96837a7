"""The server's own pages as a browser shows them: the one behind an invite link, and the description of all calls."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from signaling.app import create_app
from signaling.config import Config

from .chromium import Chromium

pytestmark = pytest.mark.browser

SECRET = "c2VjcmV0IG9mIHRoZSByb29t"


@pytest.fixture
async def seen() -> list[str]:
    """Request lines and headers, as the server got them."""
    return []


@pytest.fixture
async def server(seen: list[str]) -> AsyncIterator[str]:
    async def note(request: web.Request, _response: web.StreamResponse) -> None:
        seen.append(f"{request.method} {request.raw_path} {dict(request.headers)}")

    app = create_app(Config(guests=True, store="memory:"))
    app.on_response_prepare.append(note)
    server = TestServer(app)
    await server.start_server()
    yield str(server.make_url("")).rstrip("/")
    await server.close()


async def test_invite_page_sends_nothing_but_its_own_request(chromium: Chromium, server: str, seen: list[str]) -> None:
    """The room's secret stays in the browser, and no other address hears that somebody was invited."""
    async with chromium.tab() as tab:
        await tab.open(f"{server}/j#{SECRET}")
        await tab.wait_quiet()
        assert [url.partition("#")[0] for url in tab.requests] == [f"{server}/j"]
        assert await tab.run("location.hash") == f"#{SECRET}"
    assert [line.partition(" {")[0] for line in seen] == ["GET /j"]
    assert SECRET not in "".join(seen)


@pytest.mark.parametrize(("path", "words"), [(f"/j#{SECRET}", "You are invited"), ("/docs", "/signaling/create-room")])
async def test_page_renders_as_it_is_meant(chromium: Chromium, server: str, path: str, words: str) -> None:
    """Its policy lets its own style in, it loads nothing from anywhere, and its console stays empty."""
    async with chromium.tab() as tab:
        await tab.open(server + path)
        assert words in await tab.text()
        assert await tab.run("getComputedStyle(document.querySelector('code')).backgroundColor") != "rgba(0, 0, 0, 0)"
        assert len(tab.requests) == 1
        assert tab.console == []
