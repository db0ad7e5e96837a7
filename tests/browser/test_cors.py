"""Pages of other origins in a real browser: the named one can do all that a peer can, a strange one nothing (S13)."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from signaling.app import running_server
from signaling.config import Config
from signaling.identity.auth import mint_user_token

from ..signaling.support import SECRET
from ..support.caller import call
from .chromium import Blocked, Chromium, Tab

pytestmark = pytest.mark.browser

MAX_ROOMS = 3


@pytest.fixture
async def server(origin: str) -> AsyncIterator[str]:
    """Lets guests in and users, and the pages of one origin."""
    config = Config(
        guests=True, jwt_secret=SECRET, store="memory:", port=0, cors_origins=(origin,), max_rooms=MAX_ROOMS
    )
    async with running_server(config) as url:
        yield url


@pytest.fixture
async def tab(chromium: Chromium, origin: str) -> AsyncIterator[Tab]:
    """A page of the named origin."""
    async with chromium.tab() as tab:
        await tab.open(origin)
        yield tab


@pytest.fixture
async def strange_tab(chromium: Chromium, strange_origin: str) -> AsyncIterator[Tab]:
    async with chromium.tab() as tab:
        await tab.open(strange_origin)
        yield tab


def _user() -> str:
    return mint_user_token(SECRET, sub="alice", name="Alice", issuer=None, audience=None, now=time.time(), ttl_s=60)


def _socket_of(server: str) -> str:
    return server.replace("http", "ws") + "/signaling/ws"


async def _pair(tab: Tab, server: str) -> tuple[Any, Any]:
    """Two peers of one page: Alice by her JWT, and a guest."""
    alice = (await tab.call("POST", f"{server}/signaling/create-room", token=_user(), body={"isPublic": True})).json
    body = {"roomId": alice["room"]["roomId"], "displayName": "Bob"}
    return alice, (await tab.call("POST", f"{server}/signaling/join-room", body=body)).json


async def test_page_of_a_named_origin_can_join(tab: Tab, server: str) -> None:
    """S1 to S8, with a JWT, as a guest, and with room tokens: each call but a guest's is preceded by a preflight."""
    alice, bob = await _pair(tab, server)
    assert [peer["displayName"] for peer in bob["peers"]] == ["Alice"]
    inbox = f"{server}/signaling/inbox/{alice['room']['roomId']}?wait=5"
    poll = asyncio.create_task(tab.call("GET", inbox, token=bob["token"]))
    offer = {"to": bob["peerId"], "body": "sealed"}
    posted = await tab.call("POST", f"{server}/signaling/offer", token=alice["token"], body=offer)
    assert posted.status == 202
    assert (await poll).json == {"envelopes": [{"type": "offer", "from": alice["peerId"], "body": "sealed"}]}
    heard = await tab.call("POST", f"{server}/signaling/heartbeat", token=bob["token"], body={})
    assert [peer["peerId"] for peer in heard.json["peers"]] == [alice["peerId"]]
    assert len((await tab.call("GET", f"{server}/signaling/rooms", token=_user())).json["rooms"]) == 1
    for peer in (alice, bob):
        left = await tab.call("POST", f"{server}/signaling/leave-room", token=peer["token"])
        assert (left.status, left.json) == (200, {})


async def test_page_of_a_named_origin_connects(chromium: Chromium, origin: str, server: str) -> None:
    """S10: the token goes in the first frame, since a page can set no header."""
    async with AsyncExitStack() as stack:
        tabs = [await stack.enter_async_context(chromium.tab()) for _ in range(2)]
        for tab in tabs:
            await tab.open(origin)
        alice, bob = await _pair(tabs[0], server)
        for tab, peer in zip(tabs, (alice, bob), strict=True):
            await tab.run("connect(...$)", _socket_of(server), peer["token"])
            assert (await tab.run("nextFrame()"))["type"] == "welcome"
        assert (await tabs[0].run("nextFrame()"))["type"] == "peer-joined"
        await tabs[0].run("send(...$)", {"type": "offer", "to": bob["peerId"], "body": {"sealed": 1}})
        frame = await tabs[1].run("nextFrame()")
        assert frame == {"type": "offer", "from": alice["peerId"], "body": {"sealed": 1}}
        await tabs[1].run("send(...$)", {"type": "leave"})
        assert await tabs[1].run("nextFrame()") == {"type": "closed", "code": 1000}
        assert (await tabs[0].run("nextFrame()"))["type"] == "peer-left"


