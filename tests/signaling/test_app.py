"""Settings that cannot work together, the store they name, and a server in this process."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling.app import check_config, create_app, open_store, running_server
from signaling.config import Config
from signaling.errors import AddressInUse, BadSetting
from signaling.store.diskcache import DiskcacheStore
from signaling.store.memory import MemoryStore
from signaling.store.redis.engine import RedisStore

from .keyrings import ED, public_pem
from .support import SECRET

PEM = public_pem(ED)

CREATE = b"POST /signaling/create-room HTTP/1.1\r\nHost: a\r\n"
FULL = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, "SIGNALING_GUESTS=1"),
        ({"jwt_secret": SECRET, "jwt_public_key": PEM}, "only one of"),
        ({"jwt_secret": "short"}, "too weak"),
        ({"guests": True, "turn_urls": ("turn:t",)}, "SIGNALING_TURN_SECRET"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], wanted: str) -> None:
    """The sentence says which to set."""
    with pytest.raises(BadSetting, match=wanted):
        create_app(Config(store="memory:", **settings))


def test_public_key_may_be_text_one_line_or_a_file(tmp_path: Path) -> None:
    """As it comes from a shell, an environment file or a mounted secret."""
    (tmp_path / "key.pem").write_text(PEM)
    for text in (PEM, PEM.replace("\n", "\\n"), str(tmp_path / "key.pem")):
        assert check_config(Config(jwt_public_key=text)) is not None
    assert check_config(Config(guests=True)) is None


def test_store_is_the_one_that_is_named(tmp_path: Path) -> None:
    """memory:, diskcache:PATH and the forms of Redis."""
    assert isinstance(open_store(Config(store="memory:")), MemoryStore)
    assert isinstance(open_store(Config(store=f"diskcache:{tmp_path}/s")), DiskcacheStore)
    assert isinstance(open_store(Config(store="redis://localhost")), RedisStore)


async def test_running_server_tells_its_url_and_stops() -> None:
    """Port 0 takes a free one; a taken one is told."""
    config = Config(guests=True, port=0, store="memory:")
    async with running_server(config) as url:
        async with aiohttp.ClientSession(url) as session, session.get("/healthz") as answer:
            assert answer.status == 200
        port = int(url.rpartition(":")[2])
        with pytest.raises(AddressInUse, match=str(port)):
            async with running_server(Config(guests=True, port=port, store="memory:")):
                pass
    with pytest.raises(aiohttp.ClientConnectorError):
        async with aiohttp.ClientSession(url) as session:
            await session.get("/healthz")


async def test_running_server_speaks_ipv6() -> None:
    """The URL has its brackets."""
    try:
        async with running_server(Config(guests=True, host="::1", port=0, store="memory:")) as url:
            assert url.startswith("http://[::1]:")
    except AddressInUse as error:
        assert "::1" in str(error)  # noqa: PT017 - a machine without IPv6 gets a sentence too


@pytest.mark.parametrize(
    "begun", [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ", FULL, FULL + b"GET /hea"]
)
async def test_connection_without_a_request_is_cut(begun: bytes) -> None:
    """Nothing, half a line, half a header; the same after a request was answered."""
    async with running_server(Config(guests=True, port=0, store="memory:", idle_timeout_s=0.05)) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(begun)
        answer = await asyncio.wait_for(reader.read(), 2)
        assert (b" 200 OK" in answer) == (begun.startswith(FULL))
        writer.close()
        await writer.wait_closed()


async def test_slow_request_outlives_the_pause_between_requests() -> None:
    """A poll that waits is not idle."""
    config = Config(guests=True, port=0, store="memory:", idle_timeout_s=0.05)
    async with running_server(config) as url, aiohttp.ClientSession(url) as session:
        async with session.post("/signaling/create-room") as answer:
            joined = await answer.json()
        header = {"Authorization": "Bearer " + joined["token"]}
        path = f"/signaling/inbox/{joined['room']['roomId']}?wait=0.3"
        async with session.get(path, headers=header) as answer:
            assert await answer.json() == {"envelopes": []}


async def _ask(request: bytes) -> bytes:
    """The answer of a server that is used once."""
    async with running_server(Config(guests=True, port=0, store="memory:", idle_timeout_s=0.05)) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(), 2)
        writer.close()
        await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    "request_bytes",
    [
        CREATE + b"Authorization: Bearer s3cret\x01\r\n\r\n",
        CREATE + b"Authorization : Bearer s3cret\r\n\r\n",
        CREATE + b"Authorization: Bearer s3cret" + b"x" * 20_000 + b"\r\n\r\n",
        CREATE + b"Transfer-Encoding: chunked\r\n\r\ns3cret\r\n\r\n",
        b"GET /s3cret HTTP/9\r\n\r\n",
        b"s3cret\r\n\r\n",
    ],
)
async def test_log_quotes_no_request_that_cannot_be_read(
    request_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """One line without bytes, addresses or traceback: such requests may hold a token, and are no fault of ours."""
    caplog.set_level(logging.DEBUG)
    assert (await _ask(request_bytes)).split()[1] in {b"400", b"431"}
    assert [each for each in ("s3cret", "127.0.0.1", "Traceback") if each in caplog.text] == []
    assert "! a request that cannot be read: Bad" in caplog.text or "LineTooLong" in caplog.text
