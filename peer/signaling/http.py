"""One HTTP exchange with the signaling server, and the end of every foreign exception.

The session is made on first use and closed once. Calls follow no redirect, since a token must not travel to where
somebody else points (an upgrade does, but aiohttp leaves the token behind where the origin changes). Nothing is kept
between calls, no cookie and no compression; replies are bounded. What does not answer in the words of docs/protocol.md
is not our server, whatever its status says: a proxy, a captive portal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import aiohttp

from ..errors import Closed, ConnectivityError, JoinRefused, MalformedFrame, SignalingUnreachable
from .endings import Ended, after_upgrade
from .wire import decode_refusal

__all__ = ["MAX_REPLY_BYTES", "Http", "is_unsent"]

MAX_REPLY_BYTES = 1024 * 1024
"""A roster of a full room is far below; also the bound of one frame of the WebSocket."""

_CLOSE_TIMEOUT_S = 1.0
"""A server that does not answer our close frame holds up nobody."""

_DEFAULT_RETRY_S = 1.0
"""For a server that is busy and does not say how long."""

_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "no answer in time"),
    (aiohttp.InvalidURL, "not a usable address"),
    (aiohttp.ClientConnectorDNSError, "its name is not known"),
    (aiohttp.ClientConnectorCertificateError, "its certificate is not trusted"),
    (aiohttp.ClientSSLError, "no secure connection"),
    (aiohttp.ClientConnectorError, "it accepts no connection"),
    (aiohttp.ServerDisconnectedError, "it hung up"),
    (aiohttp.ClientResponseError, "something else answers there"),
    (aiohttp.ClientError, "the connection broke"),
    (OSError, "the connection broke"),
)
"""The first that fits; special ones stand before their parents."""


class Http:
    """The connections to one server."""

    def __init__(self, server: str, *, timeout_s: float) -> None:
        self.server = server
        self.timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def get(
        self, path: str, *, token: str | None, query: Mapping[str, str] | None = None, patience_s: float = 0.0
    ) -> bytes:
        """The reply; `patience_s` is what the server may take on top of the usual time."""
        return await self._exchange("GET", path, token=token, query=query, patience_s=patience_s)

    async def post(self, path: str, *, token: str | None, body: bytes | None = None) -> bytes:
        """The reply to a JSON body."""
        return await self._exchange("POST", path, token=token, body=body)

    async def open_socket(self, path: str, *, token: str) -> aiohttp.ClientWebSocketResponse:
        """Upgrade to a WebSocket; raise `Ended` where something answers, but not with an upgrade."""
        with self.translated():
            try:
                return await self._session_now().ws_connect(
                    self.server + path,
                    headers=_headers(token),
                    max_msg_size=MAX_REPLY_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_TIMEOUT_S),
                    compress=0,
                    autoping=False,  # a pong is a sign of life that we want to see
                )
            except aiohttp.WSServerHandshakeError as error:
                raise Ended(after_upgrade(error.status, retry_after_s=_retry_after_s(error.headers))) from error

    async def close(self) -> None:
        """Close every connection; may be called twice."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Foreign exceptions in, ours out; so too for a reply that does not decode."""
        try:
            yield
        except MalformedFrame as error:
            raise self._stranger() from error
        except tuple(foreign for foreign, _ in _REASONS) as error:
            reason = next(reason for foreign, reason in _REASONS if isinstance(error, foreign))
            raise SignalingUnreachable(self.server, reason) from error

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        token: str | None,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
        patience_s: float = 0.0,
    ) -> bytes:
        with self.translated():
            async with self._session_now().request(
                method,
                self.server + path,
                params=query,
                data=body,
                headers=_headers(token, has_body=body is not None),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self.timeout_s + patience_s),
            ) as response:
                data = await self._read(response)
                if not response.ok or response.status >= 300:
                    raise self._refusal(response, data)
                return data

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        data = bytearray()
        async for chunk in response.content.iter_any():
            data += chunk
            if len(data) > MAX_REPLY_BYTES:
                raise self._stranger()
        return bytes(data)

    def _refusal(self, response: aiohttp.ClientResponse, data: bytes) -> JoinRefused:
        refusal = decode_refusal(data)
        retry_after_s = refusal.retry_after_s
        if retry_after_s is None and (response.status == 429 or response.status >= 500):
            retry_after_s = _retry_after_s(response.headers) or _DEFAULT_RETRY_S
        return JoinRefused(refusal.code, refusal.message, hint=refusal.hint, retry_after_s=retry_after_s)

    def _stranger(self) -> SignalingUnreachable:
        return SignalingUnreachable(self.server, "something else answers there")

    def _session_now(self) -> aiohttp.ClientSession:
        if self._closed:
            raise Closed
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),  # each seat without a WebSocket holds one
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None),  # each call sets its own
                headers={"User-Agent": "speaktube", "Accept-Encoding": "identity"},
            )
        return self._session


def is_unsent(error: ConnectivityError) -> bool:
    """Whether it is certain that the server took nothing, so that sending again repeats nothing."""
    unsent = (aiohttp.ClientConnectorError, aiohttp.ClientConnectionResetError)
    return isinstance(error, JoinRefused) or isinstance(error.__cause__, unsent)


def _headers(token: str | None, *, has_body: bool = False) -> dict[str, str]:
    headers = {"Content-Type": "application/json"} if has_body else {}
    return headers if token is None else {**headers, "Authorization": f"Bearer {token}"}


def _retry_after_s(headers: Mapping[str, str] | None) -> float | None:
    """Seconds only; the other form, a date, is not one that our server writes."""
    value = (headers or {}).get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
