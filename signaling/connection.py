"""One peer's WebSocket: the only place that writes on one.

`send` neither waits nor makes a task. Frames of one turn of the loop leave in one write, at its end or once there is
enough for one: the system call is most of what an envelope costs, and envelopes come in bursts. Their headers are
written here, since aiohttp writes each frame by itself; opening and closing the WebSocket stays its business. Order is
the order of the calls.

While the mailbox is being fetched, frames that come directly are held behind it. Pings are ours and not aiohttp's: its
heartbeat arms a timer for each connection, and once more after the close.
"""

import asyncio
from collections.abc import Iterable
from enum import IntEnum
from math import inf

from aiohttp import WSMsgType, web

from .bounds.limits import Bucket
from .errors import MailboxFull, Refused, ShareFull
from .identity.auth import Membership
from .ids import PeerId
from .lag import Lag
from .sockets import unacknowledged

__all__ = ["CloseCode", "Connection"]


AMPLE, FULL = 1 / 2, 7 / 8
"""Of `out_buffer_bytes`: what may wait before senders have shares, and what envelopes may fill; the rest is for notices
and our own frames."""

HOLD_S = 1.0
"""For how long a sender may be held up; then it hears that its share is full, and its other envelopes go on."""

HOLD_STEP_S = 0.01
"""How often is looked whether there is room meanwhile."""

READ_BYTES = 262_144
"""asyncio reads so much at once, and a reader that has stalled may hold as much that it has not looked at."""

FULL_WRITE_BYTES = 16_384
"""More in one write saves nothing: what it costs then is the copying."""


class CloseCode(IntEnum):
    """Close codes of docs/protocol.md."""

    LEFT = 1000
    GOING_AWAY = 1001
    BINARY = 1003
    TOO_LARGE = 1009
    INTERNAL = 1011
    MALFORMED = 4400
    UNAUTHORIZED = 4401
    GONE = 4404
    TOO_SLOW = 4408
    REPLACED = 4409
    TOO_MUCH = 4429