REFUSED: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("POST", "heartbeat", {"body": {}}, 401, "unauthenticated"),
    ("POST", "heartbeat", {"body": {}, "token": "x"}, 401, "invalid_token"),
    ("POST", "join-room", {"body": {"roomId": "nowhere"}}, 404, "no_such_room"),
    ("GET", "nowhere", {}, 404, "not_found"),
    ("POST", "nowhere", {"body": {}, "token": "x"}, 404, "not_found"),
    ("GET", "create-room", {"token": "x"}, 405, "method_not_allowed"),
    ("DELETE", "rooms", {}, 405, "method_not_allowed"),
    ("POST", "create-room", {"body": {"roomId": "deck"}}, 409, "room_exists"),
    ("POST", "create-room", {"body": {}, "size": 3_000_000}, 413, "body_too_large"),
    ("GET", "ws", {"token": "x"}, 426, "upgrade_required"),
]


async def test_page_reads_why_it_was_refused(tab: Tab, server: str) -> None:
    """S21 holds for pages: a status and a sentence, where the browser would only speak of CORS."""
    await tab.call("POST", f"{server}/signaling/create-room", body={"roomId": "deck"})
    answers = [await tab.call(method, f"{server}/signaling/{name}", **options) for method, name, options, *_ in REFUSED]
    assert [(answer.status, answer.code) for answer in answers] == [(status, code) for *_, status, code in REFUSED]
    assert {answer.status for answer in answers if answer.headers.get("www-authenticate") == "Bearer"} == {401}
    assert {answer.status for answer in answers if "allow" in answer.headers} == {405}


async def test_page_reads_when_to_try_again(tab: Tab, server: str) -> None:
    """429 with Retry-After, a header that browsers hide unless told."""
    create = [await tab.call("POST", f"{server}/signaling/create-room", body={}) for _ in range(MAX_ROOMS + 1)]
    assert [answer.status for answer in create] == [200] * MAX_ROOMS + [429]
    assert create[-1].headers["retry-after"] == str(create[-1].json["error"]["retryAfterS"])


async def _alone(server: str) -> Any:
    """Alice in a room of hers, not by a page."""
    return await call(server, "/signaling/create-room", {"isPublic": True}, token=_user())


async def test_page_of_a_strange_origin_reads_nothing(strange_tab: Tab, server: str) -> None:
    """Neither with a good token nor without; neither what there is nor what there is not."""
    alice = await _alone(server)
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "create-room", {"body": {}}),
        ("POST", "create-room", {"body": {}, "token": _user()}),
        ("POST", "heartbeat", {"body": {}, "token": alice["token"]}),
        ("GET", "rooms", {}),
        ("GET", "nowhere", {}),
    ]
    for method, name, options in calls:
        with pytest.raises(Blocked):
            await strange_tab.call(method, f"{server}/signaling/{name}", **options)


async def test_page_of_a_strange_origin_cannot_join_unseen(strange_tab: Tab, server: str) -> None:
    """A browser sends plain text without asking first; the answer it would hide is a refusal."""
    alice = await _alone(server)
    options = {"body": {"broadcasterName": "Alice"}, "type": "text/plain", "mode": "no-cors"}
    answer = await strange_tab.call("POST", f"{server}/signaling/join-room", **options)
    assert (answer.status, answer.text) == (0, "")
    assert (await call(server, "/signaling/heartbeat", {}, token=alice["token"]))["peers"] == []


async def test_page_of_a_strange_origin_cannot_connect(strange_tab: Tab, server: str) -> None:
    """Browsers ask nobody before they open a WebSocket; a token that leaked is of no use there."""
    alice = await _alone(server)
    await strange_tab.run("connect(...$)", _socket_of(server), alice["token"])
    assert await strange_tab.run("nextFrame()") == {"type": "closed", "code": 1006}
