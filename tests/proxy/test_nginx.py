"""What docs/operations.md says about nginx is tried."""

import json
from pathlib import Path

import aiohttp
import pytest

from signaling.app import running_server
from signaling.config import Config

from .conftest import Visit
from .nginx import running_nginx

pytestmark = pytest.mark.proxy


def _config(**settings: object) -> Config:
    return Config(**{"guests": True, "port": 0, "store": "memory:", **settings})  # type: ignore[arg-type]


async def _create(session: aiohttp.ClientSession) -> dict[str, str]:
    async with session.post("/signaling/create-room", json={}) as response:
        assert response.status == 200, await response.text()
        joined = await response.json()
    return {"token": joined["token"], "peerId": joined["peerId"], "roomId": joined["room"]["roomId"]}


async def test_calls_polls_and_sockets_pass(tmp_path: Path, visit: Visit) -> None:
    """Over TLS, with an envelope each way."""
    async with (
        running_server(_config()) as server,
        running_nginx(tmp_path, server) as (url, context),
        visit(url, context) as session,
    ):
        left = await _create(session)
        async with session.post("/signaling/join-room", json={"roomId": left["roomId"]}) as response:
            right = await response.json()
        async with session.ws_connect("/signaling/ws") as socket:
            await socket.send_json({"type": "hello", "token": left["token"]})
            assert (await socket.receive_json())["type"] == "welcome"
            await socket.send_json({"type": "offer", "to": right["peerId"], "body": "sealed"})
            header = {"Authorization": f"Bearer {right['token']}"}
            inbox = f"/signaling/inbox/{left['roomId']}?wait=5"
            async with session.get(inbox, headers=header) as response:
                [envelope] = (await response.json())["envelopes"]
            assert envelope == {"type": "offer", "from": left["peerId"], "body": "sealed"}
            answer = json.dumps({"to": left["peerId"], "body": "sealed too"})
            async with session.post("/signaling/answer", data=answer, headers=header) as response:
                assert response.status == 202
            frames = [await socket.receive_json(timeout=5) for _ in range(2)]
            assert [frame["type"] for frame in frames] == ["peer-joined", "answer"]


async def test_a_page_of_the_same_host_may_connect_and_no_other(tmp_path: Path, visit: Visit) -> None:
    """Host is passed on as it came, so the server can compare."""
    async with (
        running_server(_config()) as server,
        running_nginx(tmp_path, server) as (url, context),
        visit(url, context) as session,
    ):
        async with session.ws_connect("/signaling/ws", origin=url):
            pass
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect("/signaling/ws", origin="https://evil.example")
        assert caught.value.status == 403
