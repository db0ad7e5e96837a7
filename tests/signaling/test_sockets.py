"""What the operating system is asked for."""

import asyncio
import resource
import socket
import struct
import sys
from asyncio import BaseTransport
from pathlib import Path
from typing import cast

import pytest
from aiohttp import web

from signaling.app import create_app
from signaling.config import Config
from signaling.http.runner import Runner, protocol_options
from signaling.sockets import accepted_at_once, bound_sending, most_connections, widen_backlog


@pytest.mark.parametrize(
    ("files", "most", "at_once"), [(1_048_576, 30_000, 256), (20_000, 19_680, 256), (256, 160, 32)]
)
def test_files_bound_the_connections(monkeypatch: pytest.MonkeyPatch, files: int, most: int, at_once: int) -> None:
    """So that the last one is never taken: the store and the log want some too."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert (most_connections(Config(tcp_connections=30_000)), accepted_at_once()) == (most, at_once)


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_USER_TIMEOUT is Linux's; run on Linux")
def test_sending_is_bounded_whatever_the_transport() -> None:
    """uvloop's are no asyncio.Transport."""
    with socket.socket() as connected:
        bound_sending(cast(BaseTransport, Uncommon(connected)), 1.5)
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 1500


class Uncommon:
    """A transport of its own kind."""

    def __init__(self, connected: socket.socket) -> None:
        self._connected = connected

    def get_extra_info(self, name: str) -> socket.socket | None:
        return self._connected if name == "socket" else None


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's queue is read from /proc; run on Linux")
async def test_thousands_may_wait_to_be_taken() -> None:
    """More than are taken at once: who finds no place tries again a second later."""
    config = Config(guests=True, store="memory:")
    runner = Runner(create_app(config), **protocol_options(config))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=10)
    await site.start()
    widen_backlog(runner)
    assert isinstance(site._server, asyncio.Server)
    state = site._server.sockets[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)
    assert struct.unpack("=8x6I", state)[-1] == min(4096, _somaxconn())  # tcpi_sacked: of a listener, its backlog
    await runner.cleanup()


def _somaxconn() -> int:
    return int(Path("/proc/sys/net/core/somaxconn").read_text())
