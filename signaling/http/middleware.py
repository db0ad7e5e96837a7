"""What holds for every call: one error shape, a request id, one count and one line, security headers, who may ask.

A refusal of ours becomes its JSON; aiohttp's own (404, 405, 413) become ours first; anything else is our bug, whose
place the log gets and the client hears of as `internal_error`. Counts and lines know a call by its route's template:
a path holds a room id.
"""

import logging
from http import HTTPStatus
from time import perf_counter

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from .. import wire
from ..errors import (
    BodyTooLarge,
    InternalError,
    InvalidBody,
    MethodNotAllowed,
    NotFound,
    RateLimited,
    Refused,
    RequestTimeout,
    Unauthorized,
    UnsupportedEncoding,
    WrongOrigin,
)
from ..identity.auth import Membership, bearer
from ..logs import REQUEST_ID, request_id
from ..service import SERVICE, Service
from .origins import check_origin, is_preflight, mark, maybe_grant

__all__ = [
    "ADDRESS",
    "CALLER",
    "REQUEST_ID_HEADER",
    "ROOM_CALLS",
    "add_fixed_headers",
    "add_headers",
    "error_response",
    "watch_calls",
]

log = logging.getLogger("signaling")

REQUEST_ID_HEADER = "X-Request-Id"
FORWARDED_HEADER = "X-Forwarded-For"

ADDRESS = web.RequestKey("ADDRESS", str)
"""Under which a request carries the key of its client's address."""

CALLER = web.RequestKey("CALLER", Membership)
"""Under which it carries whose good room token it shows, where the call takes one."""

ROOM_CALLS = web.AppKey("ROOM_CALLS", frozenset[str])
"""Under which an application carries the routes that take a room token."""

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Answered while the server drains, and asked every few seconds: no line in the log."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""All others count as one: a client cannot invent labels."""


@web.middleware
async def watch_calls(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Around everything else: under which id a call runs, and what is kept of it."""
    fresh = request.app[SERVICE].random_bytes(8)
    REQUEST_ID.set(request_id(request.headers.get(REQUEST_ID_HEADER), fresh))  # aiohttp runs each call in its own task
    request[ADDRESS] = _address(request)
    started = perf_counter()
    response = await _answer_errors(request, handler)
    _note(request, response.status, perf_counter() - started)
    return response


def _address(request: web.Request) -> str:
    """The key of the client's address. A header by somebody who is no trusted proxy is worth a warning, once."""
    service, forwarded = request.app[SERVICE], request.headers.getall(FORWARDED_HEADER, ())
    if forwarded and not service.is_warned and not service.gate.addresses.is_proxy(request.remote):
        service.is_warned = True
        log.warning(
            "! requests come with X-Forwarded-For from where no trusted proxy is: if a proxy of yours sends them, name "
            "it in SIGNALING_TRUSTED_PROXIES, or all its clients share the limits of one address"
        )
    return service.gate.addresses.key(request.remote, forwarded)


def _note(request: web.Request, status: int, seconds: float) -> None:
    """Count an answer, and write its line where it is wanted. A WebSocket's time is its life, and no delay."""
    method, route = _method(request), _route(request)
    if status != HTTPStatus.SWITCHING_PROTOCOLS:
        request.app[SERVICE].tally.answered(method, route, status, seconds)
    level = _level(method, route)
    if level is not None and log.isEnabledFor(level):
        ms = round(seconds * 1000, 1)
        fields = {"method": method, "route": route, "status": status, "ms": ms}
        log.log(level, "< %s %s %d in %.1f ms", method, route, status, ms, extra={"fields": fields})


def _level(method: str, route: str) -> int | None:
    """What every peer does again and again is for debugging only."""
    if route in PROBES:
        return None
    is_routine = route == "/signaling/heartbeat" or (method, route[-1]) == ("GET", "}") or method == "OPTIONS"
    return logging.DEBUG if is_routine else logging.INFO


async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The only place where an exception becomes an answer."""
    service = request.app[SERVICE]
    try:
        _check_pace(request, service)
        check_origin(request, service.config.cors_origins)
        if service.is_going_away and _route(request) not in PROBES and not is_preflight(request):
            raise service.going_away()
        return await handler(request)
    except Refused as refused:
        return _refuse(request, service.gate.harden(refused, request[ADDRESS]))
    except web.HTTPException as error:
        granted = maybe_grant(request, service.config.cors_origins)
        return granted if granted is not None else _refuse(request, _translate(request, error))
    except ConnectionResetError:
        raise  # the client hung up: aiohttp knows what to do
    except Exception:
        log.exception("! %s %s failed", _method(request), _route(request))
        return _refuse(request, InternalError())


def _check_pace(request: web.Request, service: Service) -> None:
    """Probes are not counted: behind a proxy, a flood would have the server taken for dead, and started again.

    Who shows a good room token has a pace of its own, whatever its neighbours do. Preflights count for the address, but
    are answered in any case: to refuse one costs as much, and its page would never read why.
    """
    if _route(request) in PROBES:
        return
    caller = _maybe_caller(request, service)
    try:
        if caller is None:
            service.gate.check_request(request[ADDRESS])
        else:
            request[CALLER] = caller
            service.gate.check_call(caller.key, request[ADDRESS])
    except RateLimited:
        if not is_preflight(request):
            raise


def _maybe_caller(request: web.Request, service: Service) -> Membership | None:
    """Whose room token it is; what is wrong with a bad one is told later, by the call."""
    header = request.headers.get(hdrs.AUTHORIZATION)
    if header is None or _route(request) not in request.app[ROOM_CALLS]:
        return None
    try:
        return service.tokens.read(bearer(header))
    except Unauthorized:
        return None


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
    """The template; `?` where there is no such address."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "?"


def _method(request: web.Request) -> str:
    return request.method if request.method in METHODS else "other"


def error_response(refused: Refused) -> web.Response:
    """The JSON of a refusal, with the headers its status asks for."""
    response = web.Response(body=wire.encode_error(refused), status=refused.status, content_type="application/json")
    if isinstance(refused, Unauthorized):
        response.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    if isinstance(refused, MethodNotAllowed):
        response.headers[hdrs.ALLOW] = ", ".join(refused.allowed)
    if isinstance(refused, RequestTimeout):
        response.force_close()
    if isinstance(refused, UnsupportedEncoding):
        response.headers[hdrs.ACCEPT_ENCODING] = "identity"
    if refused.status == 426:
        response.headers[hdrs.UPGRADE] = "websocket"
    if refused.retry_after_s is not None:
        response.headers[hdrs.RETRY_AFTER] = str(refused.retry_after_s)
    return response


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """On every answer; runs after aiohttp-cors."""
    add_fixed_headers(response)
    mark(request, response, request.app[SERVICE].config.cors_origins)


def add_fixed_headers(response: web.StreamResponse) -> None:
    """Those that depend on no page and no call."""
    headers = response.headers
    headers[REQUEST_ID_HEADER] = REQUEST_ID.get()
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
