"""The relay beside which ours is measured: what aiohttp and msgspec can do in thirty lines, and nothing more.

No rooms, limits, mailboxes, metrics or pings, and whoever asks is believed: a message goes to the socket of the peer
that it names. The envelope is typed and its body is passed on unparsed, as ours is. POST /join checks a JWT.
"""

import asyncio
import os
from importlib import import_module
from typing import Annotated, Any

import jwt
import msgspec
from aiohttp import WSMsgType, web


class Envelope(msgspec.Struct):
    """What a peer sends."""

    type: str
    to: Annotated[str, msgspec.Meta(min_length=22, max_length=22)]
    body: msgspec.Raw


decode = msgspec.json.Decoder(Envelope).decode
sockets: dict[str, web.WebSocketResponse] = {}


async def relay(request: web.Request) -> web.WebSocketResponse:
    """GET /ws?id=…: messages in, messages out."""
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    sender = request.query["id"]
    sockets[sender] = socket
    async for message in socket:
        envelope = decode(message.data)
        if addressee := sockets.get(envelope.to):
            frame = b'{"type":"%b","from":"%b","body":%b}' % (envelope.type.encode(), sender.encode(), envelope.body)
            await addressee.send_frame(frame, WSMsgType.TEXT)
    del sockets[sender]
    return socket


async def join(request: web.Request) -> web.Response:
    """POST /join: the least that a join with a JWT can be."""
    token = request.headers["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, os.environ["SECRET"], algorithms=["HS256"])
    asked = msgspec.json.decode(await request.read())
    return web.Response(body=msgspec.json.encode({"user": claims["sub"], "room": asked["roomId"]}))


async def main() -> None:
    """On any free port, until killed."""
    app = web.Application()
    app.add_routes([web.get("/ws", relay), web.post("/join", join)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(f"listening on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


def run() -> None:
    """On uvloop where it is installed, as our server."""
    try:
        uvloop: Any = import_module("uvloop")
    except ImportError:
        asyncio.run(main())
    else:
        uvloop.run(main())


if __name__ == "__main__":
    run()
