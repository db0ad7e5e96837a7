"""How aiohttp runs the application: what fails before any of our code is asked gets the one shape of all failures.

aiohttp answers some requests itself, in plain text that quotes them: bytes that are not HTTP, lines over its bounds, an
`Expect` that it does not know. Its runner, server and protocol have no hook for these, so each is extended by the one
method that makes the next.

What a connection costs before our code is asked is bounded here too. aiohttp bounds one header and their number, which
is 2 MiB a request, twice in memory, and takes 32 requests ahead; it unpacks compressed bodies to the end, read or not;
and it waits for ever for a client that does not read its answer.
"""

import gc
import logging
from asyncio import BaseTransport, Protocol, TimerHandle, Transport
from http import HTTPStatus
from itertools import chain
from math import inf
from typing import Any, cast

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import _ErrInfo
from multidict import CIMultiDict, CIMultiDictProxy

from .. import wire
from ..bounds.crowd import Crowd, Holder, hoarders
from ..config import Config
from ..errors import ExpectationFailed, HeadersTooLarge, InternalError, MalformedRequest, Refused, ServerFull
from ..logs import REQUEST_ID, request_id
from ..service import SERVICE, Service
from ..sockets import bound_sending, most_connections
from .middleware import add_fixed_headers, error_response

__all__ = ["Runner", "protocol_options"]

log = logging.getLogger("signaling")

SHUTDOWN_S = 0.5
"""For answers under way; polls and sockets are sent home before."""

LINGERING_S = 2.0
"""For the rest of a body that was refused: a client that is still sending gets to read why."""

MAX_FIELD_BYTES = 16_384
"""Above our own bound on the Authorization header, so that its refusal is JSON."""

UNREAD_BODY_BYTES = 65_536
"""Of a body that nobody reads, twice this is taken; the rest waits at the client."""

NOTHING_LENT: CIMultiDict[str] = CIMultiDict()

COMPLAINT_S = 60.0
"""How often the log says that the server is full."""

HEAD_STEP_BYTES = 4096
"""Heads are looked at after each of these, however much arrives at once."""


def protocol_options(config: Config) -> dict[str, Any]:
    """What aiohttp is told about each connection."""
    return {
        "access_log": None,
        "shutdown_timeout": SHUTDOWN_S,
        "max_field_size": MAX_FIELD_BYTES,
        "keepalive_timeout": config.idle_timeout_s,  # aiohttp counts from the connection and from each answer
        "lingering_time": LINGERING_S,
        "read_bufsize": UNREAD_BODY_BYTES,
        "auto_decompress": False,  # a small body may unpack to gigabytes; see handlers.py
    }


