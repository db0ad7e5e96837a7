"""Is the server of these settings well?"""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from signaling.config import Config
from signaling.errors import BadSetting
from signaling.healthcheck import check

from .conftest import Start
from .support import Meeting


async def test_healthcheck_follows_the_port(meeting: Meeting, capsys: pytest.CaptureFixture[str]) -> None:
    """0 and a sentence."""
    config = Config(host="0.0.0.0", port=meeting.server.port or 0)  # noqa: S104 - as in a container
    assert await asyncio.to_thread(check, config) == 0
    assert "answers 200" in capsys.readouterr().out


async def test_healthcheck_of_a_draining_server_succeeds(start: Start) -> None:
    """A container that is told to stop must not be killed as ill; that it takes no more is what /readyz says."""
    meeting = await start()
    await meeting.service.close()
    assert await asyncio.to_thread(check, Config(port=meeting.server.port or 0)) == 0


async def test_healthcheck_of_something_else_fails() -> None:
    """It answers, but not 200."""
    async with TestServer(web.Application()) as server:
        assert await asyncio.to_thread(check, Config(port=server.port or 0)) == 1


def test_healthcheck_of_nobody_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """1 and a sentence."""
    assert check(Config(port=1)) == 1
    assert "no answer from 127.0.0.1 port 1" in capsys.readouterr().err


def test_healthcheck_needs_a_port() -> None:
    """Port 0 is known to the server alone."""
    with pytest.raises(BadSetting, match="SIGNALING_PORT"):
        check(Config(port=0))
