"""The fixture `stage` for pytest: `pytest_plugins = ["peer.testing.plugin"]` in the topmost `conftest.py`.

With `--speaktube-real` the same tests run over a signaling server of their own, on a free port of this machine, and
over real data channels; that takes the extra `speaktube[server]`. Async tests need pytest-asyncio; with
`asyncio_mode = "auto"` they need no mark. This is the one module that imports pytest, and nothing imports this one.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from .stage import Stage

__all__ = ["pytest_addoption", "speaktube_server", "stage"]

_FLAG = "--speaktube-real"
_SAYS = "listening on "


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(_FLAG, action="store_true", help="tests of bots run over a real server and real data channels")


@pytest.fixture(scope="session")
def speaktube_server(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of a server in a process of its own; None without the flag."""
    if not request.config.getoption(_FLAG):
        yield None
        return
    command = [sys.executable, "-m", "signaling", "--guests", "--port", "0", "--store", "memory:"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # noqa: S603
    try:
        yield _address(server)
    finally:
        server.terminate()
        server.communicate()


@pytest_asyncio.fixture
async def stage(speaktube_server: str | None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A room for one test; see `peer.testing.Stage`."""
    if speaktube_server is not None:
        monkeypatch.setenv("SPEAKTUBE_ICE_ADDRESSES", "127.0.0.1")
    async with Stage(speaktube_server) as stage:
        yield stage


def _address(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    line = server.stdout.readline().strip()
    if not line.startswith(_SAYS):
        pytest.fail("the signaling server did not start: pip install 'speaktube[server]'", pytrace=False)
    return line.removeprefix(_SAYS)
