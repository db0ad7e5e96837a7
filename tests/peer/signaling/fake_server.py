"""A signaling server by hand, after docs/protocol.md, that can be told to misbehave.

It is independent of the real one: what the adapter knows of the contract is held against a second reading of it.
"""

import asyncio
import contextlib
import hashlib
import itertools
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from typing import Any, Self

from aiohttp import WSMsgType, web

__all__ = ["FakeServer", "Member", "page", "refusal"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Answer = Callable[[], web.Response]
KINDS = ("offer", "answer", "candidate", "bye")


class Failure(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


def refusal(status: int, code: str, **more: Any) -> Answer:
    """An answer in the words of the contract."""
    error = {"code": code, "message": f"no: {code}"} | more
    return lambda: web.json_response({"error": error}, status=status)


def page(status: int, text: str = "<html>not yours</html>", **headers: str) -> Answer:
    """What a proxy or a captive portal answers."""
    return lambda: web.Response(status=status, text=text, content_type="text/html", headers=headers)


class Member:
    """One peer of one room: its mailbox, and its WebSocket while there is one."""

    def __init__(self, room: str, peer_id: str, name: str) -> None:
        self.room, self.peer_id, self.name = room, peer_id, name
        self.mail: list[Any] = []
        self.bell = asyncio.Event()
        self.socket: web.WebSocketResponse | None = None
        self.tokens_seen: list[str] = []

    @property
    def person(self) -> dict[str, str]:
        return {"peerId": self.peer_id, "userId": f"user-{self.name}", "displayName": self.name}

    async def push(self, frame: Any) -> None:
        """Over the WebSocket, else into the mailbox; a text is sent as it is."""
        if self.socket is None:
            self.mail.append(frame)
            self.bell.set()
        else:
            await self.socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))


