"""A signaling server in the middle: passes everything on to a real one, remembers it, and lies when a test says so.

Peers are given this server's address; it speaks HTTP and WebSocket to the real one behind it. `seen` is what a curious
server could write down. `meddle` may replace a WebSocket frame by none or several, `edit_admission` the answer to a
join; `push` sends a peer a frame that nobody has sent.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp
from aiohttp import web

__all__ = ["Frame", "Passing", "Relay", "running_relay"]

Frame = dict[str, Any]
PATIENCE_S = 20.0


@dataclass(frozen=True)
class Passing:
    """One frame on its way; `peer` is whose connection it is on."""

    direction: Literal["up", "down"]
    peer: str
    frame: Frame

    @property
    def kind(self) -> str:
        return str(self.frame["type"])


async def _honestly(passing: Passing) -> list[Frame]:
    return [passing.frame]


def _unchanged(admission: Frame) -> Frame:
    return admission


@dataclass
class Relay:
    """One such server."""

    upstream: str
    allows_websockets: bool = True
    address: str = ""
    seen: list[str] = field(default_factory=list)
    """Paths, header values but Host, bodies and frames, both ways."""
    passed: list[Passing] = field(default_factory=list)
    """Every WebSocket frame as it came, before anything was done to it."""
    admissions: list[Frame] = field(default_factory=list)
    """Answers to create-room and join-room, in order."""
    meddle: Callable[[Passing], Awaitable[list[Frame]]] = _honestly
    edit_admission: Callable[[Frame], Frame] = _unchanged
    _sockets: dict[str, web.WebSocketResponse] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _session: aiohttp.ClientSession = field(init=False)

    async def push(self, peer: str, *frames: Frame) -> None:
        """Send frames to a peer that is connected, or about to be."""
        await self.until(lambda: peer in self._sockets)
        for frame in frames:
            await self._sockets[peer].send_json(frame)

    def signals(self, kind: str, *, sender: str | None = None) -> list[Frame]:
        """Envelopes of this kind that peers have sent."""
        return [
            passing.frame
            for passing in self.passed
            if (passing.direction, passing.kind) == ("up", kind) and sender in (None, passing.peer)
        ]

    async def until(self, is_so: Callable[[], object]) -> None:
        """Look again after everything that passes."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not is_so():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            passed = [(passing.direction, passing.kind) for passing in self.passed]
            raise AssertionError(f"waited in vain; passed {passed}") from None

    # Serving

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Relay]:
        app = web.Application()
        app.router.add_get("/signaling/ws", self._pass_socket)
        app.router.add_route("*", "/{path:.*}", self._pass_call)
        app.on_shutdown.append(self._close_sockets)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        async with aiohttp.ClientSession() as self._session:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
            try:
                yield self
            finally:
                await runner.cleanup()

    async def _close_sockets(self, _app: web.Application) -> None:
        for socket in list(self._sockets.values()):
            await socket.close(code=1001)

    async def _pass_call(self, request: web.Request) -> web.Response:
        body = await request.read()
        self._note(request, body)
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        async with self._session.request(
            request.method, self.upstream + request.path_qs, data=body, headers=headers
        ) as answer:
            payload = await answer.read()
        if answer.status == 200 and request.path in ("/signaling/create-room", "/signaling/join-room"):
            self.admissions.append(json.loads(payload))
            payload = json.dumps(self.edit_admission(json.loads(payload))).encode()
        self.seen.append(payload.decode())
        self._changed.set()
        return web.Response(status=answer.status, body=payload, content_type=answer.content_type)

    def _note(self, request: web.Request, body: bytes) -> None:
        values = [value for name, value in request.headers.items() if name != "Host"]
        self.seen += [request.path_qs, *values, body.decode()]

    async def _pass_socket(self, request: web.Request) -> web.StreamResponse:
        self._note(request, b"")
        if not self.allows_websockets:
            return web.Response(status=403, text="<html>no WebSockets here</html>", content_type="text/html")
        headers = {"Authorization": request.headers["Authorization"]}
        async with self._session.ws_connect(f"{self.upstream}/signaling/ws", headers=headers) as up:
            down = web.WebSocketResponse()
            await down.prepare(request)
            await _Wire(self, up, down).pump()
        return down

    async def take(self, passing: Passing) -> list[Frame]:
        """What becomes of one frame."""
        self.seen.append(json.dumps(passing.frame))
        self.passed.append(passing)
        self._changed.set()
        return await self.meddle(passing)

    def connected(self, peer: str, socket: web.WebSocketResponse) -> None:
        self._sockets[peer] = socket
        self._changed.set()


class _Wire:
    """One peer's WebSocket, from it to us and from us to the real server."""

    def __init__(self, relay: Relay, up: aiohttp.ClientWebSocketResponse, down: web.WebSocketResponse) -> None:
        self._relay = relay
        self._up = up
        self._down = down
        self._peer = ""

    async def pump(self) -> None:
        tasks = [asyncio.create_task(self._pump_up()), asyncio.create_task(self._pump_down())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await self._down.close(code=self._up.close_code or 1000)
        finally:
            await self._up.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pump_up(self) -> None:
        async for message in self._down:
            for frame in await self._relay.take(Passing("up", self._peer, json.loads(message.data))):
                await self._up.send_json(frame)

    async def _pump_down(self) -> None:
        async for message in self._up:
            frame = json.loads(message.data)
            self._peer = str(frame.get("peerId", self._peer)) if frame["type"] == "welcome" else self._peer
            for each in await self._relay.take(Passing("down", self._peer, frame)):
                await self._down.send_json(each)
            if frame["type"] == "welcome":
                self._relay.connected(self._peer, self._down)


@asynccontextmanager
async def running_relay(upstream: str, *, allows_websockets: bool = True) -> AsyncIterator[Relay]:
    """A relay in front of a real server; its `address` is what peers are told."""
    async with Relay(upstream, allows_websockets=allows_websockets).running() as relay:
        yield relay
