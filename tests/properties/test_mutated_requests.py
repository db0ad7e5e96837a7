"""Abuse: whatever becomes of a good request, its answer is one that the document has, and the others are served.

Every call of the route table is asked a thousand times in CI, by way of a real socket, since half of the trouble is in
the bytes around the JSON.
"""

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, given, settings

from signaling.config import Config
from signaling.http.route import Asker, Route
from signaling.http.routes import ROUTES
from signaling.identity.auth import mint_user_token
from signaling.reference.openapi import describe
from signaling.reference.operation import operation_id

from ..signaling.support import SECRET, UNLIMITED, FakeClock, Meeting
from .mutations import BATCH, BATCHES, Dice, Request, dice, mutated
from .rawhttp import RawAnswer, ask

SETTINGS: dict[str, Any] = {
    **UNLIMITED,
    "jwt_secret": SECRET,
    "read_timeout_s": 0.03,
    "poll_max_s": 0.03,
    "cors_origins": ("https://chat.example",),
}
PATHS = describe(ROUTES, Config(guests=True, **SETTINGS), version="0")["paths"]
UPGRADE = (
    (b"Connection", b"Upgrade"),
    (b"Upgrade", b"websocket"),
    (b"Sec-WebSocket-Version", b"13"),
    (b"Sec-WebSocket-Key", b"AAAAAAAAAAAAAAAAAAAAAA=="),
)


def good_request(row: Route, left: Any, right: Any, user_token: str) -> Request:
    """One that the server takes, made from the example of the document."""
    tokens = {Asker.ROOM_TOKEN: left["token"], Asker.USER: user_token}
    headers = [(b"Host", b"127.0.0.1")]
    if row.asker in tokens:
        headers.append((b"Authorization", b"Bearer " + tokens[row.asker].encode()))
    room_id = left["room"]["roomId"]
    target = row.path.replace("{roomId}", room_id).encode()
    operation = PATHS[row.path][row.method.lower()]
    fields: Any = None
    if row.body is not None:
        example = operation["requestBody"]["content"]["application/json"]["example"]
        known = {"to": right["peerId"], "roomId": room_id}
        fields = {name: known.get(name, value) for name, value in example.items()}
        fields = tuple((name.encode(), msgspec.json.encode(value)) for name, value in fields.items())
    return Request(row.method.encode(), target, (*headers, *(UPGRADE if row.is_socket else ())), fields)


class Abuse:
    """A server, and what is done to it."""

    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting
        self.answered = 0
        self.asked = 0

    async def do(self, row: Route, thrown: Dice) -> None:
        """Ask a batch of spoilt requests; judge the answers; then let a pair talk."""
        left, right = await self._meeting.pair()
        request = good_request(row, left, right, self.user_token())
        raws = [mutated(request, thrown).encode() for _ in range(BATCH)]
        for raw, answer in zip(raws, await asyncio.gather(*map(self.ask, raws)), strict=True):
            self._judge(row, raw, answer)
        await self._control()

    def user_token(self) -> str:
        """Of a user, whose calls take a JWT."""
        now = self._meeting.clock()
        return mint_user_token(SECRET, sub="alice", name=None, issuer=None, audience=None, now=now, ttl_s=600)

    async def ask(self, raw: bytes) -> RawAnswer | None:
        """The answer to some bytes."""
        assert self._meeting.server.port is not None
        return await ask(self._meeting.server.port, raw)

    def _judge(self, row: Route, raw: bytes, answer: RawAnswer | None) -> None:
        self.asked += 1
        if answer is None:
            return
        self.answered += 1
        assert answer.status < 500, (raw, answer)
        if raw.startswith(b"HEAD "):
            return
        try:
            self._meeting.judge.check_any_answer(row.path, answer.status, answer.headers, answer.body.decode())
        except AssertionError as error:
            raise AssertionError(f"{raw!r} is answered {answer}") from error

    async def _control(self) -> None:
        """Somebody else is served as ever."""
        left, right = await self._meeting.pair()
        assert (await self._meeting.post("offer", right, left["peerId"], "control")).status == 202
        assert [each["body"] for each in await self._meeting.inbox(left)] == ["control"]


@pytest.mark.parametrize("row", ROUTES, ids=operation_id)
async def test_request_that_is_not_spoilt_is_taken(row: Route) -> None:
    """Or the test below would say nothing; the example of an attestation proves nothing, and is refused for that."""
    meeting = await Meeting.start(FakeClock(), **SETTINGS)
    try:
        left, right = await meeting.pair()
        abuse = Abuse(meeting)
        answer = await abuse.ask(good_request(row, left, right, abuse.user_token()).encode())
        assert answer is not None
        assert (answer.status, row.path) in {(row.status, row.path), (403, "/signaling/attest")}
    finally:
        await meeting.close()


@pytest.mark.parametrize("row", ROUTES, ids=operation_id)
def test_spoilt_request_gets_an_answer_of_the_document(row: Route) -> None:
    """Never a 5xx, never another shape, and nobody else notices."""
    with asyncio.Runner() as runner:
        meeting = runner.run(Meeting.start(FakeClock(), **SETTINGS))
        abuse = Abuse(meeting)

        @settings(max_examples=BATCHES, phases=[Phase.generate], deadline=None)
        @given(dice)
        def abuse_it(thrown: Dice) -> None:
            runner.run(abuse.do(row, thrown))

        try:
            abuse_it()
        finally:
            runner.run(meeting.close())
    assert abuse.answered > 0.9 * abuse.asked
