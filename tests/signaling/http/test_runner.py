"""What fails before any handler is found, in the one shape of all failures."""

import asyncio
import json
import socket
import sys
from typing import Any

import pytest

from ..conftest import Start
from ..support import Meeting, until

GET = b"GET /healthz HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /signaling/create-room HTTP/1.1\r\nHost: a\r\n"


async def ask(meeting: Meeting, request: bytes) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of what is answered to these bytes until the server hangs up; held to the document."""
    reader, writer = await asyncio.open_connection("127.0.0.1", meeting.server.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 3)
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    headers = {name.title(): value for name, _, value in (line.partition(": ") for line in lines)}
    meeting.judge.check_answer("GET", "/healthz", int(first.split()[1]), headers, body)
    return int(first.split()[1]), headers, json.loads(body)


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"s3cret\r\n\r\n", 400, "malformed_request"),
        (b"GET /s3cret HTTP/9\r\n\r\n", 400, "malformed_request"),
        (b"\x16\x03\x01s3cret\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "malformed_request"),
        (GET + b"Authorization : Bearer s3cret\r\n\r\n", 400, "malformed_request"),
        (GET + b"Authorization: s3cret\x01\r\n\r\n", 400, "malformed_request"),
        (GET + b"Content-Length: s3cret\r\n\r\n", 400, "malformed_request"),
        (GET + b"Transfer-Encoding: s3cret\r\n\r\n", 400, "malformed_request"),
        (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "malformed_request"),
        (GET + b"Authorization: s3cret" + b"x" * 20_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (b"GET /s3cret" + b"x" * 9_000 + b" HTTP/1.1\r\n\r\n", 431, "headers_too_large"),
        (GET + b"".join(b"X-%d: %s\r\n" % (n, b"x" * 9_000) for n in range(5)) + b"\r\n", 431, "headers_too_large"),
        (GET + b"\r\n".join(b"X-%d: s3cret" % n for n in range(2_000)), 400, "malformed_request"),
        (GET + b"Expect: s3cret\r\n\r\n", 417, "expectation_failed"),
        (GET + b"Expect: s3cret\xff\xfe\r\n\r\n", 417, "expectation_failed"),
        (b"GET /s3cret HTTP/1.1\r\nHost: a\r\nExpect: s3cret\r\n\r\n", 417, "expectation_failed"),
    ],
)
async def test_request_that_cannot_be_read_is_refused_as_any_other(
    meeting: Meeting, request_bytes: bytes, status: int, code: str
) -> None:
    """S21: one shape, which does not quote what may be a token; the connection ends, and the refusal is counted."""
    answered, headers, body = await ask(meeting, request_bytes)
    assert (answered, body["error"]["code"]) == (status, code)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "s3cret" not in json.dumps([headers, body])
    assert meeting.service.tally.refusals[code] == 1
    assert (await meeting.call("GET", "/healthz")).status == 200


async def test_expectation_that_is_known_is_met(meeting: Meeting) -> None:
    """RFC 9110, section 10.1.1: 100, then the answer."""
    answer = await meeting.call("POST", "/signaling/create-room", {"customName": "Deck"}, expect100=True)
    assert answer.json["room"]["customName"] == "Deck"


@pytest.mark.allow_logged_errors
async def test_bug_of_ours_outside_all_handlers_is_an_internal_error(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not aiohttp's page: the client learns nothing, the operator everything."""

    async def fail(_: object) -> None:
        raise KeyError("a secret detail")

    assert meeting.server.runner is not None
    server = meeting.server.runner.server
    monkeypatch.setattr(server, "_app_handler", fail)
    status, _, body = await ask(meeting, GET + b"\r\n")
    assert (status, body["error"]["code"]) == (500, "internal_error")
    assert "a secret detail" in caplog.text


async def test_what_is_left_of_a_refused_request_is_not_read(meeting: Meeting) -> None:
    """A second request behind bytes that cannot be read is not one."""
    status, _, _ = await ask(meeting, b"s3cret\r\n\r\n" + GET + b"\r\n")
    assert status == 400
    assert meeting.service.tally.refusals.total() == 1


@pytest.mark.parametrize("line", [b"X: " + b"x" * 9_000 + b"\r\n", b"X: " + b"x" * 1_000 + b"\r\n"])
async def test_head_without_end_is_cut_at_its_bound(meeting: Meeting, line: bytes) -> None:
    """Heads are twice in memory: what has come in vain is no more than the bound, whatever follows."""
    status, _, body = await ask(meeting, GET + line * 40)
    assert (status, body["error"]["code"]) == (431, "headers_too_large")
    assert meeting.service.tally.bounds["max_head_bytes"] == 1


async def test_heads_that_wait_are_bounded_together(meeting: Meeting) -> None:
    """Behind a poll: they are answered as far as they fit, then the connection ends."""
    left = await meeting.create()
    poll = f"GET /signaling/inbox/{left['room']['roomId']}?wait=0.2 HTTP/1.1\r\nHost: a\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", meeting.server.port)
    writer.write(poll.encode() + f"Authorization: Bearer {left['token']}\r\n\r\n".encode())
    writer.write((GET + b"X: " + b"x" * 9_000 + b"\r\n\r\n") * 5)
    answers = (await asyncio.wait_for(reader.read(), 5)).split(b"HTTP/1.")[1:]
    writer.close()
    await writer.wait_closed()
    assert [answer.split()[1] for answer in answers] == [b"200"] * 4 + [b"431"]


