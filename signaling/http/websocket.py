"""The WebSocket of docs/protocol.md: one connection of one peer, from hello to close.

The loop reads a frame, decides, and reads the next: order for each pair of peers follows from that. A refusal about
one envelope is an `error` frame and the connection stays; every other failure has its close code in one table.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol, runtime_checkable

from aiohttp import WebSocketError, WSMessage, WSMsgType, hdrs, web

from .. import wire
from ..bounds.limits import Bucket
from ..connection import CloseCode, Connection
from ..errors import (
    BadRequest,
    BodyTooLarge,
    GoingAway,
    InternalError,
    InvalidBody,
    PeerGone,
    RateLimited,
    Refused,
    TooManyConnections,
    Unauthenticated,
    Unauthorized,
    UpgradeRequired,
)
from ..identity.auth import Membership, bearer
from ..ids import short
from ..service import SERVICE, Service
from .middleware import ADDRESS, CALLER

__all__ = ["open_socket"]

log = logging.getLogger("signaling")

CLOSE_TIMEOUT_S = 2.0
"""How long a close waits for the other side's."""

TURN_FRAMES = 64
"""Frames that a connection may have taken before it is the others' turn: some half a millisecond."""

MAX_REST_S = 10
"""Who is held up for longer hears so again: to its client, half a minute without a frame is a dead connection."""

CLOSES: tuple[tuple[type[Refused], CloseCode], ...] = (
    (BodyTooLarge, CloseCode.TOO_LARGE),
    (BadRequest, CloseCode.MALFORMED),
    (Unauthorized, CloseCode.UNAUTHORIZED),
    (PeerGone, CloseCode.GONE),
    (RateLimited, CloseCode.TOO_MUCH),
    (TooManyConnections, CloseCode.TOO_MUCH),
    (GoingAway, CloseCode.GOING_AWAY),
    (InternalError, CloseCode.INTERNAL),
)


@runtime_checkable
class ForgetsHeaders(Protocol):
    """A connection of our own runner; those of others keep what they were sent."""

    def forget_headers(self) -> None: ...


class _Ended(Exception):
    """The other side has closed, or we have."""


async def open_socket(request: web.Request) -> web.StreamResponse:
    """GET /signaling/ws."""
    service, address = request.app[SERVICE], request[ADDRESS]
    service.gate.enter_socket(address)  # before the upgrade, so that those count that never say hello
    try:
        socket, connection = await _upgrade(request, service)
        service.switchboard.sockets.add(connection)
        try:
            session = _Session(service, socket, connection, address)
            await session.run(*_caller(request))
        finally:
            service.switchboard.sockets.discard(connection)
            connection.release()
    finally:
        service.gate.leave_socket(address)
    return socket


def _caller(request: web.Request) -> tuple[Membership | None, str | None]:
    """Who is known to call, or what the header said; the headers are of no more use."""
    caller = request.get(CALLER)
    header = None if caller else request.headers.get(hdrs.AUTHORIZATION)
    if isinstance(request.protocol, ForgetsHeaders):
        request.protocol.forget_headers()
    return caller, header


async def _upgrade(request: web.Request, service: Service) -> tuple[web.WebSocketResponse, Connection]:
    socket = web.WebSocketResponse(
        compress=False,  # a compressor costs memory for each connection
        autoping=False,  # pings are the service's: see connection.py
        max_msg_size=service.config.max_frame_bytes,
        timeout=CLOSE_TIMEOUT_S,
    )
    try:
        await socket.prepare(request)
    except (web.HTTPBadRequest, ValueError) as error:  # ValueError: a Sec-WebSocket-Key that is not ASCII
        raise UpgradeRequired from error
    socket.headers.clear()  # on their way; kept, they would cost each connection a kilobyte
    assert request.transport is not None
    return socket, Connection(
        socket,
        request.transport,
        out_buffer_bytes=service.config.out_buffer_bytes,
        sender_bytes=service.config.sender_bytes,
        stall_timeout_s=service.config.stall_timeout_s,
    )


