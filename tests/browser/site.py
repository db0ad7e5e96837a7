"""A tiny web site whose page talks to a signaling server elsewhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

__all__ = ["running_site"]

HTML = '<!doctype html><title>A page</title><link rel="icon" href="data:,"><script src="/page.js"></script>'
SCRIPT = (Path(__file__).parent / "page.js").read_text("utf-8")


@asynccontextmanager
async def running_site() -> AsyncIterator[str]:
    """Its origin; each site has a port of its own, and so an origin of its own."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=HTML, content_type="text/html")

    async def script(_request: web.Request) -> web.Response:
        return web.Response(text=SCRIPT, content_type="text/javascript")

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_get("/page.js", script)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
