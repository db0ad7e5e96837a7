"""The server as a process: start, stop, restart."""

import asyncio
import json
import os
import re
import resource
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
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
        error = (await websocket.receive_json())["error"]
        assert (error["code"], error["retryAfterS"]) == ("going_away", 1)
        message = await websocket.receive()
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1001)
        assert (await asyncio.wait_for(process.wait(), 5)) == 0
        assert time.monotonic() - started < 1
        async with await poll as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert process.stderr is not None
        assert b"Traceback" not in await process.stderr.read()


async def test_log_of_a_process_is_json_from_its_first_line_to_its_last() -> None:
    """For a collector: each line an object, with the id that the client was given."""
    json_lines = ("--log-format", "json", "--log-level", "debug")
    async with serving("--guests", "--store", "memory:", *json_lines) as (process, url):
        async with aiohttp.ClientSession(url) as session, session.post("/signaling/create-room") as answer:
            request_id = answer.headers["X-Request-Id"]
        process.terminate()
        _, written = await process.communicate()
    lines = [json.loads(line) for line in written.decode().splitlines()]
    assert lines[-1]["message"] == "= SIGTERM: stopping"
    calls = [line for line in lines if line.get("request_id") == request_id]
    assert calls[-1]["message"].startswith("< POST /signaling/create-room 200 in ")
    assert (calls[-1]["level"], calls[-1]["route"], calls[-1]["status"]) == ("INFO", "/signaling/create-room", 200)


async def test_second_signal_leaves_at_once() -> None:
    """While the first waits for load balancers; the exit code is what a shell says of that signal."""
    async with serving("--guests", "--store", "memory:", "--drain-s", "60") as (process, url):
        process.send_signal(signal.SIGTERM)
        async with aiohttp.ClientSession(url) as session:
            await _until_not_ready(session)
            process.send_signal(signal.SIGINT)
            assert await asyncio.wait_for(process.wait(), 5) == 128 + signal.SIGINT
        assert process.stderr is not None
        assert b"SIGINT again: leaving at once" in await process.stderr.read()


async def _until_not_ready(session: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(5):
        while True:
            async with session.get("/readyz") as answer:
                if answer.status == 503:
                    return


async def test_draining_server_serves_until_the_time_is_over() -> None:
    """Load balancers still send clients here: they are let in, and sent on with the others."""
    async with serving("--guests", "--store", "memory:", "--drain-s", "0.5") as (process, url):
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        async with aiohttp.ClientSession(url) as session:
            await _until_not_ready(session)
            async with session.post("/signaling/create-room") as answer:
                header = {"Authorization": "Bearer " + (await answer.json())["token"]}
            websocket = await session.ws_connect("/signaling/ws", headers=header)
            frames = [message.json() async for message in websocket]
        assert [frame["type"] for frame in frames] == ["welcome", "error"]
        assert (websocket.close_code, await process.wait()) == (1001, 0)
        assert 0.5 <= time.monotonic() - started < 3


CONNECTIONS = 2000
BATCH = 100
"""Requests on their way at once."""


async def test_two_thousand_connections_are_sent_home_within_a_second() -> None:
    """S17. In seconds of the server's CPU, for the machine may have others to serve; on a free core they pass as such.

    The clients read nothing before the server is gone, so that they do not compete with it for the core.
    """
    with _many_files():
        async with serving("--guests", "--store", "memory:", "--log-level", "warning") as (process, url):
            port = int(url.rpartition(":")[2])
            clients = await asyncio.to_thread(_crowd, port, CONNECTIONS)
            before_s = _cpu_s(process.pid)
            reaped = resource.getrusage(resource.RUSAGE_CHILDREN)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 10) == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        last_words = await asyncio.to_thread(_last_words, clients)
    spent_s = after.ru_utime + after.ru_stime - reaped.ru_utime - reaped.ru_stime - before_s
    assert spent_s < 1
    seconds = Counter(re.search(rb'"retryAfterS":([0-9]+)', each)[1] for each in last_words)  # type: ignore[index]
    assert seconds.total() == CONNECTIONS
    assert set(seconds) == {b"1", b"2"}
    assert min(seconds.values()) > CONNECTIONS / 4
    assert all(b"\x03\xe9going_away" in each for each in last_words)


@contextmanager
def _many_files() -> Iterator[None]:
    """Room for both ends of each connection; the server inherits it."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + 500
    if before[1] != resource.RLIM_INFINITY and before[1] < wanted:
        pytest.skip(f"{wanted} open files are needed: ulimit -Hn {wanted}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], wanted), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def _cpu_s(pid: int) -> float:
    """What a process has used so far."""
    numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def _crowd(port: int, count: int) -> list[socket.socket]:
    """WebSockets of so many peers, each in a room of its own, welcomed."""
    clients = []
    with socket.create_connection(("127.0.0.1", port)) as caller:
        for _ in range(count // BATCH):
            batch = [_begin(port, token) for token in _create_rooms(caller, BATCH)]
            for client in batch:
                _read_until(client, b'"welcome"', 1)
            clients += batch
    return clients


def _create_rooms(caller: socket.socket, count: int) -> list[str]:
    caller.sendall(b"POST /signaling/create-room HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}" * count)
    answers = _read_until(caller, b'"heartbeatS":30}', count)
    return [found.decode() for found in re.findall(rb'"token":"([^"]+)"', answers)]


def _begin(port: int, token: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    head = "GET /signaling/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    client.sendall(f"{head}{key}Authorization: Bearer {token}\r\n\r\n".encode())
    return client


def _read_until(client: socket.socket, mark: bytes, count: int) -> bytes:
    data = b""
    while data.count(mark) < count:
        chunk = client.recv(65_536)
        assert chunk, data
        data += chunk
    return data


def _last_words(clients: list[socket.socket]) -> list[bytes]:
    """What each has to read, to the end; all are closed."""
    heard = []
    for client in clients:
        with client:
            words = b""
            while data := client.recv(65_536):
                words += data
            heard.append(words)
    return heard


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
