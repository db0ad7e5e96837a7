"""Two peers of one room that exchange an offer, an answer and candidates, by WebSocket or by HTTP.

The body of each envelope begins with the moment it was sent; its latency is from there to the moment it was read, on
one machine's clock. The joiner offers; who gets an offer answers; each sends its candidates behind its description.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence

import msgspec
from dialects import Seat, get, post
from wires import HttpConnection, WebSocket, build_frame

__all__ = ["ENVELOPES", "PollingPeer", "SocketPeer"]

CANDIDATES = 3
ENVELOPES = 2 + 2 * CANDIDATES
"""Of one room."""
DESCRIPTION_BYTES, CANDIDATE_BYTES = 1500, 300
"""A data channel's SDP and a candidate, sealed and in base64."""
POLL_S = 25


class _Envelope(msgspec.Struct):
    type: str
    body: str = ""


class _Envelopes(msgspec.Struct):
    envelopes: list[_Envelope]


_read_envelope = msgspec.json.Decoder(_Envelope).decode
_read_envelopes = msgspec.json.Decoder(_Envelopes).decode


def _body(size: int) -> bytes:
    return b'"%d %b"' % (time.perf_counter_ns(), b"v" * (size - 20))


class _Ear:
    """What one peer has heard, and what it has to say to it."""

    def __init__(self) -> None:
        self.latencies: list[float] = []

    @property
    def has_heard_all(self) -> bool:
        """The other's description and all its candidates."""
        return len(self.latencies) == ENVELOPES // 2

    def replies(self, envelope: _Envelope) -> Iterator[tuple[str, int]]:
        """Kinds and sizes of what an envelope calls for; notices call for nothing."""
        if not envelope.body:
            return
        sent_ns = int(envelope.body.partition(" ")[0])
        self.latencies.append((time.perf_counter_ns() - sent_ns) / 1e9)
        if envelope.type == "offer":
            yield "answer", DESCRIPTION_BYTES
        if envelope.type != "candidate":
            yield from [("candidate", CANDIDATE_BYTES)] * CANDIDATES


class SocketPeer(WebSocket):
    """A peer on its WebSocket."""

    def __init__(self, partner: Seat) -> None:
        super().__init__()
        self.ear = _Ear()
        self._partner = partner.peer_id.encode()

    async def offer(self) -> None:
        self._send("offer", DESCRIPTION_BYTES)

    def receive_texts(self, texts: Sequence[bytes]) -> None:
        for text in texts:
            for kind, size in self.ear.replies(_read_envelope(text)):
                self._send(kind, size)

    def _send(self, kind: str, size: int) -> None:
        frame = b'{"type":"%b","to":"%b","body":%b}' % (kind.encode(), self._partner, _body(size))
        self.transport.write(build_frame(frame))


class PollingPeer:
    """A peer with one connection that waits for mail, and one that posts."""

    def __init__(self, seat: Seat, partner: Seat, *, inbox: HttpConnection, outbox: HttpConnection) -> None:
        self.ear = _Ear()
        self._seat = seat
        self._partner = partner.peer_id.encode()
        self._inbox, self._outbox = inbox, outbox
        self._is_posting = asyncio.Lock()
        self._listening = asyncio.create_task(self._listen())

    @property
    def is_open(self) -> bool:
        """It still polls."""
        return not self._listening.done()

    async def offer(self) -> None:
        await self._post("offer", DESCRIPTION_BYTES)

    async def close(self) -> None:
        """Poll no longer; raise what has ended it before."""
        self._listening.cancel()
        await asyncio.wait([self._listening])
        if not self._listening.cancelled():
            self._listening.result()

    async def _listen(self) -> None:
        request = get(f"/signaling/inbox/{self._seat.room_id}?wait={POLL_S}", token=self._seat.token)
        while True:
            status, answer = await self._inbox.ask(request)
            if status != 200:
                raise ConnectionRefusedError(f"a poll was answered by {status}: {answer.decode()}")
            for envelope in _read_envelopes(answer).envelopes:
                for kind, size in self.ear.replies(envelope):
                    await self._post(kind, size)

    async def _post(self, kind: str, size: int) -> None:
        async with self._is_posting:
            body = b'{"to":"%b","body":%b}' % (self._partner, _body(size))
            status, answer = await self._outbox.ask(post(f"/signaling/{kind}", body, token=self._seat.token))
        if status != 202:
            raise ConnectionRefusedError(f"a post was answered by {status}: {answer.decode()}")
