"""How aiohttp runs the application: what fails before any of our code is asked gets the one shape of all failures.

aiohttp answers some requests itself, in plain text that quotes them: bytes that are not HTTP, lines over its bounds, an
`Expect` that it does not know. Its runner, server and protocol have no hook for these, so each is extended by the one
method that makes the next.
"""

import logging

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from .errors import ExpectationFailed, HeadersTooLarge, MalformedRequest, Refused
from .logs import REQUEST_ID, request_id
from .middleware import add_fixed_headers, error_response
from .service import SERVICE, Service

__all__ = ["Runner"]

log = logging.getLogger("signaling")


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
        self._app_handler = made.request_handler

    def __call__(self) -> web.RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._app_handler(request)
        except web.HTTPExpectationFailed:  # raised before any middleware
            return self.refuse(ExpectationFailed())

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

    __slots__ = ()
    _manager: _Server

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        if not isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        log.info("! a request that cannot be read: %s", type(exc).__name__)
        return self._manager.refuse(HeadersTooLarge() if isinstance(exc, LineTooLong) else MalformedRequest())
