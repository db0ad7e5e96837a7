"""A peer as the tests of faults need it: plain HTTP and WebSocket, on whichever server it is told."""

import asyncio
from typing import Any

import aiohttp

__all__ = ["Caller", "close_code"]

Socket = aiohttp.ClientWebSocketResponse


class Caller:
    """One session for many peers; a peer is the answer to its join."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def call(self, url: str, path: str, body: Any, *, token: str | None = None) -> tuple[int, Any]:
        """Status and JSON of a POST."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._session.post(f"{url}/signaling/{path}", json=body, headers=headers) as response:
            return response.status, await response.json()

    async def create(self, url: str, **body: Any) -> Any:
        status, peer = await self.call(url, "create-room", body)
        assert status == 200, peer
        return peer

    async def join(self, url: str, **body: Any) -> Any:
        status, peer = await self.call(url, "join-room", body)
        assert status == 200, peer
        return peer

    async def post(self, url: str, sender: Any, to: Any, body: Any) -> int:
        """Whether a candidate was accepted: 202."""
        envelope = {"to": to["peerId"], "body": body}
        return (await self.call(url, "candidate", envelope, token=sender["token"]))[0]

    async def heartbeat(self, url: str, peer: Any) -> tuple[int, Any]:
        return await self.call(url, "heartbeat", {}, token=peer["token"])

    async def poll(self, url: str, peer: Any, *, wait_s: float) -> Any:
        """The envelopes and notices that one long poll brings."""
        address = f"{url}/signaling/inbox/{peer['room']['roomId']}?wait={wait_s:g}"
        async with self._session.get(address, headers={"Authorization": f"Bearer {peer['token']}"}) as response:
            assert response.status == 200, await response.text()
            return (await response.json())["envelopes"]

    async def get(self, url: str, path: str) -> int:
        async with self._session.get(url + path) as response:
            await response.read()
            return response.status

    async def connect(self, url: str, peer: Any) -> Socket:
        """A WebSocket that has been welcomed."""
        socket = await self._session.ws_connect(f"{url}/signaling/ws")
        await socket.send_json({"type": "hello", "token": peer["token"]})
        welcome = await receive(socket)
        assert welcome["type"] == "welcome", welcome
        return socket


async def receive(socket: Socket) -> Any:
    async with asyncio.timeout(10):
        return await socket.receive_json()


async def close_code(socket: Socket) -> int:
    """What the server's close says, whatever comes before it."""
    async with asyncio.timeout(10):
        while (message := await socket.receive()).type is not aiohttp.WSMsgType.CLOSE:
            assert message.type is aiohttp.WSMsgType.TEXT, message
    return int(message.data)
