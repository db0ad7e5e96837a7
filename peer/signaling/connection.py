"""The path of choice: one WebSocket (docs/protocol.md, part 1, "WebSocket").

The token travels in the header of the upgrade: never in the address, and one round trip sooner than in a first frame.
A connection that opens but stays mute until the welcome is due, or breaks before it, is what half-able proxies make
of a WebSocket: then polling is tried.

A dead server is noticed by silence: we ping after 20 s, so half a minute without any frame, pongs included, is a
connection that carries nothing any more; our lease (75 s) still runs then. The server's own pings cannot serve as the
sign of life, since they stop while we are the one who talks. aiohttp's `heartbeat=` would do the same, but arms its
timer again while it closes, and leaves it behind.
"""

from __future__ import annotations

import asyncio
import logging
from typing import NoReturn

import aiohttp

from ..ports import Signal
from .calls import maybe_frame
from .endings import Ended, Poll, Renewed, after_close, before_welcome
from .first import first_of
from .frames import Frame, Refusal, Welcome
from .http import Http
from .path import Credentials, OnFrame, Pause
from .wire import LEAVE_FRAME, encode_frame

__all__ = ["WebSocketPath"]

_log = logging.getLogger("peer")

_PING_AFTER_S = 20.0
_SILENCE_S = 30.0


class WebSocketPath:
    """One connection, from the upgrade to the close."""

    def __init__(self, http: Http, credentials: Credentials, *, pause: Pause, silence_s: float = _SILENCE_S) -> None:
        self._http = http
        self._pause = pause
        self._silence_s = silence_s
        self._credentials = credentials
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._retry_after_s: float | None = None
        self._heard = asyncio.Event()
        self._ended = asyncio.Event()

    async def open(self, on_frame: OnFrame) -> None:
        """Upgrade and wait for the welcome."""
        try:
            async with asyncio.timeout(self._http.timeout_s):
                await self._open(on_frame)
        except TimeoutError as error:
            raise Ended(Poll("no welcome came over a WebSocket")) from error

    async def read(self, on_frame: OnFrame) -> NoReturn:
        """Until the close; binary frames, and what cannot be read, are dropped."""
        try:
            await first_of(self._listen(on_frame), self._ping())
        finally:
            self._ended.set()

    async def send(self, signal: Signal) -> None:
        """Waits while the socket's buffer is full."""
        await self._send(encode_frame(signal))

    async def probe(self, *, patience_s: float) -> None:
        """Any frame will do, also the pong that we ask for."""
        self._heard.clear()
        try:
            async with asyncio.timeout(patience_s):
                with self._http.translated():
                    await self._opened().ping()
                await self._heard.wait()
        except TimeoutError as error:
            _log.info("! the server does not answer: connecting anew")
            raise Ended(Renewed()) from error

    async def leave(self) -> None:
        """Say so, and wait for the close that answers it; whoever reads sees that close."""
        await self._send(LEAVE_FRAME)
        await self._ended.wait()

    async def close(self) -> None:
        """Takes a second at most: the closing handshake."""
        if self._socket is not None:
            await self._socket.close()

    async def _open(self, on_frame: OnFrame) -> None:
        self._socket = await self._http.open_socket("/signaling/ws", token=self._credentials.token)
        try:
            while not isinstance(frame := await self._receive(), Welcome):
                _log.debug("! a frame before the welcome")
        except Ended as ended:
            raise Ended(before_welcome(ended.ending)) from ended
        on_frame(frame)

    async def _listen(self, on_frame: OnFrame) -> NoReturn:
        while True:
            frame = await self._receive()
            if frame is not None:
                on_frame(frame)

    async def _ping(self) -> NoReturn:
        while True:
            await self._pause(_PING_AFTER_S)
            with self._http.translated():
                await self._opened().ping()

    async def _receive(self) -> Frame | None:
        with self._http.translated():
            message = await self._opened().receive(timeout=self._silence_s)
            if message.type is aiohttp.WSMsgType.PING:
                await self._opened().pong(message.data)
        self._heard.set()
        if message.type in (aiohttp.WSMsgType.PING, aiohttp.WSMsgType.PONG):
            return None
        if message.type is aiohttp.WSMsgType.TEXT:
            return self._noted(maybe_frame(message.data))
        if message.type is aiohttp.WSMsgType.BINARY:
            _log.debug("! dropped a binary frame")
            return None
        code = message.data if message.type is aiohttp.WSMsgType.CLOSE else None
        raise Ended(after_close(code, retry_after_s=self._retry_after_s))

    def _noted(self, frame: Frame | None) -> Frame | None:
        """An error about the connection itself says what its close cannot: when the server wants us back."""
        if isinstance(frame, Refusal) and frame.to is None:
            self._retry_after_s = frame.retry_after_s
        return frame

    async def _send(self, text: str) -> None:
        with self._http.translated():
            await self._opened().send_str(text)

    def _opened(self) -> aiohttp.ClientWebSocketResponse:
        assert self._socket is not None, "a path is opened first"
        return self._socket
