"""Nothing that a client said, and no secret of anybody, is in the server's log: every route, good and bad, at DEBUG.

Tokens, resume secrets, ids, names, SDP and addresses go in wherever bytes go in: headers, queries, paths, bodies,
frames, bytes that are no HTTP, and the errors of a store that fails while it holds them. Ids may show their first six
characters, as `ids.short` gives them.
"""

import asyncio
import io
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from signaling.app import running_server
from signaling.config import Config
from signaling.http.routes import ROUTES
from signaling.identity.auth import mint_user_token
from signaling.logs import make_handler
from signaling.store.memory import MemoryStore
from signaling.store.port import Limits, Store

SECRET = "0123456789abcdef0123456789abcdef"
METRICS_TOKEN = "the scraper's own secret"
SDP = "v=0 o=- 20518 0 IN IP4 203.0.113.77 a=candidate:1 1 udp 2113 192.0.2.99 54400 typ host"
RESUME = "R" * 43
TOPIC = "topic_of_a_private_room"
FOREIGN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtYWxsb3J5In0.c2lnbmF0dXJl"
NAMES = ("Alice-Underhill", "the secret meeting", "alice@example.org")
CONFIG = Config(
    host="127.0.0.1",
    port=0,
    store="memory:",
    jwt_secret=SECRET,
    guests=True,
    metrics_token=METRICS_TOKEN,
    hello_timeout_s=0.05,
    sweep_s=0.05,
    read_timeout_s=0.05,
    max_body_bytes=2048,
    turn_urls=("turn:turn.example",),
    turn_secret="coturn's own secret",
)
BODIES = (
    b"",
    b"{}",
    b"not json " + SDP.encode(),
    b'{"body": "' + SDP.encode(),
    b"\xff" + SDP.encode(),
    json.dumps({"to": SDP, "body": SDP}).encode(),
    json.dumps({"roomId": SDP}).encode(),
    json.dumps({SDP: FOREIGN, "resume": RESUME + "x"}).encode(),
    json.dumps({"roomId": TOPIC, "resume": RESUME, "displayName": NAMES[0]}).encode(),
    json.dumps([SDP]).encode() * 40,
)
"""For every route that takes one."""


class Failing(MemoryStore):
    """Fails, once told to, with all it holds in its error and in its frames."""

    is_failing = False

    async def _run(self, step: Any) -> Any:
        if self.is_failing:
            self._fail(SDP, FOREIGN, RESUME, TOPIC)
        return await super()._run(step)

    def _fail(self, *held: str) -> None:
        local_variable = " ".join(held)
        try:
            raise KeyError(local_variable)
        except KeyError as error:
            raise RuntimeError(f"cannot handle {local_variable}") from error


@pytest.fixture
def written() -> Iterator[list[io.StringIO]]:
    """What the log says in both styles, all loggers at DEBUG."""
    root = logging.getLogger()
    loggers = [root, *map(logging.getLogger, ("signaling", "aiohttp.server", "asyncio"))]
    levels = [logger.level for logger in loggers]
    streams = [io.StringIO(), io.StringIO()]
    handlers = [make_handler(style, stream) for style, stream in zip(("json", "text"), streams, strict=True)]
    for handler in handlers:
        root.addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield streams
    for handler in handlers:
        root.removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@asynccontextmanager
async def serving(store: Store) -> AsyncIterator[aiohttp.ClientSession]:
    asyncio.get_running_loop().set_debug(True)  # asyncio then says more
    async with running_server(CONFIG, store=store) as url, aiohttp.ClientSession(url) as session:
        yield session


