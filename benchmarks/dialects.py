"""How each server is spoken to: what a join is, how a peer opens its WebSocket, what an envelope looks like."""

import json
import secrets
import time
from dataclasses import dataclass
from typing import Protocol, TypeVar

import jwt
from servers import JWT_KEY
from wires import HttpConnection, WebSocket, build_frame, connect

__all__ = ["DIALECTS", "BareRelay", "Dialect", "Ours", "PeerServer", "Seat", "get", "open_socket", "post"]

TOKEN_TTL_S = 3600
UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"


@dataclass(frozen=True, slots=True)
class Seat:
    """A peer that has joined."""

    peer_id: str
    room_id: str
    token: str
    upgrade: bytes
    """The request that opens its WebSocket."""


class Dialect(Protocol):
    """What a load has to know of a server."""

    greeting: bytes
    """What its first frame holds once the peer is known; empty where nobody is greeted."""

    async def join(self, http: HttpConnection, room_id: str | None) -> Seat:
        """A new peer in a room, or in a new one."""

    def envelope(self, to: str, body: bytes) -> bytes:
        """The frame of an offer; `body` is JSON."""


def _mint_jwt() -> str:
    """For a user nobody has seen before."""
    claims = {"sub": secrets.token_hex(8), "name": "Load", "exp": int(time.time()) + TOKEN_TTL_S}
    return jwt.encode(claims, JWT_KEY, algorithm="HS256")


def get(path: str, *, token: str) -> bytes:
    """A GET with a token."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def post(path: str, body: bytes, *, token: str) -> bytes:
    """A POST of JSON with a token."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _upgrade(path: str, *, token: str = "") -> bytes:
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    key = UPGRADE.format(key="c3BlYWt0dWJlIGxvYWQgIQ==")
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}{key}\r\n".encode()


class Ours:
    """create-room or join-room with a user's JWT, then the WebSocket with the room token (docs/protocol.md)."""

    greeting = b'"welcome"'

    async def join(self, http: HttpConnection, room_id: str | None) -> Seat:
        call, body = ("join-room", json.dumps({"roomId": room_id}).encode()) if room_id else ("create-room", b"{}")
        status, answer = await http.ask(post(f"/signaling/{call}", body, token=_mint_jwt()))
        if status != 200:
            raise ConnectionRefusedError(f"{call} was answered by {status}: {answer.decode()}")
        joined = json.loads(answer)
        token = joined["token"]
        return Seat(joined["peerId"], joined["room"]["roomId"], token, _upgrade("/signaling/ws", token=token))

    def envelope(self, to: str, body: bytes) -> bytes:
        return build_frame(b'{"type":"offer","to":"%b","body":%b}' % (to.encode(), body))


class BareRelay:
    """benchmarks/bare_relay.py: a POST that checks a JWT, then a WebSocket with the peer's id in its address."""

    greeting = b""

    async def join(self, http: HttpConnection, room_id: str | None) -> Seat:
        room_id, peer_id = room_id or secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        status, answer = await http.ask(post("/join", json.dumps({"roomId": room_id}).encode(), token=_mint_jwt()))
        if status != 200:
            raise ConnectionRefusedError(f"join was answered by {status}: {answer.decode()}")
        return Seat(peer_id, room_id, "", _upgrade(f"/ws?id={peer_id}"))

    def envelope(self, to: str, body: bytes) -> bytes:
        return build_frame(b'{"type":"offer","to":"%b","body":%b}' % (to.encode(), body))


class PeerServer:
    """npm's `peer`: the WebSocket is the join, its address carries id and token."""

    greeting = b'"OPEN"'

    async def join(self, http: HttpConnection, room_id: str | None) -> Seat:  # noqa: ARG002
        peer_id, token = secrets.token_hex(11), secrets.token_hex(8)
        return Seat(peer_id, "", token, _upgrade(f"/peerjs?key=peerjs&id={peer_id}&token={token}"))

    def envelope(self, to: str, body: bytes) -> bytes:
        return build_frame(b'{"type":"OFFER","dst":"%b","payload":%b}' % (to.encode(), body))


DIALECTS: dict[str, Dialect] = {"ours": Ours(), "bare": BareRelay(), "peer_server": PeerServer()}

W = TypeVar("W", bound=WebSocket)


async def open_socket(port: int, dialect: Dialect, seat: Seat, socket: W, *, source: str = "127.0.0.1") -> W:
    """A peer's WebSocket, usable at once."""
    http = await connect(port, source=source)
    await http.upgrade(seat.upgrade, socket)
    if dialect.greeting and dialect.greeting not in (first := await socket.first_text):
        raise ConnectionRefusedError(f"the WebSocket began with {first.decode()}")
    return socket