class _Session:
    """One connection's life. What waits between two frames is kept small: it waits in every connection."""

    __slots__ = ("_address", "_address_paces", "_connection", "_frames", "_service", "_signs", "_socket")

    def __init__(self, service: Service, socket: web.WebSocketResponse, connection: Connection, address: str) -> None:
        self._service = service
        self._socket = socket
        self._connection = connection
        self._address = address
        self._address_paces = service.gate.address_paces(address)
        """What all of its address have taken of `address_envelopes`, and all of the network around it."""
        self._signs = service.gate.new_pace("peer_signs")
        """What it has taken of `peer_signs`."""
        self._frames = 0

    async def run(self, caller: Membership | None, authorization: str | None) -> None:
        """`caller` is known already where a good token came in the header."""
        try:
            await self._talk(caller, authorization)
        except _Ended:
            pass
        except Refused as refused:
            self._end(refused)
        except Exception:
            log.exception("! a connection failed")
            self._end(InternalError())
        finally:
            self._count_end(self._connection.ended_by)
            self._service.gate.keep_paces(self._address_paces)
        await self._connection.wait_closed()

    def _count_end(self, ended_by: CloseCode | None) -> None:
        """What this server has ended; of those it cuts without a word, also at which bound."""
        tally = self._service.tally
        if ended_by is not None:
            tally.connections_closed[ended_by.name.lower()] += 1
        if ended_by is CloseCode.TOO_SLOW:
            tally.bounds[self._connection.slow_at] += 1

    async def _talk(self, caller: Membership | None, authorization: str | None) -> None:
        tokens = self._service.tokens
        self._connection.membership = caller or tokens.read(bearer(authorization) or await self._receive_hello())
        try:
            await self._service.attach(self._connection)
            log.debug("< peer %s connected", short(self._connection.membership.key.peer_id))
            while True:
                frame = self._read(await self._socket.receive())
                if frame is None:
                    await self._take_sign()
                else:
                    await self._handle(frame)
                if self._is_turn_over:
                    await asyncio.sleep(0)
        finally:
            await self._service.detach(self._connection)

    async def _receive_hello(self) -> str:
        frame = None
        try:
            async with asyncio.timeout(self._service.config.hello_timeout_s):
                while frame is None:
                    frame = self._read(await self._socket.receive())
                    if frame is None:
                        await self._take_sign()
                    if self._is_turn_over:
                        await asyncio.sleep(0)
        except TimeoutError:
            self._connection.slow_at = "hello_timeout_s"
            self._connection.end(CloseCode.TOO_SLOW)
            raise _Ended from None
        if not isinstance(frame, wire.HelloFrame):
            raise Unauthenticated
        return frame.token

    @property
    def _is_turn_over(self) -> bool:
        """What has arrived already is read without waiting, and so would never end."""
        return self._frames % TURN_FRAMES == 0

    def _read(self, message: WSMessage) -> wire.ClientFrame | None:
        """What the client says; None for what only shows that it is there."""
        self._frames += 1
        if self._connection.is_ending:
            raise _Ended
        self._connection.heard()
        match message.type:
            case WSMsgType.TEXT:
                return wire.decode_frame(message.data)
            case WSMsgType.PING:
                self._connection.pong(message.data)
            case WSMsgType.PONG:
                pass
            case WSMsgType.BINARY:
                self._connection.end(CloseCode.BINARY)
                raise _Ended
            case WSMsgType.ERROR:
                self._count_too_large(message.data)
                raise _Ended
            case _:
                raise _Ended
        return None

    def _count_too_large(self, error: object) -> None:
        """A frame over `max_frame_bytes`: aiohttp has not read it, and has closed with 1009."""
        if isinstance(error, WebSocketError) and error.code == CloseCode.TOO_LARGE:
            self._service.tally.bounds["max_body_bytes"] += 1
            self._service.tally.connections_closed["too_large"] += 1

    async def _handle(self, frame: wire.ClientFrame) -> None:
        key = self._connection.membership.key
        match frame:
            case wire.EnvelopeFrame():
                await self._take_envelope()
                await self._pass_on(frame)
            case wire.HeartbeatFrame():
                await self._take_sign()
                await self._service.renew(key)
            case wire.LeaveFrame():
                await self._service.leave(key)
            case wire.HelloFrame():
                raise InvalidBody("a second hello")

    async def _pass_on(self, frame: wire.EnvelopeFrame) -> None:
        key = self._connection.membership.key
        try:
            await self._service.post(key, frame.to, wire.KIND_OF[type(frame)], frame.body)
        except Refused as refused:
            if _close_code(refused) is not None:
                raise
            self._refuse(refused, to=frame.to)

    async def _take_envelope(self) -> None:
        now = self._service.clock()
        if wait_s := self._connection.pace.take(now):
            await self._slow_down(partial(self._service.gate.limited, "peer_envelopes"), self._connection.pace, wait_s)
        for demand, pace in self._address_paces:
            if wait_s := pace.take(now):
                await self._slow_down(partial(self._service.gate.limited_by, demand), pace, wait_s)

    async def _take_sign(self) -> None:
        if wait_s := self._signs.take(self._service.clock()):
            await self._slow_down(partial(self._service.gate.limited, "peer_signs"), self._signs, wait_s)

    async def _slow_down(self, limited_by: Callable[[float], RateLimited], pace: Bucket, wait_s: float) -> None:
        """Say that there is no room, and read on when there is.

        What has come is not lost, or its sender would have to find out what was, and order would be too. Meanwhile TCP
        holds up who goes on sending, and nothing is done for it here.
        """
        while wait_s:
            limited = limited_by(wait_s)
            self._refuse(limited)
            await self._rest(min(limited.retry_after_s, MAX_REST_S))
            wait_s = pace.take(self._service.clock())

    async def _rest(self, seconds: int) -> None:
        """Read nothing for so long, which is no silence of the other side."""
        for _ in range(seconds):
            await self._service.pause(1.0)
            if self._connection.is_ending or self._connection.is_lost:
                raise _Ended
            self._connection.heard()

    def _end(self, refused: Refused) -> None:
        refused = self._service.gate.harden(refused, self._address)
        self._refuse(refused)
        self._connection.end(_close_code(refused) or CloseCode.INTERNAL)

    def _refuse(self, refused: Refused, *, to: str | None = None) -> None:
        self._service.tally.refused(refused)
        self._connection.send(wire.encode_error_frame(refused, to=to))


def _close_code(refused: Refused) -> CloseCode | None:
    return next((code for kind, code in CLOSES if isinstance(refused, kind)), None)
