"""The calls of docs/protocol.md, part 1, for one user at one server."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from peer.attestation import Proof
from peer.errors import SignalingUnreachable
from peer.ports import Attestation, PeerLeftRoom
from peer.signaling.calls import Calls, maybe_frame
from peer.signaling.frames import Beat
from peer.signaling.http import Http
from peer.signaling.tokens import UserToken

from .fake_server import FakeServer, page
from .samples import ANN, offer
from .seats import LOBBY


@pytest.fixture
async def calls(server: FakeServer) -> AsyncIterator[Calls]:
    http = Http(server.url, timeout_s=5.0)
    yield Calls(http, display_name="Ben", user_token=UserToken("jwt", timeout_s=1.0))
    await http.close()


async def test_users_token_opens_the_room_and_the_room_token_the_rest(server: FakeServer, calls: Calls) -> None:
    admission = await calls.create_room(topic=LOBBY, custom_name=None, is_public=True)
    await calls.join_room(topic=LOBBY, resume=admission.resume)
    await calls.list_rooms(cursor=None)
    token = admission.token
    await calls.pass_on(offer("x", to=admission.peer_id), token=token)
    await calls.inbox(LOBBY, token=token)
    await calls.heartbeat(token=token)
    await calls.leave_room(token=token)
    assert server.calls == ["create-room", "join-room", "rooms", "offer", "inbox", "heartbeat", "leave-room"]
    assert server.authorizations == ["Bearer jwt"] * 3 + [f"Bearer {token}"] * 4


async def test_user_is_named_in_every_join(server: FakeServer, calls: Calls) -> None:
    await calls.create_room(topic=LOBBY, custom_name="The lobby", is_public=False)
    await calls.join_room(broadcaster_name="Ann")
    assert server.bodies == [
        {"roomId": "lobby", "customName": "The lobby", "isPublic": False, "displayName": "Ben"},
        {"broadcasterName": "Ann", "displayName": "Ben"},
    ]


async def test_rooms_come_page_by_page(server: FakeServer, calls: Calls) -> None:
    server.rooms = {"a": {}, "b": {}}
    first = await calls.list_rooms(cursor=None)
    assert first.cursor == "1"
    assert [room.topic for room in (await calls.list_rooms(cursor=first.cursor)).rooms] == ["b"]


async def test_heartbeat_tells_who_is_there(server: FakeServer, calls: Calls) -> None:
    admission = await calls.create_room(topic=LOBBY, custom_name=None, is_public=True)
    beat = await calls.heartbeat(token=admission.token)
    assert beat == Beat((), 30.0, beat.token)
    assert beat.token != admission.token


def prove(*, nonce: str, token: str) -> Proof:
    return Proof(f"key of {token}", f"signed {nonce}")


async def test_key_is_attested_under_one_token(server: FakeServer) -> None:
    """The nonce is for the user of that JWT, so both calls show the same; the keys are everybody's."""
    fresh = iter(["one", "two"])
    http = Http(server.url, timeout_s=5.0)
    calls = Calls(http, display_name="Ben", user_token=UserToken(lambda: next(fresh), timeout_s=1.0))
    assert await calls.attest(prove) == Attestation("a.b.c", 43_200.0)
    assert b"https://chat.example" in await calls.fetch_keys()
    await http.close()
    assert server.calls == ["nonce", "attest", "keys"]
    assert server.authorizations == ["Bearer one", "Bearer one", None]
    assert server.bodies == [{"key": "key of one", "nonce": "nonce-1", "signature": "signed nonce-1"}]


async def test_guest_has_nothing_attested(server: FakeServer) -> None:
    """And asks for nothing."""
    http = Http(server.url, timeout_s=5.0)
    assert await Calls(http, display_name="Ben", user_token=UserToken(None, timeout_s=1.0)).attest(prove) is None
    await http.close()
    assert server.calls == []


CAPTIVE = ["create-room", "rooms", "heartbeat", "inbox", "leave-room", "offer", "nonce", "attest"]


@pytest.mark.parametrize("call", CAPTIVE)
async def test_captive_portal_is_not_our_server(server: FakeServer, calls: Calls, call: str) -> None:
    """It says 200 to everything, with a page: even a call whose reply holds nothing is not done then."""
    server.script(call, page(200))
    asks: dict[str, Callable[[], Awaitable[object]]] = {
        "create-room": lambda: calls.create_room(topic=LOBBY, custom_name=None, is_public=True),
        "rooms": lambda: calls.list_rooms(cursor=None),
        "heartbeat": lambda: calls.heartbeat(token="t"),
        "inbox": lambda: calls.inbox(LOBBY, token="t"),
        "leave-room": lambda: calls.leave_room(token="t"),
        "offer": lambda: calls.pass_on(offer("x"), token="t"),
        "nonce": lambda: calls.attest(prove),
        "attest": lambda: calls.attest(prove),
    }
    with pytest.raises(SignalingUnreachable, match="something else answers there"):
        await asks[call]()


def test_frame_that_cannot_be_read_is_none() -> None:
    assert maybe_frame("{") is None
    assert maybe_frame(b'{"type":"weather"}') is None
    left = {"type": "peer-left", "peerId": ANN.peer_id, "reason": "left"}
    assert maybe_frame(json.dumps(left)) == PeerLeftRoom(ANN.peer_id, "left")
