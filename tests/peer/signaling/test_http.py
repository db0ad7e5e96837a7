"""One HTTP exchange, and the end of every foreign exception."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from peer.errors import Closed, JoinRefused, SignalingUnreachable
from peer.signaling.endings import ComeBack, Ended, Poll
from peer.signaling.http import MAX_REPLY_BYTES, Http, is_unsent

from .fake_server import FakeServer, page, refusal


@pytest.fixture
async def http(server: FakeServer) -> AsyncIterator[Http]:
    http = Http(server.url, timeout_s=5.0)
    yield http
    await http.close()


async def failure(http: Http) -> SignalingUnreachable:
    with pytest.raises(SignalingUnreachable) as caught:
        await http.post("/signaling/x", token=None)
    return caught.value


async def test_nobody_there_says_the_next_step() -> None:
    """The sentence names the address and what to check; nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    http = Http(f"http://127.0.0.1:{port}", timeout_s=5.0)
    error = await failure(http)
    await http.close()
    assert str(error) == (
        f"no signaling server answers at http://127.0.0.1:{port} (it accepts no connection): "
        "is it running, and is the address right?"
    )
    assert error.__cause__ is not None
    assert is_unsent(error)


async def test_unknown_name_says_so() -> None:
    http = Http("http://nowhere.invalid", timeout_s=5.0)
    error = await failure(http)
    await http.close()
    assert error.reason in {"its name is not known", "it accepts no connection"}


async def test_silent_server_is_given_up(server: FakeServer) -> None:
    """Whether it took the call is unknown then."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        http = Http(f"http://127.0.0.1:{mute.getsockname()[1]}", timeout_s=0.05)
        error = await failure(http)
        await http.close()
    assert error.reason == "no answer in time"
    assert not is_unsent(error)


@pytest.mark.parametrize(
    ("words", "reason"), [(b"", "it hung up"), (b"220 mail.example ESMTP\r\n\r\n", "something else answers there")]
)
async def test_other_protocols_are_told_apart(words: bytes, reason: str) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(words)
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as other:
        http = Http(f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}", timeout_s=5.0)
        error = await failure(http)
        await http.close()
    assert error.reason == reason


@pytest.mark.parametrize("status", [301, 307, 404, 502, 503])
async def test_page_of_a_proxy_is_not_our_server(server: FakeServer, http: Http, status: int) -> None:
    """No redirect is followed either: a token goes nowhere else."""
    server.script("x", page(status, Location=f"{server.url}/elsewhere"))
    assert (await failure(http)).reason == "something else answers there"
    assert server.calls == ["x"]


@pytest.mark.parametrize("body", ["", "[]", '{"error":"broken"}', '{"error":{"code":7}}'])
async def test_error_in_other_words_is_not_our_server(server: FakeServer, http: Http, body: str) -> None:
    server.script("x", page(400, body))
    assert (await failure(http)).reason == "something else answers there"


async def test_refusal_carries_code_hint_and_time(server: FakeServer, http: Http) -> None:
    server.script("x", refusal(409, "room_full", hint="wait"))
    with pytest.raises(JoinRefused) as caught:
        await http.get("/signaling/x", token=None)
    error = caught.value
    assert (error.code, error.hint, error.retry_after_s) == ("room_full", "wait", None)
    assert str(error) == "no: room_full: wait"
    assert is_unsent(error)


@pytest.mark.parametrize(
    ("status", "in_body", "in_header", "wait_s"),
    [
        (503, 4, "9", 4.0),
        (503, None, "9", 9.0),
        (429, None, "soon", 1.0),
        (500, None, None, 1.0),
        (403, None, None, None),
    ],
)
async def test_busy_server_says_how_long(
    server: FakeServer, http: Http, status: int, in_body: int | None, in_header: str | None, wait_s: float | None
) -> None:
    """In the body, else in the header; where it says nothing we wait a little."""

    def answer() -> web.Response:
        more = {} if in_body is None else {"retryAfterS": in_body}
        response = refusal(status, "going_away", **more)()
        if in_header is not None:
            response.headers["Retry-After"] = in_header
        return response

    server.script("x", answer)
    with pytest.raises(JoinRefused) as caught:
        await http.post("/signaling/x", token=None)
    assert caught.value.retry_after_s == wait_s


async def test_upgrade_opens_a_socket_that_packs_nothing(server: FakeServer, http: Http) -> None:
    """Here it is closed at once, for want of a token that the server knows."""
    socket = await http.open_socket("/signaling/ws", token="t")
    assert server.authorizations == ["Bearer t"]
    assert not socket.compress
    await socket.receive()
    assert socket.close_code == 4401


@pytest.mark.parametrize("status", [200, 403, 502])
async def test_refused_upgrade_leads_to_polling(server: FakeServer, http: Http, status: int) -> None:
    server.upgrade = page(status)
    with pytest.raises(Ended) as caught:
        await http.open_socket("/signaling/ws", token="t")
    assert isinstance(caught.value.ending, Poll)


async def test_redirected_upgrade_leaves_the_token_behind(server: FakeServer, http: Http) -> None:
    """Where the origin changes; what answers there cannot know who we are."""
    async with FakeServer() as elsewhere:
        server.upgrade = page(307, Location=f"{elsewhere.url}/signaling/ws")
        socket = await http.open_socket("/signaling/ws", token="t")
        await socket.receive()
    assert elsewhere.authorizations == [None]


async def test_busy_upgrade_tells_when_to_come_back(server: FakeServer, http: Http) -> None:
    server.upgrade = page(503, **{"Retry-After": "4"})
    with pytest.raises(Ended) as caught:
        await http.open_socket("/signaling/ws", token="t")
    assert caught.value.ending == ComeBack("the server is busy", 4.0)


async def test_endless_reply_is_cut(server: FakeServer, http: Http) -> None:
    server.script("x", page(200, "x" * (MAX_REPLY_BYTES + 1)))
    assert (await failure(http)).reason == "something else answers there"


async def test_compressed_reply_is_never_unpacked(server: FakeServer, http: Http) -> None:
    """We ask for none, so a small one that unpacks to gigabytes cannot reach our memory."""
    packed = gzip.compress(b"{}" * 1000)
    server.script("x", lambda: web.Response(body=packed, headers={"Content-Encoding": "gzip"}))
    assert await http.get("/signaling/x", token=None) == packed


async def test_cookies_are_not_kept(server: FakeServer, http: Http) -> None:
    server.script("x", page(200, "{}", **{"Set-Cookie": "id=1"}), page(200, "{}"))
    await http.get("/signaling/x", token="t")
    await http.get("/signaling/x", token=None)
    assert server.authorizations == ["Bearer t", None]


async def test_closed_client_says_so(http: Http) -> None:
    """Closing twice is fine; calling after it is the caller's mistake."""
    await http.close()
    await http.close()
    with pytest.raises(Closed):
        await http.get("/signaling/x", token=None)