class FakeServer:
    """Serves on one port of loopback; `stop()` and `start()` keep the port."""

    def __init__(self) -> None:
        self.port = 0
        self.rooms: dict[str, dict[str, Member]] = {}
        self.tokens: dict[str, Member] = {}
        self.heartbeat_adds: dict[str, Any] = {}
        self.calls: list[str] = []
        """In order of arrival, by the name of the call."""
        self.paths: list[str] = []
        self.bodies: list[Any] = []
        self.authorizations: list[str | None] = []
        self.scripted: dict[str, list[Answer]] = {}
        """Answers that come instead, by the last part of the path."""
        self.upgrade: Answer | None = None
        """What a proxy says to every upgrade."""
        self.welcomes = self.pongs = True
        self.seen: list[WSMsgType] = []
        """Pings and pongs that came."""
        self.wait_s = 5.0
        """The longest that a poll is held here."""
        self._numbers = itertools.count(1)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """As a server that is killed: no close frame, no word."""
        for member in self._members():
            member.bell.set()
            if member.socket is not None:
                _abort(member.socket)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def forget(self) -> None:
        """Lose all memory, as by a restart."""
        self.rooms.clear()
        self.tokens.clear()

    def script(self, call: str, *answers: Answer) -> None:
        self.scripted.setdefault(call, []).extend(answers)

    def member(self, peer_id: str, room: str = "lobby") -> Member:
        return self.rooms[room][peer_id]

    async def close_socket(self, peer_id: str, code: int) -> None:
        socket = self.member(peer_id).socket
        assert socket is not None
        await socket.close(code=code)

    def _members(self) -> list[Member]:
        return [member for room in self.rooms.values() for member in room.values()]

    # Routing

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        call = request.path.rpartition("/signaling/")[2].split("/")[0]
        self.calls.append(call)
        self.paths.append(request.path_qs)
        self.authorizations.append(request.headers.get("Authorization"))
        if self.scripted.get(call):
            return self.scripted[call].pop(0)()
        try:
            return await self._handler(call)(request)
        except Failure as failure:
            return refusal(failure.status, failure.code)()

    def _handler(self, call: str) -> Handler:
        handlers: dict[str, Handler] = {
            "create-room": self._create,
            "join-room": self._join,
            "inbox": self._inbox,
            "heartbeat": self._heartbeat,
            "leave-room": self._leave,
            "rooms": self._list,
            "nonce": self._nonce,
            "attest": self._attest,
            "keys": self._keys,
            "ws": self._socket,
        }
        return handlers.get(call, self._post)

    def _member(self, request: web.Request) -> Member:
        token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise Failure(401, "invalid_token")
        member = self.tokens[token]
        member.tokens_seen.append(token)
        if member.peer_id not in self.rooms.get(member.room, {}):
            raise Failure(410, "peer_gone")
        return member

    async def _body(self, request: web.Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json()
        self.bodies.append(body)
        return body

    # Calls

    async def _create(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        room = body.get("roomId", "made-here")
        if room in self.rooms:
            raise Failure(409, "room_exists")
        self.rooms[room] = {}
        return await self._seat(room, body)

    async def _join(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        room = body.get("roomId", "lobby")
        if room not in self.rooms:
            raise Failure(404, "no_such_room")
        return await self._seat(room, body)

    async def _seat(self, room: str, body: dict[str, Any]) -> web.Response:
        resume = body.get("resume") or _encode(bytes([next(self._numbers)] * 32))
        peer_id = _peer_id(resume)
        members = self.rooms[room]
        others = [member for member in members.values() if member.peer_id != peer_id]
        if peer_id not in members:
            members[peer_id] = Member(room, peer_id, body.get("displayName", "Guest"))
            for other in others:
                await other.push({"type": "peer-joined", **members[peer_id].person})
        return web.json_response(self._joined(members[peer_id], resume, others))

    def _joined(self, member: Member, resume: str, others: list[Member]) -> dict[str, Any]:
        return {
            "room": _room(member.room, len(others) + 1),
            "peerId": member.peer_id,
            "token": self.new_token(member),
            "resume": resume,
            "peers": [other.person for other in others],
            "iceServers": [{"urls": ["stun:stun.example"]}],
            "heartbeatS": 30,
        }

    def new_token(self, member: Member) -> str:
        token = f"token-{next(self._numbers)}"
        self.tokens[token] = member
        return token

    async def _post(self, request: web.Request) -> web.Response:
        sender = self._member(request)
        body = await self._body(request)
        kind = request.path.removeprefix("/signaling/")
        if kind not in KINDS:
            raise Failure(404, "not_found")
        await self._relay(sender, kind, body)
        return web.json_response({}, status=202)

    async def _relay(self, sender: Member, kind: str, body: dict[str, Any]) -> None:
        receiver = self.rooms[sender.room].get(body["to"])
        if receiver is None:
            raise Failure(404, "no_such_peer")
        await receiver.push({"type": kind, "from": sender.peer_id, "body": body["body"]})

    async def _inbox(self, request: web.Request) -> web.Response:
        member = self._member(request)
        if not member.mail:
            member.bell.clear()
            wait_s = min(float(request.query["wait"]), self.wait_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(member.bell.wait(), wait_s)
        if request.transport is None or request.transport.is_closing():
            return web.json_response({"envelopes": []})  # nobody reads it: the mail waits for the next poll
        frames, member.mail = member.mail, []
        return web.json_response({"envelopes": frames})

    async def _heartbeat(self, request: web.Request) -> web.Response:
        member = self._member(request)
        people = [other.person for other in self._others(member)]
        beat = {"heartbeatS": 30, "peers": people, "token": self.new_token(member)}
        return web.json_response(beat | self.heartbeat_adds)

    async def _leave(self, request: web.Request) -> web.Response:
        await self._remove(self._member(request))
        return web.json_response({})

    async def _remove(self, member: Member) -> None:
        del self.rooms[member.room][member.peer_id]
        for other in list(self.rooms[member.room].values()):
            await other.push({"type": "peer-left", "peerId": member.peer_id, "reason": "left"})
        member.bell.set()

    def _others(self, member: Member) -> list[Member]:
        return [other for other in self.rooms[member.room].values() if other is not member]

    async def _list(self, request: web.Request) -> web.Response:
        names = sorted(self.rooms)
        at = int(request.query.get("cursor", "0"))
        page = {"rooms": [_room(name, len(self.rooms[name])) for name in names[at : at + 1]]}
        return web.json_response(page | ({"cursor": str(at + 1)} if at + 1 < len(names) else {}))

    async def _nonce(self, request: web.Request) -> web.Response:
        return web.json_response({"nonce": f"nonce-{next(self._numbers)}", "expiresInS": 60})

    async def _attest(self, request: web.Request) -> web.Response:
        await self._body(request)
        return web.json_response({"attestation": "a.b.c", "expiresInS": 43_200})

    async def _keys(self, request: web.Request) -> web.Response:
        return web.json_response({"issuer": "https://chat.example", "keys": []})

    # WebSocket

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.upgrade is not None:
            return self.upgrade()
        socket = web.WebSocketResponse(compress=False, autoping=False)
        await socket.prepare(request)
        try:
            member = self._member(request)
        except Failure as failure:
            await socket.close(code={401: 4401, 410: 4404}[failure.status])
            return socket
        await self._greet(member, socket)
        await self._serve(member, socket)
        return socket

    async def _greet(self, member: Member, socket: web.WebSocketResponse) -> None:
        if member.socket is not None:
            await member.socket.close(code=4409)
        if self.welcomes:
            people = [other.person for other in self._others(member)]
            await socket.send_json({"type": "welcome", "peerId": member.peer_id, "peers": people, "heartbeatS": 30})
        member.socket = socket
        mail, member.mail = member.mail, []
        for frame in mail:
            await member.push(frame)

    async def _serve(self, member: Member, socket: web.WebSocketResponse) -> None:
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._take(member, socket, json.loads(message.data))
                    continue
                self.seen.append(message.type)
                if message.type is WSMsgType.PING and self.pongs:
                    await socket.pong(message.data)
        finally:
            if member.socket is socket:
                member.socket = None

    async def _take(self, member: Member, socket: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        if frame["type"] == "leave":
            await self._remove(member)
            await socket.close(code=1000)
            return
        try:
            await self._relay(member, frame["type"], frame)
        except Failure as failure:
            error = {"code": failure.code, "message": "no"}
            await member.push({"type": "error", "error": error, "to": frame["to"]})


def _abort(socket: web.WebSocketResponse) -> None:
    transport = socket._req.transport if socket._req is not None else None
    if transport is not None:
        transport.abort()


def _room(name: str, count: int) -> dict[str, Any]:
    return {
        "roomId": name,
        "broadcasterId": "user-Ann",
        "broadcasterName": "Ann",
        "createdAt": "2026-01-31T12:00:00Z",
        "participantCount": count,
        "isPublic": True,
    }


def _peer_id(resume: str) -> str:
    return _encode(hashlib.sha256(b"speaktube peer id\x00" + urlsafe_b64decode(resume + "=")).digest()[:16])


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
