"""Which pages may ask: those of this server's own origin, and those of the origins that the operator names (S13).

aiohttp-cors answers the preflights of calls that exist, and marks their answers. What it leaves to us is here:

- A page of any other origin is refused, and not only kept from reading the answer: what a browser sends without
  asking first, a WebSocket or a POST of plain text, would have joined a room by then.
- Failures outside the table of calls (404, 405) are marked too, and so is a preflight for them granted: the page shall
  read that it has the wrong address, and not that it is the wrong page.

Pages only: what is no browser sends no Origin, and is judged by its token.
"""

from urllib.parse import urlsplit

from aiohttp import hdrs, web

from ..errors import WrongOrigin

__all__ = ["ALLOWED_HEADERS", "EXPOSED_HEADERS", "GRANT_S", "check_origin", "is_preflight", "mark", "maybe_grant"]

ALLOWED_HEADERS = ("Authorization", "Content-Type")
EXPOSED_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate", "X-Request-Id")
GRANT_S = 600
"""For how long a browser asks no second time."""

CALLS = "/signaling/"

Named = tuple[str, ...]
"""Origins in lower case, or `*`."""


def check_origin(request: web.Request, named: Named) -> None:
    """Raise WrongOrigin for a call by a page that is neither named nor ours."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or not request.path.startswith(CALLS) or _is_named(origin, named):
        return
    if _host(origin) != request.host.lower():
        raise WrongOrigin


def is_preflight(request: web.Request) -> bool:
    """A browser asks whether a page may call."""
    return request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers


def maybe_grant(request: web.Request, named: Named) -> web.Response | None:
    """Yes to a named page's preflight that nobody else has answered; the call itself then earns its 404 or 405."""
    origin = request.headers.get(hdrs.ORIGIN, "")
    if not is_preflight(request) or not request.path.startswith(CALLS) or not _is_named(origin, named):
        return None
    headers = {
        hdrs.ACCESS_CONTROL_ALLOW_METHODS: request.headers[hdrs.ACCESS_CONTROL_REQUEST_METHOD],
        hdrs.ACCESS_CONTROL_ALLOW_HEADERS: ", ".join(ALLOWED_HEADERS),
    }
    return web.Response(headers=headers)


def mark(request: web.Request, response: web.StreamResponse, named: Named) -> None:
    """Let the page read an answer that aiohttp-cors has not marked; and no cache may hand it to another page."""
    if not named:
        return
    response.headers.add(hdrs.VARY, hdrs.ORIGIN)
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and _is_named(origin, named):
        response.headers.setdefault(hdrs.ACCESS_CONTROL_ALLOW_ORIGIN, origin)
        response.headers.setdefault(hdrs.ACCESS_CONTROL_EXPOSE_HEADERS, ",".join(EXPOSED_HEADERS))


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _is_named(origin: str, named: Named) -> bool:
    return "*" in named or origin.lower() in named