class Connection:
    """A prepared WebSocket with bounded, ordered output."""

    __slots__ = (
        "_closing",
        "_fetches",
        "_held",
        "_held_bytes",
        "_hold_s",
        "_is_over",
        "_is_pinged",
        "_lag",
        "_out_buffer_bytes",
        "_sender_bytes",
        "_sent_bytes",
        "_socket",
        "_stall_timeout_s",
        "_transport",
        "_unwritten",
        "_unwritten_bytes",
        "ended_by",
        "membership",
        "pace",
        "serial",
        "settled_at",
        "slow_at",
    )
    membership: Membership
    """Whose it is; set once its hello is accepted."""
    pace: Bucket
    """What its peer has taken of `peer_envelopes`; goes over to a newer connection of that peer."""
    serial: int | None
    """Of its attach, once the store has answered; see store/shared.py."""
    settled_at: float
    """When what its peer sends may go straight to others; on the loop's clock."""
    ended_by: CloseCode | None
    """Why this server ended it, once it has."""
    slow_at: str
    """The setting that makes it too slow, should it be."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        *,
        out_buffer_bytes: int,
        sender_bytes: int,
        stall_timeout_s: float,
        hold_s: float = HOLD_S,
    ) -> None:
        self.serial = None
        self.settled_at = inf
        self.ended_by = None
        self.slow_at = "out_buffer_bytes"
        self._socket = socket
        self._transport = transport
        self._out_buffer_bytes = out_buffer_bytes
        self._sender_bytes = sender_bytes
        self._stall_timeout_s = stall_timeout_s
        self._hold_s = hold_s
        self._sent_bytes = 0
        """Put on their way since the start."""
        self._lag: Lag | None = None
        self._unwritten: list[bytes] = []
        self._unwritten_bytes = 0
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._fetches = 0
        self._is_pinged = False
        self._is_over = False
        self._closing: asyncio.Task[None] | None = None
        transport.set_write_buffer_limits(high=4 * out_buffer_bytes)

    @property
    def is_ending(self) -> bool:
        """No frame is taken or given any more."""
        return self._closing is not None or self._is_over

    @property
    def is_lost(self) -> bool:
        """The other side is gone, or cannot be reached any more."""
        return self._transport.is_closing()

    @property
    def buffered_bytes(self) -> int:
        """What waits in either direction: to be read by the other side, and to be handled here."""
        if self._is_over:
            return 0
        reader = self._socket._reader
        unread = reader._size + (READ_BYTES if reader._stalled_reader is not None else 0) if reader else 0
        return self._waiting_bytes + self._held_bytes + unread

    @property
    def is_lagging(self) -> bool:
        """So much waits to be read that senders have shares."""
        return not self.is_ending and self._waiting_bytes > self._out_buffer_bytes * AMPLE

    @property
    def _waiting_bytes(self) -> int:
        return self._transport.get_write_buffer_size() + self._unwritten_bytes

    def has_room(self, size: int) -> bool:
        """Whether an envelope of so many bytes may go on its way at once: the reader keeps up."""
        return self._waiting_bytes + self._held_bytes + size <= self._out_buffer_bytes * AMPLE

    async def make_room(self, sender: PeerId, size: int) -> None:
        """Where there is no such room: hold a sender up that has its share waiting, until the reader has taken some.

        It is one sender that waits, and not for long; who has nothing waiting does not wait for a reader that takes
        nothing. Raise ShareFull, or MailboxFull where others have used up the room. Only a reader that takes nothing
        for `stall_timeout_s` is cut: it does not pay for who floods it. Look at `is_ending` after.
        """
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        while not self.is_ending:
            still_s = self._look(now := loop.time())
            refused = self._refusal(sender, size)
            if refused is None:
                return
            if now - began_at >= self._hold_s or (still_s >= self._hold_s and not self._has_waiting(sender)):
                raise refused
            await asyncio.sleep(HOLD_STEP_S)

    def _has_waiting(self, sender: PeerId) -> bool:
        return self._lag is not None and self._lag.share_of(sender) > 0

    def _look(self, now: float) -> float:
        """For how many seconds the reader has taken nothing; one that does not read is cut."""
        unread = self._waiting_bytes + unacknowledged(self._transport)
        taken = self._sent_bytes - unread
        if self._lag is None or not unread:
            self._lag = Lag(taken=taken, now=now)
        still_s = self._lag.look(taken=taken, now=now)
        if still_s >= self._stall_timeout_s:
            self.slow_at = "stall_timeout_s"
            self.end(CloseCode.TOO_SLOW)
        return still_s

    def _refusal(self, sender: PeerId, size: int) -> Refused | None:
        """Why an envelope has no place; None where it has, which is then taken."""
        waiting = self._waiting_bytes + self._held_bytes
        if waiting and self._lag is not None:
            if self._lag.share_of(sender) + size > self._sender_bytes:
                return ShareFull()
            if waiting + size > self._out_buffer_bytes * FULL:
                return MailboxFull()
            self._lag.add(sender, size, end=self._sent_bytes + self._held_bytes + size)
        return None

    def send(self, frame: bytes) -> None:
        """Put a frame on its way; a reader that is too slow is cut instead."""
        if self._fetches:
            self._hold(frame)
        else:
            self._write(frame, WSMsgType.TEXT)

    def heard(self) -> None:
        """Something has come from the other side."""
        self._is_pinged = False

    def pong(self, data: bytes) -> None:
        """Answer a ping."""
        self._write(data, WSMsgType.PONG)

    def ping(self) -> bool:
        """Ask for a sign of life; without one since the last ping the connection is dead: it is dropped, and False."""
        if self._is_pinged:
            self._transport.abort()
            return False
        self._is_pinged = True
        self._write(b"", WSMsgType.PING)
        return True

    def _write(self, frame: bytes, kind: WSMsgType) -> None:
        if self.is_ending:
            return
        if self._waiting_bytes + len(frame) > self._out_buffer_bytes:
            self.end(CloseCode.TOO_SLOW)
        else:
            self._put(frame, kind)

    def _put(self, frame: bytes, kind: WSMsgType) -> None:
        if not self._unwritten:
            asyncio.get_running_loop().call_soon(self._flush)
        header = _header(kind, len(frame))
        size = len(header) + len(frame)
        self._unwritten += (header, frame)
        self._unwritten_bytes += size
        self._sent_bytes += size
        if self._unwritten_bytes >= FULL_WRITE_BYTES:
            self._flush()

    def _flush(self) -> None:
        data = b"".join(self._unwritten)
        self._unwritten.clear()
        self._unwritten_bytes = 0
        if data and not self._socket.closed and not self._transport.is_closing():  # its handler hears of that too
            self._transport.write(data)

    def _hold(self, frame: bytes) -> None:
        if self.is_ending:
            return
        self._held_bytes += len(frame)
        if self._held_bytes > self._out_buffer_bytes:
            self.end(CloseCode.TOO_SLOW)
        else:
            self._held.append(frame)

    def begin_fetch(self) -> None:
        """Mail is being fetched: what comes directly waits behind it."""
        self._fetches += 1

    def end_fetch(self, frames: tuple[bytes, ...]) -> None:
        """The mail is here; with the last fetch, what was held follows.

        Both have bounds of their own, and nobody is cut for having mail.
        """
        self._fetches -= 1
        self._put_all(frames)
        if not self._fetches:
            held, self._held, self._held_bytes = self._held, [], 0
            self._put_all(held)

    def _put_all(self, frames: Iterable[bytes]) -> None:
        for frame in () if self.is_ending else frames:
            self._put(frame, WSMsgType.TEXT)

    def end(self, code: CloseCode) -> asyncio.Task[None]:
        """Close from any side, at most once; its handler then falls out of its loop.

        The task is done when the other side has answered, or after two seconds; cancelled, it cuts the connection.
        """
        if self._closing is None:
            self._flush()
            self.ended_by = code
            self._closing = asyncio.get_running_loop().create_task(self._close(code))
        return self._closing

    async def _close(self, code: CloseCode) -> None:
        if self._is_over:
            return
        socket, transport = self._socket, self._transport
        try:
            await socket.close(code=code, message=code.name.lower().encode())
        finally:
            transport.abort()  # what a dead reader has not taken would otherwise stay for minutes

    def cut(self) -> None:
        """End the connection without a word; what waits is thrown away."""
        if not self._is_over:
            self._transport.abort()

    def release(self) -> None:
        """The WebSocket is over. The round that is planned for it knows the connection for a while, and must not keep
        the request and all that belongs to it."""
        self._is_over = True
        self._unwritten.clear()
        self._held.clear()
        self._lag = None
        del self._socket, self._transport

    async def wait_closed(self) -> None:
        """After `end`: until the other side has answered, or two seconds."""
        if self._closing is not None:
            await asyncio.wait([self._closing])


def _header(kind: WSMsgType, size: int) -> bytes:
    """Of a whole frame from a server (RFC 6455, 5.2)."""
    if size < 126:
        return bytes((0x80 | kind, size))
    if size < 65_536:
        return bytes((0x80 | kind, 126)) + size.to_bytes(2, "big")
    return bytes((0x80 | kind, 127)) + size.to_bytes(8, "big")
