"""A real server on a real port, and sentences to talk to it with."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer

from signaling.app import create_app
from signaling.bounds.limits import Rate
from signaling.config import SETTINGS, Config
from signaling.http.runner import Runner, protocol_options
from signaling.service import SERVICE, Service
from signaling.store.port import Store

from .judge import Judge, judge_of

__all__ = ["SECRET", "UNLIMITED", "Answer", "FakeClock", "Meeting", "assert_error", "until", "zeros"]

SECRET = "a secret of more than thirty-two bytes"
START = 1_800_000_000.0
UNLIMITED: dict[str, Any] = {each.field: Rate(1_000_000, 1) for each in SETTINGS if isinstance(each.default, Rate)}
"""Settings for those who ask more than anybody may."""


@dataclass
class FakeClock:
    """Wall seconds that pass when a test says so."""

    now: float = START
    sleepers: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds
        for wake_at, sleeper in self.sleepers:
            if wake_at <= self.now and not sleeper.done():
                sleeper.set_result(None)
        self.sleepers = [each for each in self.sleepers if not each[1].done()]

    async def sleep(self, seconds: float) -> None:
        """Until a test has advanced the clock so far."""
        sleeper = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.now + seconds, sleeper))
        await sleeper


@dataclass
class Answer:
    """Status, headers and JSON of a call."""

    status: int
    headers: Any
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        return str(self.json["error"]["code"])


def assert_error(answer: Answer, status: int, code: str) -> None:
    """A failure in the one shape that all failures have."""
    assert (answer.status, answer.code) == (status, code), answer.text
    assert answer.headers["Content-Type"].startswith("application/json")
    assert set(answer.json) == {"error"}
    error = answer.json["error"]
    assert set(error) <= {"code", "message", "hint", "retryAfterS"}
    assert error["message"].endswith(".")
    assert ("retryAfterS" in error) == ("Retry-After" in answer.headers)


async def until(is_so: Callable[[], object]) -> None:
    """Let the loop turn until the other tasks have come so far, and a little on."""
    async with asyncio.timeout(2):
        while not is_so():  # noqa: ASYNC110 - a state of the server, which sets no event for tests
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)


def _judged(judge: Judge) -> type[aiohttp.ClientWebSocketResponse]:
    class JudgedSocket(aiohttp.ClientWebSocketResponse):
        async def receive(self, timeout: float | None = None) -> aiohttp.WSMessage:  # noqa: ASYNC109 - aiohttp's own
            message = await super().receive(timeout)
            if message.type is aiohttp.WSMsgType.TEXT:
                judge.check_frame(message.data)
            return message

    return JudgedSocket


class _Server(TestServer):
    """With our own runner, so that tests see what clients will."""

    async def _make_runner(self, **settings: Any) -> Runner:
        return Runner(self.app, **settings)


@dataclass
class Meeting:
    """One server under test and one client."""

    server: TestServer
    session: aiohttp.ClientSession
    clock: FakeClock
    sockets: list[aiohttp.ClientWebSocketResponse] = field(default_factory=list)

    @classmethod
    async def start(cls, clock: FakeClock, store: Store | None = None, **settings: Any) -> "Meeting":
        config = Config(**{"guests": True, "store": "memory:", **settings})
        server = _Server(create_app(config, store=store, clock=clock))
        await server.start_server(**protocol_options(config))
        server.app[SERVICE].pause = clock.sleep
        session = aiohttp.ClientSession(server.make_url("/"), ws_response_class=_judged(judge_of(config)))
        return cls(server, session, clock)

    async def close(self) -> None:
        for socket in self.sockets:
            await socket.close()
        await self.session.close()
        await self.server.close()

    @property
    def service(self) -> Service:
        return self.server.app[SERVICE]

    @property
    def judge(self) -> Judge:
        """Every answer and frame of the whole suite is held to the document."""
        return judge_of(self.service.config)

    async def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, **options: Any
    ) -> Answer:
        """One HTTP call; bytes go as they are, everything else as JSON."""
        headers = {**options.pop("headers", {}), **({"Authorization": f"Bearer {token}"} if token else {})}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        async with self.session.request(method, path, data=data, headers=headers, **options) as response:
            answer = Answer(response.status, response.headers, await response.text())
            self.judge.check_answer(method, response.url.raw_path, answer.status, answer.headers, answer.text)
            return answer

    async def create(self, token: str | None = None, **body: Any) -> Any:
        answer = await self.call("POST", "/signaling/create-room", body, token=token)
        assert answer.status == 200, answer.text
        return answer.json

    async def join(self, token: str | None = None, **body: Any) -> Any:
        answer = await self.call("POST", "/signaling/join-room", body, token=token)
        assert answer.status == 200, answer.text
        return answer.json

    async def pair(self) -> tuple[Any, Any]:
        """Two peers in one room; neither has a notice waiting."""
        left = await self.create(displayName="left")
        right = await self.join(roomId=left["room"]["roomId"], displayName="right")
        await self.inbox(left)
        return left, right

    async def inbox(self, peer: Any, **query: Any) -> Any:
        path = f"/signaling/inbox/{peer['room']['roomId']}"
        answer = await self.call("GET", path, token=peer["token"], params=query)
        assert answer.status == 200, answer.text
        return answer.json["envelopes"]

    async def post(self, kind: str, sender: Any, to: str, body: Any) -> Answer:
        return await self.call("POST", f"/signaling/{kind}", {"to": to, "body": body}, token=sender["token"])

    async def socket(self, **options: Any) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket that has said nothing yet."""
        socket: aiohttp.ClientWebSocketResponse = await self.session.ws_connect("/signaling/ws", **options)
        self.sockets.append(socket)
        return socket

    async def connect(self, peer: Any) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket that has been welcomed."""
        socket = await self.socket()
        await socket.send_json({"type": "hello", "token": peer["token"]})
        welcome = await socket.receive_json()
        assert welcome["type"] == "welcome", welcome
        return socket


def zeros(count: int) -> bytes:
    """Chance that always says the same."""
    return bytes(count)