async def test_requests_that_wait_within_the_bound_are_answered_in_order(meeting: Meeting) -> None:
    """Pipelining (RFC 9112, section 9.3.2), more of it than is taken ahead."""
    reader, writer = await asyncio.open_connection("127.0.0.1", meeting.server.port)
    writer.write((GET + b"\r\n") * 99 + GET + b"Connection: close\r\n\r\n")
    assert (await asyncio.wait_for(reader.read(), 5)).count(b'{"status":"ok"}') == 100
    writer.close()
    await writer.wait_closed()


async def test_body_is_not_taken_for_a_head(meeting: Meeting) -> None:
    """Over the bound on heads, in small pieces, and a second request behind it."""
    body = b" " * 60_000 + b"{}"
    head = POST + b"Content-Length: %d\r\n" % len(body)
    reader, writer = await asyncio.open_connection("127.0.0.1", meeting.server.port)
    for piece in (head + b"\r\n", body[:50], body[50:], head + b"Connection: close\r\n\r\n" + body):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)
    assert (await asyncio.wait_for(reader.read(), 5)).count(b'"roomId"') == 2
    writer.close()
    await writer.wait_closed()


async def test_body_that_breaks_off_is_no_error_of_ours(meeting: Meeting) -> None:
    """The client hung up: no line at ERROR (the suite's guard looks), and the others are served."""
    assert meeting.server.runner is not None
    assert meeting.server.runner is not None
    server = meeting.server.runner.server
    assert server is not None
    _, writer = await asyncio.open_connection("127.0.0.1", meeting.server.port)
    writer.write(POST + b"Content-Length: 100\r\n\r\n{")
    await until(lambda: server.requests_count)
    writer.transport.abort()
    await until(lambda: not server.connections)
    assert meeting.service.tally.refusals["internal_error"] == 0
    assert (await meeting.call("GET", "/healthz")).status == 200


@pytest.mark.skipif(sys.platform != "linux", reason="TCP_USER_TIMEOUT is Linux's; run on Linux")
async def test_client_that_takes_no_answer_is_cut(start: Start) -> None:
    """It would hold what was written for it, and its connection, for ever."""
    meeting = await start(send_timeout_s=0.2)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, ("127.0.0.1", meeting.server.port))
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(_ask_for_ever(client), 10)


async def _ask_for_ever(client: socket.socket) -> None:
    while True:
        await asyncio.get_running_loop().sock_sendall(client, b"GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n" * 20)


async def _connect(meeting: Meeting, count: int) -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    return [await asyncio.open_connection("127.0.0.1", meeting.server.port) for _ in range(count)]


async def test_longest_idle_connection_gives_way(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """Silent ones cannot keep anybody out; who was answered lately is the last to go; the log says so once."""
    meeting = await start(tcp_connections=4)
    silent = await _connect(meeting, 3)
    assert (await meeting.call("GET", "/healthz")).status == 200  # the fourth, which its client keeps
    newest = await _connect(meeting, 3)
    assert [await asyncio.wait_for(reader.read(), 2) for reader, _ in silent] == [b""] * 3
    newest[-1][1].write(GET + b"\r\n")
    assert b" 200 OK" in await asyncio.wait_for(newest[-1][0].readline(), 2)
    assert (await meeting.call("GET", "/healthz")).status == 200
    assert meeting.service.tally.bounds["tcp_connections"] == 3
    assert [each for each in caplog.messages if "4 connections are open" in each] == caplog.messages[-1:]
    for _, writer in silent + newest:
        writer.close()
        await writer.wait_closed()


async def test_full_server_turns_newcomers_away(start: Start) -> None:
    """Where all are at work: 503 before anything is asked, and a place again when one has gone."""
    meeting = await start(tcp_connections=2)
    socket = await meeting.connect(await meeting.create())
    other = await meeting.connect(await meeting.create())
    status, headers, body = await ask(meeting, b"")
    assert (status, body["error"]["code"], headers["Retry-After"]) == (503, "server_full", "10")
    assert meeting.service.tally.refusals["server_full"] == 1
    await socket.close()
    await until(lambda: len(meeting.service.switchboard.connections) == 1)
    assert (await meeting.call("GET", "/healthz")).status == 200
    await other.close()


async def test_answers_that_nobody_takes_are_bounded_together(start: Start) -> None:
    """Each within its bounds, and yet too much in all: the connections where most waits are cut."""
    meeting = await start(buffered_bytes=150_000, sweep_s=0.01)
    loop = asyncio.get_running_loop()
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            each.setblocking(False)
            await loop.sock_connect(each, ("127.0.0.1", meeting.server.port))
        flooding = [asyncio.create_task(_ask_for_ever(each)) for each in (one, other)]
        await asyncio.wait(flooding, timeout=10, return_when=asyncio.FIRST_EXCEPTION)
        assert meeting.service.tally.bounds["buffered_bytes"] >= 1
        assert (await meeting.call("GET", "/healthz")).status == 200
        for task in flooding:
            task.cancel()
        await asyncio.gather(*flooding, return_exceptions=True)


async def test_websocket_keeps_nothing_of_its_upgrade(meeting: Meeting) -> None:
    """Headers and their parser are as big as all the rest of an idle connection; frames are read as before."""
    left, right = await meeting.pair()
    sockets = [await meeting.socket(headers={"Authorization": f"Bearer {each['token']}"}) for each in (left, right)]
    assert [(await socket.receive_json())["type"] for socket in sockets] == ["welcome", "welcome"]
    assert meeting.server.runner is not None
    assert meeting.server.runner.server is not None
    upgraded = [each for each in meeting.server.runner.server.connections if each._upgraded]
    assert len(upgraded) == 2
    assert [(each._parser, len(each._current_request.headers)) for each in upgraded if each._current_request] == [
        (None, 0),
        (None, 0),
    ]
    await sockets[0].send_json({"type": "offer", "to": right["peerId"], "body": 1})
    assert (await sockets[1].receive_json())["body"] == 1
