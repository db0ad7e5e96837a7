"""The HTTP calls of docs/protocol.md: read the request, ask the service, write the answer.

JSON is read whatever the content type says. Tokens come from the Authorization header and nowhere else.
"""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from . import rooms, wire
from .auth import Membership, bearer
from .config import Config
from .errors import BodyTooLarge, MalformedJson, RequestTimeout
from .page import PAGE, PAGE_POLICY
from .service import SERVICE
from .wire import Kind

__all__ = ["ROUTES"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MAX_PAGE = 100
DEFAULT_PAGE = 50


def _json(body: bytes, *, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")


async def _read(request: web.Request) -> bytes:
    config: Config = request.app[SERVICE].config
    if (request.content_length or 0) > config.max_frame_bytes:
        raise BodyTooLarge(config.max_body_bytes)
    try:
        async with asyncio.timeout(config.read_timeout_s):
            return await request.read()
    except TimeoutError as error:
        raise RequestTimeout(config.read_timeout_s) from error
    except web.RequestPayloadError as error:
        raise MalformedJson("its transfer or content encoding is broken") from error


def _membership(request: web.Request) -> Membership:
    return request.app[SERVICE].tokens.read(bearer(request.headers.get("Authorization")))


async def _membership_and_room(request: web.Request) -> Membership:
    """For calls whose body may be missing, or hold roomId alone."""
    membership = _membership(request)
    if data := await _read(request):
        rooms.check_room(membership.key.room_id, wire.decode_body(data, wire.OnlyRoom).room_id)
    return membership


async def create_room(request: web.Request) -> web.Response:
    """S1."""
    service = request.app[SERVICE]
    user = service.identify(request.headers.get("Authorization"))
    body = wire.decode_body(await _read(request) or b"{}", wire.CreateRoom)
    return _json(wire.encode(await service.create(user, body)))


async def join_room(request: web.Request) -> web.Response:
    """S2."""
    service = request.app[SERVICE]
    user = service.identify(request.headers.get("Authorization"))
    body = wire.decode_body(await _read(request), wire.JoinRoom)
    return _json(wire.encode(await service.join(user, body)))


def post_envelope(kind: Kind) -> Handler:
    """S3-S5, towards a peer."""

    async def handle(request: web.Request) -> web.Response:
        service, key = request.app[SERVICE], _membership(request).key
        body = wire.decode_body(await _read(request), wire.PostEnvelope)
        rooms.check_room(key.room_id, body.room_id)
        await service.renew(key)
        await service.post(key, body.to, kind, body.body)
        return _json(b"{}", status=202)

    return handle


def get_envelopes(kind: Kind | None) -> Handler:
    """S3-S5, from peers; without a kind everything, notices included."""

    async def handle(request: web.Request) -> web.Response:
        service, key = request.app[SERVICE], _membership(request).key
        rooms.check_room(key.room_id, request.match_info["room_id"])
        wait_s = rooms.parse_number(
            request.query.get("wait"), name="wait", lowest=0, highest=service.config.poll_max_s, default=0
        )
        frames = await service.poll(key, kind, wait_s=wait_s, still_here=lambda: _is_connected(request))
        return _json(wire.encode_envelopes(frames))

    return handle


def _is_connected(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


async def heartbeat(request: web.Request) -> web.Response:
    """S6."""
    membership = await _membership_and_room(request)
    return _json(wire.encode(await request.app[SERVICE].heartbeat(membership)))


async def leave_room(request: web.Request) -> web.Response:
    """S7."""
    membership = await _membership_and_room(request)
    await request.app[SERVICE].leave(membership.key)
    return _json(b"{}")


async def list_rooms(request: web.Request) -> web.Response:
    """S8: public rooms, for those who could join them."""
    request.app[SERVICE].identify(request.headers.get("Authorization"))
    cursor = request.query.get("cursor")
    limit = rooms.parse_number(
        request.query.get("limit"), name="limit", lowest=1, highest=MAX_PAGE, default=DEFAULT_PAGE
    )
    after = rooms.decode_cursor(cursor) if cursor else None
    page = await request.app[SERVICE].store.page(after, int(limit))
    return _json(wire.encode(rooms.view_page(page)))


async def healthz(_request: web.Request) -> web.Response:
    """The process answers."""
    return _json(b'{"status":"ok"}')


async def invite_page(_request: web.Request) -> web.Response:
    """What a guest who opens an invite link in a browser gets to read."""
    return web.Response(text=PAGE, content_type="text/html", headers={"Content-Security-Policy": PAGE_POLICY})


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/signaling/create-room", create_room),
    ("POST", "/signaling/join-room", join_room),
    *(("POST", f"/signaling/{kind}", post_envelope(kind)) for kind in wire.KINDS),
    *(("GET", f"/signaling/{kind}/{{room_id}}", get_envelopes(kind)) for kind in wire.KINDS),
    ("GET", "/signaling/inbox/{room_id}", get_envelopes(None)),
    ("POST", "/signaling/heartbeat", heartbeat),
    ("POST", "/signaling/leave-room", leave_room),
    ("GET", "/signaling/rooms", list_rooms),
    ("GET", "/healthz", healthz),
    ("GET", "/j", invite_page),
)
