"""Output of one WebSocket: ordered, bounded, without waiting."""

import asyncio
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiohttp import web

from signaling.connection import CloseCode, Connection
from signaling.errors import MailboxFull, ShareFull
from signaling.ids import PeerId

TEXT, PING, PONG = 0x81, 0x89, 0x8A
"""First bytes of whole frames."""


@dataclass(eq=False)
class FakeTransport:
    """Keeps what is written, and says that so many bytes are not yet sent."""

    buffered: int = 0
    is_aborted: bool = False
    is_reset: bool = False
    writes: list[bytes] = field(default_factory=list)

    def set_write_buffer_limits(self, high: int) -> None:
        self.high = high

    def get_extra_info(self, name: str) -> None:
        """No kernel is behind it."""

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def is_closing(self) -> bool:
        return self.is_reset

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def abort(self) -> None:
        self.is_aborted = True

    async def frames(self) -> list[tuple[int, bytes]]:
        """First byte and payload of each frame that has been written, this turn of the loop included."""
        await asyncio.sleep(0)
        return list(_frames(b"".join(self.writes)))


def _frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        extended = {126: 2, 127: 8}.get(data[1], 0)
        size = int.from_bytes(data[2 : 2 + extended], "big") if extended else data[1]
        yield data[0], data[2 + extended :][:size]
        data = data[2 + extended + size :]


@dataclass(eq=False)
class FakeSocket:
    """Keeps with what it is closed, and how much had been written by then."""

    transport: FakeTransport
    codes: list[int] = field(default_factory=list)
    closed: bool = False
    written_before: bytes = b""

    async def close(self, *, code: int, message: bytes) -> bool:
        self.codes.append(code)
        self.closed = True
        self.written_before = b"".join(self.transport.writes)
        return True


ALICE, BOB = PeerId("alice"), PeerId("bob")


def a_connection(
    out_buffer_bytes: int = 100, *, stall_timeout_s: float = 30.0, hold_s: float = 0.03
) -> tuple[Connection, FakeSocket, FakeTransport]:
    transport = FakeTransport()
    socket = FakeSocket(transport)
    connection = Connection(
        cast(web.WebSocketResponse, socket),
        cast(asyncio.Transport, cast(Any, transport)),
        out_buffer_bytes=out_buffer_bytes,
        sender_bytes=30,
        stall_timeout_s=stall_timeout_s,
        hold_s=hold_s,
    )
    return connection, socket, transport


async def test_frames_wait_behind_the_mail() -> None:
    """Two fetches at once: mail as it comes, what came directly after the last."""
    connection, _, transport = a_connection()
    connection.send(b"0")
    connection.begin_fetch()
    connection.send(b"4")
    connection.begin_fetch()
    connection.end_fetch((b"1", b"2"))
    connection.send(b"5")
    connection.end_fetch((b"3",))
    connection.send(b"6")
    assert [frame for _, frame in await transport.frames()] == [b"0", b"1", b"2", b"3", b"4", b"5", b"6"]


async def test_burst_leaves_in_one_write() -> None:
    """At the end of the turn: a system call for each envelope would cost more than all else."""
    connection, _, transport = a_connection()
    for frame in (b"1", b"2", b"3"):
        connection.send(frame)
    assert transport.writes == []
    assert [frame for _, frame in await transport.frames()] == [b"1", b"2", b"3"]
    assert len(transport.writes) == 1


async def test_full_write_does_not_wait() -> None:
    """So that a reader who keeps up is never taken for a slow one."""
    connection, _, transport = a_connection(out_buffer_bytes=65_536)
    connection.send(b"x" * 20_000)
    assert len(transport.writes) == 1
    assert not connection.is_lagging


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
async def test_frame_has_the_length_of_its_payload(size: int) -> None:
    """RFC 6455, 5.2: in the fewest bytes that hold it."""
    connection, _, transport = a_connection(out_buffer_bytes=1_000_000)
    connection.send(b"x" * size)
    connection.send(b"next")
    assert await transport.frames() == [(TEXT, b"x" * size), (TEXT, b"next")]


