"""One fake server a test, and one client of it."""

from collections.abc import AsyncIterator

import pytest

from peer.signaling import SignalingClient

from .fake_server import FakeServer
from .seats import Pauses, client_of


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
async def client(server: FakeServer, pauses: Pauses) -> AsyncIterator[SignalingClient]:
    async with client_of(server.url, pauses=pauses) as client:
        yield client
