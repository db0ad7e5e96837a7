"""The server as a process: start, stop, restart."""

import asyncio
import signal
import socket
import time
from pathlib import Path

import aiohttp
import pytest

from .processes import run, serving


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_stop_closes_sockets_and_wakes_polls_within_a_second(number: signal.Signals) -> None:
    """1001 for sockets, 503 for polls, exit code 0, nothing on standard error but the log."""
    async with serving("--guests", "--store", "memory:") as (process, url), aiohttp.ClientSession(url) as session:
        async with session.post("/signaling/create-room") as answer:
            joined = await answer.json()
        header = {"Authorization": "Bearer " + joined["token"]}
        websocket = await session.ws_connect("/signaling/ws", headers=header)
        assert (await websocket.receive_json())["type"] == "welcome"
        path = f"/signaling/inbox/{joined['room']['roomId']}?wait=25"
        poll = asyncio.create_task(session.get(path, headers=header))
        async with session.get("/healthz"):
            pass  # the poll has been read by now, for it was sent before
        started = time.monotonic()
        process.send_signal(number)
        message = await websocket.receive()
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1001)
        assert (await asyncio.wait_for(process.wait(), 5)) == 0
        assert time.monotonic() - started < 1
        (await poll).close()
        assert process.stderr is not None
        assert b"Traceback" not in await process.stderr.read()


async def test_rooms_survive_a_restart_on_disk(tmp_path: Path) -> None:
    """Room, peer, token and mail: the same after SIGTERM, and after SIGKILL."""
    store = ("--guests", "--store", f"diskcache:{tmp_path}/store")
    async with serving(*store) as (process, url), aiohttp.ClientSession(url) as session:
        async with session.post("/signaling/create-room") as answer:
            joined = await answer.json()
        process.terminate()
        await process.wait()
    header = {"Authorization": "Bearer " + joined["token"]}
    async with serving(*store) as (process, url), aiohttp.ClientSession(url, headers=header) as session:
        async with session.post("/signaling/offer", json={"to": joined["peerId"], "body": 1}) as answer:
            assert answer.status == 202
        process.kill()
        await process.wait()
    inbox = f"/signaling/inbox/{joined['room']['roomId']}"
    async with (
        serving(*store) as (_, url),
        aiohttp.ClientSession(url, headers=header) as session,
        session.get(inbox) as answer,
    ):
        assert [each["body"] for each in (await answer.json())["envelopes"]] == [1]


async def test_taken_port_is_one_sentence() -> None:
    """Exit code 1, no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = await run("--guests", "--store", "memory:", "--port", port)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"signaling: cannot listen on 127.0.0.1 port {port}: it is in use")
    assert "Traceback" not in ended.err


async def test_corrupt_store_is_one_sentence(tmp_path: Path) -> None:
    """Never a silent reset."""
    (tmp_path / "cache.db").write_bytes(b"rubbish" * 1000)
    ended = await run("--guests", "--port", "0", "--store", f"diskcache:{tmp_path}")
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (1, "", 1)
    assert str(tmp_path) in ended.err