class Runner(web.AppRunner):
    """An AppRunner whose connections are ours."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made, self.app[SERVICE])


class _Server(web.Server):
    """Makes a protocol for each connection."""

    def __init__(self, made: web.Server, service: Service) -> None:
        super().__init__(
            self._handle,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            loop=made._loop,
            **made._kwargs,
        )
        self.service = service
        self.crowd = Crowd[web.RequestHandler](most_connections(service.config))
        self.slow: set[_Protocol] = set()
        """Whose client takes its answer more slowly than it was written."""
        self._app_handler = made.request_handler
        self._complained_at = -inf
        self._has_cut = False
        self._round = self._plan_round()

    def __call__(self) -> "_Protocol | _TurnedAway":  # type: ignore[override]
        if self.crowd.is_full and not self._make_place():
            return _TurnedAway(ServerFull("tcp_connections", self.crowd.most))
        protocol = _Protocol(self, loop=self._loop, **self._kwargs)
        self.crowd.enter(protocol)
        return protocol

    def _make_place(self) -> bool:
        """Whether somebody could go; every time is counted, and told once a minute."""
        tally, now = self.service.tally, self._loop.time()
        if now >= self._complained_at + COMPLAINT_S:
            self._complained_at = now
            log.warning("! %d connections are open, and no more may be: idle ones give way", self.crowd.most)
        idle = self.crowd.maybe_yield()
        if idle is None:
            tally.refused(ServerFull("tcp_connections", self.crowd.most))
            return False
        tally.bounds["tcp_connections"] += 1
        idle.force_close()
        return True

    def _plan_round(self) -> TimerHandle:
        return self._loop.call_later(self.service.config.sweep_s, self._go_round)

    def _go_round(self) -> None:
        """One connection has its bounds, but a client may open many of them and stay below in each."""
        self._round = self._plan_round()
        service = self.service
        if self._has_cut:  # what they held goes in circles, and the collector comes by rarely: see serve.py
            gc.collect()
        cut = hoarders(chain[Holder](service.switchboard.sockets, self.slow), service.config.buffered_bytes)
        for each in cut:
            each.cut()
        self._has_cut = bool(cut)
        if cut:
            service.tally.bounds["buffered_bytes"] += len(cut)
            log.warning("! %d connections are cut: too much waits in all of them together", len(cut))

    def pre_shutdown(self) -> None:
        self._round.cancel()
        super().pre_shutdown()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.crowd.begin(request.protocol)
        expectation = request.headers.get(hdrs.EXPECT, "100-continue")
        try:
            if expectation.lower() != "100-continue":  # aiohttp would quote it, or fail to, before any middleware
                return self.refuse(ExpectationFailed())
            return await self._app_handler(request)
        finally:
            self.crowd.end(request.protocol)

    def refuse(self, refused: Refused) -> web.Response:
        """Count and answer; the connection ends."""
        REQUEST_ID.set(request_id(None, self.service.random_bytes(8)))
        self.service.tally.refused(refused)
        self.service.tally.answered("other", "?", refused.status, 0.0)
        response = error_response(refused)
        add_fixed_headers(response)
        response.force_close()
        return response


class _Protocol(web.RequestHandler):
    """One connection."""

    __slots__ = ("_body", "_is_refused", "_lent", "_open_head_bytes")
    _manager: _Server

    def __init__(self, manager: _Server, **options: Any) -> None:
        super().__init__(manager, **options)
        self._body = EMPTY_PAYLOAD
        """Of the newest request; it may be still on its way."""
        self._open_head_bytes = 0
        """Of a head whose end has not come."""
        self._is_refused = False
        self._lent: CIMultiDict[str] = NOTHING_LENT

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        bound_sending(transport, self._manager.service.config.send_timeout_s)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._manager is not None:  # aiohttp forgets it here, and may be told twice
            self._manager.crowd.leave(self)
            self._manager.slow.discard(self)
        super().connection_lost(exc)

    @property
    def buffered_bytes(self) -> int:
        """Of its answer, what the client has not taken."""
        return self.transport.get_write_buffer_size() if self.transport else 0

    def cut(self) -> None:
        """End the connection; what waits is thrown away."""
        if self.transport is not None:
            self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._manager.slow.add(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._manager.slow.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._payload_parser is not None:  # a WebSocket, whose frames have bounds of their own
            super().data_received(data)
            return
        for start in range(0, len(data) or 1, HEAD_STEP_BYTES):
            if self._is_refused:
                return
            self._read(data[start : start + HEAD_STEP_BYTES])

    def _read(self, data: bytes) -> None:
        requests, is_head = self._request_count, self._body.is_eof()
        super().data_received(data)
        if self._request_count > requests and self._messages:
            newest, self._body = self._messages[-1]
            self._open_head_bytes = 0
            self._is_refused = isinstance(newest, _ErrInfo)
        elif is_head:
            self._open_head_bytes += len(data)
        limit_bytes = self._manager.service.config.max_head_bytes
        if self._open_head_bytes + self._waiting_head_bytes() > limit_bytes:
            self._refuse_heads(limit_bytes)
        elif self._messages:
            self._lend_upgrade_headers()

    def _lend_upgrade_headers(self) -> None:
        """aiohttp keeps the head of an upgrade as long as the connection: give it one that can be taken back."""
        newest, body = self._messages[-1]
        if isinstance(newest, RawRequestMessage) and newest.upgrade:
            self._lent = CIMultiDict(newest.headers)
            self._messages[-1] = newest._replace(headers=CIMultiDictProxy(self._lent), raw_headers=()), body

    def forget_headers(self) -> None:
        """Those of the upgrade, once it is done, and the parser that keeps them too: 3 KiB, and of a browser more."""
        self._lent.clear()
        self._parser = None

    def _waiting_head_bytes(self) -> int:
        return sum(_head_bytes(message) for message, _ in self._messages if isinstance(message, RawRequestMessage))

    def _refuse_heads(self, limit_bytes: int) -> None:
        """Once what came before is answered; what follows is not read."""
        self._is_refused = True
        while self._waiting_head_bytes() > limit_bytes:
            self._messages.pop()
        error = _ErrInfo(status=431, exc=LineTooLong(b"", limit_bytes), message="")
        self._messages.append((error, EMPTY_PAYLOAD))
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        if isinstance(exc, ConnectionError):
            raise exc  # the client hung up, which is no error of ours; aiohttp ends the connection
        if not isinstance(exc, HttpProcessingError):
            super().handle_error(request, status, exc, message)  # tells the log; its text is not for clients
            return self._manager.refuse(InternalError())
        log.info("! a request that cannot be read: %s", type(exc).__name__)
        return self._manager.refuse(HeadersTooLarge() if isinstance(exc, LineTooLong) else MalformedRequest())


class _TurnedAway(Protocol):
    """One connection too many: it hears why, whatever it was about to ask."""

    def __init__(self, refused: Refused) -> None:
        self._refused = refused

    def connection_made(self, transport: BaseTransport) -> None:
        made = cast(Transport, transport)  # uvloop's have no base in common with it
        made.write(_refusal_before_any_request(self._refused))
        made.close()


def _refusal_before_any_request(refused: Refused) -> bytes:
    body = wire.encode_error(refused)
    head = (
        f"HTTP/1.1 {refused.status} {HTTPStatus(refused.status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Retry-After: {refused.retry_after_s}",
        "Connection: close",
    )
    return "\r\n".join((*head, "", "")).encode() + body


def _head_bytes(message: RawRequestMessage) -> int:
    return len(message.path) + sum(len(name) + len(value) for name, value in message.raw_headers)