async def test_what_was_sent_before_the_end_goes_out_before_the_close() -> None:
    """And nothing after it, pings and pongs included."""
    connection, socket, transport = a_connection()
    connection.send(b"an error")
    connection.end(CloseCode.GONE)
    connection.send(b"too late")
    connection.pong(b"too late")
    await connection.wait_closed()
    assert b"an error" in socket.written_before
    assert await transport.frames() == [(TEXT, b"an error")]


async def test_nothing_follows_a_close_that_others_began() -> None:
    """aiohttp closes by itself where a frame is too large; data must not follow (RFC 6455, 5.5.1)."""
    connection, socket, transport = a_connection()
    connection.send(b"x")
    await socket.close(code=1009, message=b"")
    assert await transport.frames() == []


async def test_slow_reader_is_cut_at_the_bound() -> None:
    """4408, the transport is dropped, and nothing is sent after."""
    connection, socket, transport = a_connection()
    transport.buffered = 60
    connection.send(b"x" * 41)
    connection.send(b"y")
    connection.end(CloseCode.GONE)
    await connection.wait_closed()
    assert (transport.writes, socket.codes, transport.is_aborted) == ([], [4408], True)
    assert transport.high > 100


async def test_what_is_held_is_bounded_too() -> None:
    """A store that hangs must not grow our memory."""
    connection, socket, transport = a_connection()
    connection.begin_fetch()
    for _ in range(3):
        connection.send(b"x" * 40)
    await connection.wait_closed()
    connection.end_fetch((b"mail",))
    assert (await transport.frames(), socket.codes) == ([], [4408])


async def test_dead_connection_is_dropped_at_the_second_ping() -> None:
    """Unless something was heard."""
    connection, _, transport = a_connection()
    assert connection.ping()
    connection.heard()
    assert connection.ping()
    assert not transport.is_aborted
    assert not connection.ping()
    assert transport.is_aborted
    assert await transport.frames() == [(PING, b"")] * 2


async def test_pong_repeats_the_ping() -> None:
    """RFC 6455, 5.5.3."""
    connection, _, transport = a_connection()
    connection.pong(b"there?")
    assert await transport.frames() == [(PONG, b"there?")]


async def test_reset_connection_takes_frames_in_silence() -> None:
    """Its handler hears of it; the sender is not to blame."""
    connection, _, transport = a_connection()
    transport.is_reset = True
    connection.send(b"x")
    assert await transport.frames() == []
    assert not connection.is_ending


async def test_reader_that_keeps_up_has_room() -> None:
    """Half of the bound is anybody's."""
    connection, _, transport = a_connection()
    transport.buffered = 30
    assert connection.has_room(20)
    assert not connection.has_room(21)


async def test_sender_waits_for_a_busy_reader() -> None:
    """Once it has its share waiting, until the reader has taken some; nobody is cut."""
    connection, socket, transport = a_connection(hold_s=5.0)
    transport.buffered = 51
    await connection.make_room(ALICE, 25)
    connection.send(b"x" * 25)
    await transport.frames()
    transport.buffered += 27
    waiting = asyncio.create_task(connection.make_room(ALICE, 6))
    await asyncio.sleep(0)
    assert not waiting.done()
    transport.buffered = 0
    await waiting
    assert socket.codes == []


async def test_sender_that_has_its_share_waiting_is_refused_and_others_go_on() -> None:
    """A reader whom one sender floods hears the others, and is not cut for it."""
    connection, socket, transport = a_connection()
    transport.buffered = 51
    await connection.make_room(ALICE, 25)
    with pytest.raises(ShareFull):
        await connection.make_room(ALICE, 6)
    await connection.make_room(BOB, 25)
    assert socket.codes == []
    assert not connection.is_ending


async def test_envelopes_leave_room_for_what_the_server_says() -> None:
    """However many send: an eighth is for notices, tokens and errors, so that no crowd of senders has a reader cut."""
    connection, socket, transport = a_connection()
    transport.buffered = 80
    with pytest.raises(MailboxFull):
        await connection.make_room(ALICE, 10)
    connection.send(b"a notice")
    assert [frame for _, frame in await transport.frames()] == [b"a notice"]
    assert socket.codes == []


