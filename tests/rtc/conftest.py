"""Two links in one process over 127.0.0.1; the guard in `tests/conftest.py` sees to it that nothing stays."""

import socket
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec

import pytest

from peer.rtc.ice import ADDRESSES_SETTING
from signaling.app import running_server

from .pairs import Pair, RawPeer, make_link
from .relay import Relay, running_relay
from .rooms import GUESTS, Company

collect_ignore = [] if find_spec("aiolibdatachannel") else ["test_libdatachannel.py"]


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sends to another address than 127.0.0.1, not even to one of this host."""
    monkeypatch.setenv(ADDRESSES_SETTING, "127.0.0.1")


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    """An open pair."""
    pair = Pair.make()
    await pair.connect()
    yield pair
    await pair.close()


@pytest.fixture
async def raw() -> AsyncIterator[RawPeer]:
    """A link of ours, open towards a bare aiortc connection that may do what it likes."""
    raw = RawPeer(*make_link())
    await raw.connect()
    yield raw
    await raw.close()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A UDP port on loopback that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        yield silent.getsockname()[1]


@pytest.fixture
async def server() -> AsyncIterator[str]:
    """A signaling server in this process, which lets guests in."""
    async with running_server(GUESTS) as url:
        yield url


@pytest.fixture
async def relay(server: str) -> AsyncIterator[Relay]:
    """The same behind a server in the middle, which notes what passes."""
    async with running_relay(server) as relay:
        yield relay


@pytest.fixture
async def company() -> AsyncIterator[Company]:
    """Where a test's peers come from; ask for it after the server."""
    async with Company() as company:
        yield company
