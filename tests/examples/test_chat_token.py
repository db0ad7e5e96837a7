"""Whom chat.py gives its user's JWT to."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

CHAT = Path(__file__).parents[2] / "examples" / "chat.py"


@pytest.mark.parametrize("names_server", [False, True])
async def test_token_goes_only_to_a_server_that_the_user_named(*, names_server: bool) -> None:
    """An invite link alone may name anybody's server."""
    seen: list[str | None] = []

    async def refuse(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization"))
        return web.json_response({"error": {"code": "room_full", "message": "The room is full."}}, status=409)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    async with TestServer(app, host="127.0.0.1") as server:
        origin = str(server.make_url("/")).rstrip("/")
        arguments = [f"{origin}/j#pub.Lobby", *(["--server", origin] if names_server else [])]
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            str(CHAT),
            *arguments,
            env={**os.environ, "SPEAKTUBE_TOKEN": "the.users.jwt"},
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, complaint = await child.communicate()
    assert child.returncode == 1, complaint
    assert set(seen) == {"Bearer the.users.jwt" if names_server else None}