async def test_sender_does_not_wait_for_a_reader_that_takes_nothing() -> None:
    """Once it has been seen for as long as one would wait: or each envelope would hold up those to others."""
    connection, _, transport = a_connection(hold_s=0.05)
    transport.buffered = 90
    with pytest.raises(MailboxFull):
        await connection.make_room(ALICE, 10)
    loop = asyncio.get_running_loop()
    started = loop.time()
    for _ in range(20):
        with pytest.raises(MailboxFull):
            await connection.make_room(BOB, 10)
    assert loop.time() - started < 0.04


async def test_reader_that_takes_nothing_for_so_long_is_cut() -> None:
    """By whoever comes then; what it wants to send is not lost, for the connection says that it ends."""
    connection, socket, transport = a_connection(stall_timeout_s=0.02)
    transport.buffered = 90
    await connection.make_room(ALICE, 10)
    assert connection.is_ending
    await connection.wait_closed()
    assert (socket.codes, connection.slow_at) == ([4408], "stall_timeout_s")


async def test_reader_that_takes_little_by_little_is_not_cut() -> None:
    """Slow is not dead."""
    connection, socket, transport = a_connection(stall_timeout_s=0.5, hold_s=0.01)
    transport.buffered = 90
    for _ in range(3):
        with pytest.raises(MailboxFull):
            await connection.make_room(ALICE, 10)
        transport.buffered -= 1
    assert socket.codes == []
    assert not connection.is_ending


async def test_lull_is_no_stall() -> None:
    """A reader that had nothing to take has not failed to."""
    connection, socket, transport = a_connection(stall_timeout_s=0.05, hold_s=0.01)
    transport.buffered = 90
    with pytest.raises(MailboxFull):
        await connection.make_room(ALICE, 10)
    transport.buffered = 0
    await connection.make_room(ALICE, 60)
    connection.send(b"x" * 60)
    await asyncio.sleep(0.06)
    transport.buffered = 51
    await connection.make_room(ALICE, 10)
    assert socket.codes == []
    assert not connection.is_ending


async def test_envelope_larger_than_half_of_the_bound_gets_through() -> None:
    """Where nothing else waits: bodies may be as large as the smallest bound on what waits."""
    connection, socket, transport = a_connection()
    assert not connection.has_room(90)
    await connection.make_room(ALICE, 90)
    connection.send(b"x" * 90)
    assert len((await transport.frames())[0][1]) == 90
    assert socket.codes == []


async def test_nobody_is_cut_for_having_mail() -> None:
    """A mailbox has a bound of its own, and is fetched where the reader keeps up."""
    connection, socket, transport = a_connection()
    transport.buffered = 60
    connection.begin_fetch()
    connection.send(b"h" * 40)
    connection.end_fetch((b"m" * 80, b"n" * 80))
    assert [frame[:1] for _, frame in await transport.frames()] == [b"m", b"n", b"h"]
    assert socket.codes == []
    assert connection.is_lagging


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


async def test_released_connection_keeps_nothing_and_takes_nothing() -> None:
    """The service's rounds know it for up to 25 s more; what is still addressed to it then goes nowhere."""
    connection, socket, transport = a_connection()
    held: list[weakref.ref[Any]] = [weakref.ref(socket), weakref.ref(transport)]
    connection.send(b"unwritten")
    connection.begin_fetch()
    connection.send(b"held")
    connection.release()
    del socket, transport
    connection.end_fetch((b"mail",))
    assert connection.is_ending
    connection.end(CloseCode.GONE)
    await connection.wait_closed()
    assert [each() for each in held] == [None, None]


async def test_close_under_way_survives_the_release() -> None:
    """A handler that is cancelled releases before its close is done."""
    connection, socket, transport = a_connection()
    closing = connection.end(CloseCode.LEFT)
    await asyncio.sleep(0)
    connection.release()
    await closing
    assert (socket.codes, transport.is_aborted) == ([1000], True)
