"""The HTTP calls of docs/protocol.md: read the request, ask the service, write the answer.

JSON is read whatever the content type says. Tokens come from the Authorization header and nowhere else.
"""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from .. import rooms, wire
from ..bounds.gate import Act
from ..config import Config
from ..errors import BodyTooLarge, MalformedJson, RequestTimeout, UnsupportedEncoding
from ..identity.attest_wire import Attest, Attested, NonceMade, PublishedKey, PublishedKeys
from ..identity.attestation import NONCE_TTL_S
from ..identity.auth import Membership, bearer
from ..service import SERVICE
from ..wire import Kind
from .middleware import ADDRESS, CALLER
from .page import PAGE, PAGE_POLICY
from .query import CURSOR, LIMIT, WAIT

__all__ = [
    "attest",
    "create_room",
    "get_envelopes",
    "healthz",
    "heartbeat",
    "invite_page",
    "join_room",
    "leave_room",
    "list_rooms",
    "make_nonce",
    "post_envelope",
    "published_keys",
    "readyz",
]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _json(body: bytes, *, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")


async def _read(request: web.Request) -> bytes:
    config: Config = request.app[SERVICE].config
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedEncoding
    if (request.content_length or 0) > config.max_frame_bytes:
        raise BodyTooLarge(config.max_body_bytes)
    if request.content.is_eof():
        return await request.read()  # all of it came with the head: no need for a timer
    try:
        async with asyncio.timeout(config.read_timeout_s):
            return await request.read()
    except TimeoutError as error:
        raise RequestTimeout(config.read_timeout_s) from error
    except web.RequestPayloadError as error:
        raise MalformedJson("its transfer encoding is broken") from error


def _membership(request: web.Request) -> Membership:
    known = request.get(CALLER)
    return known or request.app[SERVICE].tokens.read(bearer(request.headers.get("Authorization")))


async def _membership_and_room(request: web.Request) -> Membership:
    """For calls whose body may be missing, or hold roomId alone."""
    membership = _membership(request)
    if data := await _read(request):
        rooms.check_room(membership.key.room_id, wire.decode_body(data, wire.OnlyRoom).room_id)
    return membership


async def create_room(request: web.Request) -> web.Response:
    """S1."""
    service = request.app[SERVICE]
    user = await service.identify(request.headers.get("Authorization"))
    body = wire.decode_body(await _read(request) or b"{}", wire.CreateRoom)
    await service.gate.check(Act.CREATE, user, request[ADDRESS])
    return _json(wire.encode(await service.create(user, body, request[ADDRESS])))


async def join_room(request: web.Request) -> web.Response:
    """S2."""
    service = request.app[SERVICE]
    user = await service.identify(request.headers.get("Authorization"))
    body = wire.decode_body(await _read(request), wire.JoinRoom)
    await service.gate.check(Act.JOIN, user, request[ADDRESS])
    return _json(wire.encode(await service.join(user, body, request[ADDRESS])))


def post_envelope(kind: Kind) -> Handler:
    """S3-S5, towards a peer."""

    async def handle(request: web.Request) -> web.Response:
        service, key = request.app[SERVICE], _membership(request).key
        body = wire.decode_body(await _read(request), wire.PostEnvelope)
        rooms.check_room(key.room_id, body.room_id)
        await service.post_once(key, body.to, kind, body.body)
        return _json(b"{}", status=202)

    return handle


def get_envelopes(kind: Kind | None) -> Handler:
    """S3-S5, from peers; without a kind everything, notices included."""

    async def handle(request: web.Request) -> web.Response:
        service, key = request.app[SERVICE], _membership(request).key
        rooms.check_room(key.room_id, request.match_info["roomId"])
        wait_s = WAIT.read(request.query, service.config)
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
    service = request.app[SERVICE]
    user = await service.identify(request.headers.get("Authorization"))
    await service.gate.check(Act.LIST, user, request[ADDRESS])
    cursor = CURSOR.read(request.query)
    limit = LIMIT.read(request.query, service.config)
    after = rooms.decode_cursor(cursor) if cursor is not None else None
    return _json(wire.encode(rooms.view_page(await service.store.page(after, int(limit)))))


async def make_nonce(request: web.Request) -> web.Response:
    """The first half of a proof of possession."""
    service = request.app[SERVICE]
    user = await service.identify_user(request.headers.get("Authorization"))
    await _read(request)
    await service.gate.check(Act.ATTEST, user, request[ADDRESS])
    return _json(wire.encode(NonceMade(nonce=service.attestor.make_nonce(user), expires_in_s=NONCE_TTL_S)))


async def attest(request: web.Request) -> web.Response:
    """The second half, and the attestation for it."""
    service = request.app[SERVICE]
    user = await service.identify_user(request.headers.get("Authorization"))
    body = wire.decode_body(await _read(request), Attest)
    await service.gate.check(Act.ATTEST, user, request[ADDRESS])
    name, attestor = rooms.user_name(user), service.attestor
    attestation = attestor.attest(user, name, key=body.key, nonce=body.nonce, signature=body.signature)
    return _json(wire.encode(Attested(attestation=attestation, expires_in_s=attestor.lifetime_s(user))))


async def published_keys(request: web.Request) -> web.Response:
    """What attestations are checked with."""
    attestor = request.app[SERVICE].attestor
    key = PublishedKey(x=attestor.jwk["x"], kid=attestor.kid)
    return _json(wire.encode(PublishedKeys(issuer=attestor.issuer, keys=(key,))))


async def healthz(_request: web.Request) -> web.Response:
    """The process answers."""
    return _json(b'{"status":"ok"}')


async def readyz(request: web.Request) -> web.Response:
    """The server can be sent clients: it is not on its way out, and its store answers."""
    await request.app[SERVICE].check_ready()
    return _json(b'{"status":"ok"}')


async def invite_page(_request: web.Request) -> web.Response:
    """What a guest who opens an invite link in a browser gets to read."""
    return web.Response(text=PAGE, content_type="text/html", headers={"Content-Security-Policy": PAGE_POLICY})
