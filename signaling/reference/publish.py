"""/openapi.json and /docs: made when they are first asked for, kept as bytes, and named by an ETag.

The table of all routes holds these two as well, so it is handed over as a function.
"""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import msgspec
from aiohttp import ETag, hdrs, web

from ..config import Config
from ..http.route import HTML, JSON, Route
from ..service import SERVICE
from .docs import DOCS_POLICY, render
from .openapi import describe

__all__ = ["Publisher"]

KEPT = 4
"""Settings differ in tests only; a server has one document."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """Bytes and their name."""

    body: bytes
    etag: str


class Publisher:
    """Answers with what it knows of a table of routes."""

    def __init__(self, routes: Callable[[], tuple[Route, ...]]) -> None:
        self._routes = routes
        self._publish = functools.lru_cache(KEPT)(self._made)

    async def document(self, request: web.Request) -> web.Response:
        """The OpenAPI document."""
        return _answer(request, self._publish(request.app[SERVICE].config)[0], JSON)

    async def page(self, request: web.Request) -> web.Response:
        """The same for people."""
        response = _answer(request, self._publish(request.app[SERVICE].config)[1], HTML)
        response.headers["Content-Security-Policy"] = DOCS_POLICY
        return response

    def _made(self, config: Config) -> tuple[_Kept, _Kept]:
        document = describe(self._routes(), config, version=version("speaktube"))
        return _keep(msgspec.json.encode(document)), _keep(render(document).encode())


def _keep(body: bytes) -> _Kept:
    return _Kept(body, hashlib.sha256(body).hexdigest()[:32])


def _answer(request: web.Request, kept: _Kept, media_type: str) -> web.Response:
    """The bytes, or 304 to who has them (RFC 9110, section 13.1.2)."""
    known = {each.value for each in request.if_none_match or ()}
    is_known = bool(known & {kept.etag, "*"})
    response = web.Response(status=304) if is_known else web.Response(body=kept.body, content_type=media_type)
    if not is_known and media_type == HTML:
        response.charset = "utf-8"
    response.headers[hdrs.CACHE_CONTROL] = "no-cache"
    response.etag = ETag(kept.etag)
    return response
