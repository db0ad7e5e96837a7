"""A real Chromium, driven by Playwright on a loop and thread of its own: no test finds its tasks on its loop."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright

__all__ = ["Blocked", "Chromium", "Reply", "Tab", "running_chromium"]

T = TypeVar("T")

PATIENCE_S = 30.0

ARGUMENTS = [
    "--no-sandbox",  # as root, in a container
    "--allow-loopback-in-peer-connection",  # a machine without network has nothing else
    *("--disable-gpu", "--disable-quic", "--disable-sync"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
]
"""It shall talk to nobody but us."""


class Blocked(Exception):
    """The browser lets the page read nothing of an answer."""


@dataclass(frozen=True)
class Reply:
    """What a page may read of an answer."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])


class Tab:
    """One page in a profile of its own; keeps what it asked for, and what its console said."""

    def __init__(self, chromium: Chromium, page: Page) -> None:
        self._chromium = chromium
        self._page = page
        self.console: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.console.append(str(error)))
        page.on("request", self._note_request)

    def _note_message(self, message: ConsoleMessage) -> None:
        self.console.append(f"{message.type}: {message.text}")

    def _note_request(self, request: Request) -> None:
        self.requests.append(request.url)

    async def open(self, url: str) -> None:
        """Go there, and wait until the page and all it loads are there."""
        await self._chromium.do(self._page.goto(url))

    async def wait_quiet(self) -> None:
        """Until it has asked for nothing more for half a second."""
        await self._chromium.do(self._page.wait_for_load_state("networkidle"))

    async def run(self, script: str, *arguments: Any) -> Any:
        """The value of an expression; what stands in `arguments` is `$` there."""
        return await self._chromium.do(self._page.evaluate(f"($) => {script}", arguments))

    async def call(self, method: str, url: str, **options: Any) -> Reply:
        """`fetch()`, see page.js; raises Blocked."""
        answer = await self.run("call(...$)", method, url, options)
        if "blocked" in answer:
            raise Blocked(answer["blocked"])
        return Reply(**answer)

    async def text(self) -> str:
        """What a reader sees."""
        return await self._chromium.do(self._page.inner_text("body"))


class Chromium:
    """The browser; `do()` carries work over to its loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._stopping: asyncio.Event
        self._browser: Browser

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        async with asyncio.timeout(PATIENCE_S):
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[Tab]:
        context = await self.do(self._browser.new_context())
        try:
            yield await self.do(self._new_tab(context))
        finally:
            await self.do(context.close())

    async def _new_tab(self, context: BrowserContext) -> Tab:
        return Tab(self, await context.new_page())  # it sends, so it is made on this loop too

    def live(self, ready: threading.Event) -> None:
        """In its thread, until `stop()`."""
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._live(ready))

    async def _live(self, ready: threading.Event) -> None:
        self._stopping = asyncio.Event()
        async with async_playwright() as playwright:
            self._browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
            ready.set()
            await self._stopping.wait()
            await self._browser.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)


@contextmanager
def running_chromium() -> Iterator[Chromium]:
    """Takes a second or two; skips where it is not installed."""
    if shutil.which("chromium") is None:
        pytest.skip("chromium missing: apt-get install chromium")
    chromium, ready = Chromium(), threading.Event()
    thread = threading.Thread(target=chromium.live, args=(ready,), name="chromium")
    thread.start()
    try:
        assert ready.wait(PATIENCE_S * 3), "chromium does not start"
        yield chromium
    finally:
        chromium.stop()
        thread.join(PATIENCE_S)
