"""What a server says of itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from peer.errors import BadSetting, SignalingUnreachable
from peer.signaling.probe import look_at

DOCUMENT = {"openapi": "3.1.0", "info": {"title": "Speaktube signaling", "version": "1.2.3"}}


def server(document: object = DOCUMENT, *, status: int = 200, date: str | None = None) -> TestServer:
    """Answers /healthz, and has this document."""

    async def answer(request: web.Request) -> web.Response:
        headers = {} if date is None else {"Date": date}
        if request.path == "/healthz":
            return web.json_response({"status": "ok"}, headers=headers)
        return web.json_response(document, status=status, headers=headers)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    return TestServer(app, host="127.0.0.1")


async def test_version_and_clock_are_told() -> None:
    async with server() as running:
        seen = await look_at(str(running.make_url("/")))
    assert seen.version == "1.2.3"
    assert seen.clock is not None
    assert abs((datetime.now(UTC) - seen.clock).total_seconds()) < 60
    assert 0 < seen.took_s < 5


@pytest.mark.parametrize(
    ("document", "status"),
    [(DOCUMENT, 404), ({"info": {"title": "Another", "version": "1"}}, 200), ([], 200)],
)
async def test_stranger_has_no_version(document: object, status: int) -> None:
    async with server(document, status=status, date="tomorrow") as running:
        seen = await look_at(str(running.make_url("/")))
    assert (seen.version, seen.clock) == (None, None)


async def test_absent_server_is_our_error() -> None:
    with pytest.raises(SignalingUnreachable):
        await look_at("http://127.0.0.1:9")
    with pytest.raises(BadSetting):
        await look_at("signal.example")