async def call(session: aiohttp.ClientSession, method: str, path: str, *, body: bytes = b"", token: str = "") -> Any:
    """Any answer is one; its request id is as secret as can be."""
    headers = {"X-Request-Id": token or FOREIGN, "User-Agent": SDP, "X-Forwarded-For": "198.51.100.7"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    async with session.request(method, path, data=body, headers=headers) as answer:
        return await answer.read()


async def enter(session: aiohttp.ClientSession, user: str) -> Any:
    body = {"roomId": TOPIC, "customName": NAMES[1], "displayName": NAMES[0], "resume": RESUME, "isPublic": True}
    return json.loads(await call(session, "POST", "/signaling/create-room", body=json.dumps(body).encode(), token=user))


async def call_everything(session: aiohttp.ClientSession, tokens: tuple[str, ...]) -> None:
    """Each route with each token and each body, and some of what is no route."""
    for route in ROUTES:
        if route.is_socket or "leave" in route.path:
            continue
        path = route.path.replace("{roomId}", TOPIC)
        for token in ("", FOREIGN, *tokens):
            for body in BODIES if route.body else BODIES[:2]:
                await call(session, route.method, f"{path}?cursor={TOPIC}&wait={RESUME}", body=body, token=token)
        await call(session, "PATCH", path, token=FOREIGN)
    await call(session, "GET", f"/{TOPIC}/{RESUME}?token={FOREIGN}", token=FOREIGN)


async def use_sockets(session: aiohttp.ClientSession, token: str, peer_id: str) -> None:
    """Mute, with a bad hello, with good and bad frames, and one that breaks off."""
    frames = (
        {"type": "hello", "token": FOREIGN},
        {"type": "offer", "to": peer_id, "body": SDP},
        {"type": "offer", "to": "N" * 22, "body": SDP},
        {"type": SDP, "to": SDP},
        {"type": "heartbeat"},
        SDP * 60,
    )
    for first in ("", FOREIGN, token):
        for frame in frames:
            headers = {"Authorization": f"Bearer {first}"} if first else {}
            async with session.ws_connect("/signaling/ws", headers=headers) as socket:
                await socket.send_str(json.dumps(frame))
                await socket.receive(timeout=5)
                await socket.receive(timeout=0.1) if first != token else None


async def send_rubbish(session: aiohttp.ClientSession) -> None:
    """What aiohttp answers before any of our code is asked."""
    url = session._base_url
    assert url is not None
    for request in (
        SDP.encode() + b"\r\n\r\n",
        f"GET /{TOPIC} HTTP/9\r\n\r\n".encode(),
        f"GET / HTTP/1.1\r\nHost: a\r\nAuthorization : {FOREIGN}\r\n\r\n".encode(),
        f"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: {FOREIGN * 400}\r\n\r\n".encode(),
        f"POST /signaling/create-room HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{SDP}\r\n\r\n".encode(),
        f"POST /signaling/create-room HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n{SDP}".encode(),
    ):
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(request)
        async with asyncio.timeout(5):
            await reader.read(100)
        writer.write(bytes(500))  # the rest of the last one, which aiohttp would wait for after its answer
        writer.close()
        await writer.wait_closed()


def assert_kept(streams: list[io.StringIO], *secrets: str) -> None:
    """None of these in any line; both styles hold one record a line, and JSON is JSON."""
    held = (SECRET, METRICS_TOKEN, CONFIG.turn_secret, RESUME, TOPIC, FOREIGN, *FOREIGN.split("."), *NAMES, *secrets)
    addresses = ("203.0.113.77", "192.0.2.99", "198.51.100.7", "127.0.0.1", "54400")
    for stream in streams:
        text = stream.getvalue()
        assert text
        assert [
            each for each in (*held, *addresses, "v=0", "candidate:1", "local_variable") if each and each in text
        ] == []
    lines = [json.loads(line) for line in streams[0].getvalue().splitlines()]
    assert len(lines) == len(streams[1].getvalue().splitlines())
    assert {"time", "level", "logger", "message"} <= set.intersection(*(set(line) for line in lines))


def _user(name: str) -> str:
    return mint_user_token(SECRET, sub=NAMES[2], name=name, issuer=None, audience=None, now=time.time(), ttl_s=600)


async def test_no_line_holds_what_clients_say(written: list[io.StringIO]) -> None:
    """Every route with good and bad tokens and bodies, every kind of frame, and rubbish."""
    user = _user(NAMES[0])
    async with serving(MemoryStore(Limits(), clock=time.time, signing_key=bytes(32))) as session:
        joined = await enter(session, user)
        await call_everything(session, (user, joined["token"], METRICS_TOKEN))
        again = await enter(session, user)
        await use_sockets(session, again["token"], again["peerId"])
        await send_rubbish(session)
        await call(session, "POST", "/signaling/leave-room", token=again["token"])
    assert_kept(written, user, joined["token"], again["token"], joined["peerId"])


@pytest.mark.allow_logged_errors
async def test_no_traceback_holds_what_clients_say(written: list[io.StringIO]) -> None:
    """A store that fails with all of it in its error: the log has the place and the type, and not the rest."""
    user = _user(NAMES[0])
    store = Failing(Limits(), clock=time.time, signing_key=bytes(32))
    async with serving(store) as session:
        joined = await enter(session, user)
        async with session.ws_connect("/signaling/ws") as socket:
            await socket.send_json({"type": "hello", "token": joined["token"]})
            await socket.receive(timeout=5)
            store.is_failing = True
            await socket.send_json({"type": "offer", "to": "N" * 22, "body": SDP})
            await socket.receive(timeout=5)
        await call_everything(session, (user, joined["token"], METRICS_TOKEN))
        await asyncio.sleep(0.1)  # for a sweep that fails
        store.is_failing = False
    assert_kept(written, user, joined["token"], joined["peerId"])
    errors = [json.loads(line) for line in written[0].getvalue().splitlines() if '"ERROR"' in line]
    assert {"! a sweep failed", "! a connection failed", "! POST /signaling/create-room failed"} <= {
        error["message"] for error in errors
    }
    assert all("RuntimeError at security/test_server_log.py:" in error["error"] for error in errors)
    assert all("; from KeyError at security/test_server_log.py:" in error["error"] for error in errors)
