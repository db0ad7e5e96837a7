"""Output of one WebSocket: ordered, bounded, without waiting."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import ClientConnectionResetError, WSMsgType, web

from signaling.connection import CloseCode, Connection


@dataclass
class FakeTransport:
    """Counts what is not yet sent."""

    buffered: int = 0
    is_aborted: bool = False

    def set_write_buffer_limits(self, high: int) -> None:
        self.high = high

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def abort(self) -> None:
        self.is_aborted = True


@dataclass
class FakeSocket:
    """Keeps what is sent."""

    sent: list[tuple[bytes, WSMsgType]] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    is_reset: bool = False

    async def send_frame(self, frame: bytes, kind: WSMsgType) -> None:
        if self.is_reset:
            raise ClientConnectionResetError
        self.sent.append((frame, kind))

    async def close(self, *, code: int, message: bytes) -> bool:
        self.codes.append(code)
        return True

    @property
    def frames(self) -> list[bytes]:
        return [frame for frame, _ in self.sent]


def a_connection() -> tuple[Connection, FakeSocket, FakeTransport]:
    socket, transport = FakeSocket(), FakeTransport()
    connection = Connection(
        cast(web.WebSocketResponse, socket),
        cast(asyncio.Transport, cast(Any, transport)),
        out_buffer_bytes=100,
        relief_s=0.03,
    )
    return connection, socket, transport


async def test_frames_wait_behind_the_mail() -> None:
    """Two fetches at once: mail as it comes, what came directly after the last."""
    connection, socket, _ = a_connection()
    connection.send(b"0")
    connection.begin_fetch()
    connection.send(b"4")
    connection.begin_fetch()
    connection.end_fetch((b"1", b"2"))
    connection.send(b"5")
    connection.end_fetch((b"3",))
    connection.send(b"6")
    assert socket.frames == [b"0", b"1", b"2", b"3", b"4", b"5", b"6"]


async def test_slow_reader_is_cut_at_the_bound() -> None:
    """4408, the transport is dropped, and nothing is sent after."""
    connection, socket, transport = a_connection()
    transport.buffered = 60
    connection.send(b"x" * 41)
    connection.send(b"y")
    connection.end(CloseCode.GONE)
    await connection.wait_closed()
    assert (socket.sent, socket.codes, transport.is_aborted) == ([], [4408], True)
    assert transport.high > 100


async def test_what_is_held_is_bounded_too() -> None:
    """A store that hangs must not grow our memory."""
    connection, socket, _ = a_connection()
    connection.begin_fetch()
    for _ in range(3):
        connection.send(b"x" * 40)
    await connection.wait_closed()
    connection.end_fetch((b"mail",))
    assert (socket.sent, socket.codes) == ([], [4408])


async def test_dead_connection_is_dropped_at_the_second_ping() -> None:
    """Unless something was heard."""
    connection, socket, transport = a_connection()
    assert connection.ping()
    connection.heard()
    assert connection.ping()
    assert not transport.is_aborted
    assert not connection.ping()
    assert transport.is_aborted
    assert socket.sent == [(b"", WSMsgType.PING)] * 2


async def test_pong_repeats_the_ping() -> None:
    """RFC 6455, 5.5.3."""
    connection, socket, _ = a_connection()
    connection.pong(b"there?")
    assert socket.sent == [(b"there?", WSMsgType.PONG)]


async def test_reset_connection_takes_frames_in_silence() -> None:
    """Its handler hears of it; the sender is not to blame."""
    connection, socket, _ = a_connection()
    socket.is_reset = True
    connection.send(b"x")
    await connection.wait_closed()
    assert not connection.is_ending


async def test_sender_waits_for_a_busy_reader() -> None:
    """Until it has caught up; nobody is cut."""
    connection, socket, transport = a_connection()
    transport.buffered = 60
    waiting = asyncio.create_task(connection.relieve())
    await asyncio.sleep(0)
    assert (connection.is_congested, waiting.done()) == (True, False)
    transport.buffered = 10
    await waiting
    assert socket.codes == []


async def test_reader_that_never_catches_up_is_cut() -> None:
    """And the sender goes on."""
    connection, socket, transport = a_connection()
    transport.buffered = 60
    await connection.relieve()
    await connection.relieve()
    await connection.wait_closed()
    assert socket.codes == [4408]


async def test_close_that_is_waited_for_no_longer_cuts_the_connection() -> None:
    """Both calls of `end` give the same close; cancelled, it drops the transport."""
    connection, _, transport = a_connection()
    closing = connection.end(CloseCode.GOING_AWAY)
    assert connection.end(CloseCode.LEFT) is closing
    await asyncio.sleep(0)
    closing.cancel()
    await connection.wait_closed()
    assert transport.is_aborted
    assert connection.ended_by is CloseCode.GOING_AWAY
