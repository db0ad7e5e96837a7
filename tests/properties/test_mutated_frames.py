"""Abuse: whatever becomes of a good WebSocket frame, it is taken, answered by an error frame, or ends the connection.

It ends with a close code of docs/protocol.md, or, where the server still waits for the rest of a frame, with the end
of the bytes.
"""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings

from signaling import wire
from signaling.ids import User, UserId

from ..signaling.support import UNLIMITED, FakeClock, Meeting
from .mutations import BATCH, BATCHES, FIELDS, VALUES, Dice, Splice, dice
from .rawsocket import Heard, converse, frame

PROTOCOL = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")
CLOSE_CODES = {
    int(code)
    for row in re.findall(r"^\| ((?:1\d{3}|4\d{3})(?:, \d{4})*) \|", PROTOCOL, re.M)
    for code in row.split(", ")
}

GOOD = {
    "hello": '{"type":"hello","token":"TOKEN"}',
    "offer": '{"type":"offer","to":"PEER","body":{"sealed":"x"}}',
    "heartbeat": '{"type":"heartbeat"}',
    "leave": '{"type":"leave"}',
}


@dataclass(frozen=True)
class Spoilt:
    """What is done to a frame: to its text, then to how it is sent, then to its bytes."""

    in_text: tuple[Splice, ...] = ()
    word: tuple[bytes, bytes] | None = None
    """A field that is added, raw."""
    opcode: int = 1
    fin: int = 0x80
    in_frame: tuple[Splice, ...] = ()

    def encode(self, text: bytes) -> bytes:
        """The bytes to send."""
        if self.word is not None:
            text = text.removesuffix(b"}") + b',"%b":%b}' % self.word
        for splice in self.in_text:
            text = splice.applied(text)
        raw = frame(text, opcode=self.opcode, fin=self.fin)
        for splice in self.in_frame:
            raw = splice.applied(raw)
        return raw


def spoilt(thrown: Dice) -> Spoilt:
    """One thing that is done to a frame."""
    splices = tuple(thrown.splice() for _ in range(1 + thrown.below(2)))
    match thrown.below(4):
        case 0:
            return Spoilt(in_text=splices)
        case 1:
            return Spoilt(word=(thrown.one_of(FIELDS), thrown.one_of(VALUES)))
        case 2:
            return Spoilt(opcode=thrown.below(16), fin=thrown.one_of([0, 0x80, 0xC0, 0xF0]))
        case _:
            return Spoilt(in_frame=splices)


class Abuse:
    """A server, and what is done to it."""

    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting
        self.heard: list[Heard] = []

    async def do(self, good: str, batch: list[Spoilt]) -> None:
        """Send a batch of spoilt frames, each by a peer of its own; judge what comes; then let a pair talk."""
        heard = await asyncio.gather(*(self._send(good, each) for each in batch))
        for spoil, each in zip(batch, heard, strict=True):
            try:
                self._judge(each)
            except AssertionError as error:
                raise AssertionError(f"{good} spoilt by {spoil} is answered {each}") from error
        self.heard += heard
        await self._control()

    async def _send(self, good: str, spoil: Spoilt) -> Heard:
        mallory = User(UserId("mallory"), None, is_guest=True)
        joined = await self._meeting.service.create(mallory, wire.CreateRoom(), "192.0.2.1")
        text = good.replace("TOKEN", joined.token).replace("PEER", joined.peer_id).encode()
        token = None if "hello" in good else joined.token
        assert self._meeting.server.port is not None
        return await converse(self._meeting.server.port, token, spoil.encode(text))

    def _judge(self, heard: Heard) -> None:
        assert heard.status in {None, 101}
        for text in heard.texts:
            self._meeting.judge.check_frame(text)
        assert heard.close_code in {None, *CLOSE_CODES}

    async def _control(self) -> None:
        """Somebody else is served as ever."""
        left, right = await self._meeting.pair()
        assert (await self._meeting.post("offer", right, left["peerId"], "control")).status == 202
        assert [each["body"] for each in await self._meeting.inbox(left)] == ["control"]


@pytest.mark.parametrize("kind", GOOD)
def test_spoilt_frame_is_taken_answered_or_ends_the_connection(kind: str) -> None:
    """And nobody else notices."""
    with asyncio.Runner() as runner:
        meeting = runner.run(Meeting.start(FakeClock(), hello_timeout_s=0.03, **UNLIMITED))
        abuse = Abuse(meeting)

        @settings(max_examples=BATCHES, phases=[Phase.generate], deadline=None)
        @given(dice)
        def abuse_it(thrown: Dice) -> None:
            runner.run(abuse.do(GOOD[kind], [spoilt(thrown) for _ in range(BATCH)]))

        try:
            abuse_it()
        finally:
            runner.run(meeting.close())
    assert any(each.texts for each in abuse.heard)
    assert sum(each.close_code is not None for each in abuse.heard) > len(abuse.heard) / 10


@pytest.mark.parametrize("kind", GOOD)
async def test_frame_that_is_not_spoilt_is_taken(kind: str) -> None:
    """Or the test above would say nothing."""
    meeting = await Meeting.start(FakeClock())
    try:
        abuse = Abuse(meeting)
        await abuse.do(GOOD[kind], [Spoilt()])
        (heard,) = abuse.heard
        assert [each for each in heard.texts if '"error"' in each] == []
        assert (heard.is_alive, heard.close_code) == ((False, 1000) if kind == "leave" else (True, None))
    finally:
        await meeting.close()
