"""What holds for every call: one error shape, security headers, which pages may ask.

A refusal of ours becomes its JSON; aiohttp's own (404, 405, 413) become ours first; anything else is our bug, which
the log gets in full and the client as `internal_error`.
"""

import logging
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from . import wire
from .config import Config
from .errors import (
    BodyTooLarge,
    GoingAway,
    InternalError,
    InvalidBody,
    MethodNotAllowed,
    NotFound,
    Refused,
    RequestTimeout,
    Unauthorized,
    WrongOrigin,
)
from .service import SERVICE

__all__ = ["add_headers", "answer_errors", "check_origin", "error_response"]

log = logging.getLogger("signaling")


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The only place where an exception becomes an answer."""
    try:
        if request.app[SERVICE].is_going_away:
            raise GoingAway
        return await handler(request)
    except Refused as refused:
        return _refuse(request, refused)
    except web.HTTPException as error:
        return _refuse(request, _translate(request, error))
    except ConnectionResetError:
        raise  # the client hung up: aiohttp knows what to do
    except Exception:
        log.exception("! %s failed", _route(request))
        return _refuse(request, InternalError())


def _refuse(request: web.Request, refused: Refused) -> web.Response:
    request.app[SERVICE].tally.refused(refused)
    return error_response(refused)


def _translate(request: web.Request, error: web.HTTPException) -> Refused:
    match error:
        case web.HTTPNotFound():
            return NotFound()
        case web.HTTPMethodNotAllowed():
            return MethodNotAllowed(request.method, tuple(sorted(error.allowed_methods)))
        case web.HTTPRequestEntityTooLarge():
            return BodyTooLarge(request.app[SERVICE].config.max_body_bytes)
        case web.HTTPForbidden():  # aiohttp-cors, about a preflight
            return WrongOrigin()
        case _:
            return InvalidBody(error.reason)


def _route(request: web.Request) -> str:
    """The template and never the path, which holds a room id."""
    resource = request.match_info.route.resource
    return f"{request.method} {resource.canonical if resource else '?'}"


def error_response(refused: Refused) -> web.Response:
    """The JSON of a refusal, with the headers its status asks for."""
    response = web.Response(body=wire.encode_error(refused), status=refused.status, content_type="application/json")
    if isinstance(refused, Unauthorized):
        response.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    if isinstance(refused, MethodNotAllowed):
        response.headers[hdrs.ALLOW] = ", ".join(refused.allowed)
    if isinstance(refused, RequestTimeout):
        response.force_close()
    if refused.status == 426:
        response.headers[hdrs.UPGRADE] = "websocket"
    if refused.retry_after_s is not None:
        response.headers[hdrs.RETRY_AFTER] = str(refused.retry_after_s)
    return response


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Runs after aiohttp-cors, which leaves 404 and 405 without its headers and never says Vary."""
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    origins = request.app[SERVICE].config.cors_origins
    if origins:
        headers.add(hdrs.VARY, hdrs.ORIGIN)
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and _is_named(origin, origins):
            headers.setdefault(hdrs.ACCESS_CONTROL_ALLOW_ORIGIN, origin)


def check_origin(request: web.Request, config: Config) -> None:
    """Browsers do not hold WebSockets to the same origin, so we do. No Origin: not a browser."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or _is_named(origin, config.cors_origins):
        return
    if _host(origin) != request.host.lower():
        raise WrongOrigin


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _is_named(origin: str, origins: tuple[str, ...]) -> bool:
    return "*" in origins or origin.lower() in origins
