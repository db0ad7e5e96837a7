"""One signaling server, for one user."""

import pytest

from peer.config import Config
from peer.errors import BadSetting, JoinRefused, SignalingUnreachable
from peer.ports import Roster, Signaling
from peer.signaling import SignalingClient

from .fake_server import FakeServer, refusal
from .seats import LOBBY, client_of, running, until


async def test_client_is_the_port(server: FakeServer, client: SignalingClient) -> None:
    """The type checker proves it; the server goes by one spelling."""
    port: Signaling = client
    assert port.server == server.url


async def test_address_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(BadSetting, match="https://"):
        SignalingClient("signal.example", display_name="Ben", token=None, config=Config())


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "zoë"])
async def test_token_that_no_header_can_carry_is_refused_at_once(token: str) -> None:
    """Its text stays out of the sentence."""
    with pytest.raises(BadSetting) as caught:
        SignalingClient("http://127.0.0.1:1", display_name="Ben", token=token, config=Config())
    assert not token or token not in str(caught.value)


async def test_path_of_the_address_is_kept(server: FakeServer) -> None:
    """A server may live below a path of a larger site; a slash at the end makes no difference."""
    async with client_of(f"{server.url}/rtc/") as client:
        await client.list_rooms()
    assert server.paths == ["/rtc/signaling/rooms?limit=100"]


async def test_wrong_token_is_refused_with_its_code(server: FakeServer) -> None:
    server.script("join-room", refusal(401, "invalid_token", hint="ask for a new one"))
    async with client_of(server.url, token="a.b.c") as client:
        with pytest.raises(JoinRefused, match="ask for a new one") as caught:
            await client.join_room(topic=LOBBY)
    assert caught.value.code == "invalid_token"
    assert server.authorizations == ["Bearer a.b.c"]


async def test_guest_shows_no_token(server: FakeServer, client: SignalingClient) -> None:
    await client.create_room(topic=None, custom_name=None, is_public=False)
    assert server.authorizations == [None]
    assert server.bodies == [{"isPublic": False, "displayName": "Ben"}]


async def test_no_server_says_what_to_check() -> None:
    async with FakeServer() as gone:
        url = gone.url
    async with client_of(url) as client:
        with pytest.raises(SignalingUnreachable, match="is it running, and is the address right"):
            await client.join_room(topic=LOBBY)


@pytest.mark.parametrize("names", [{}, {"topic": LOBBY, "broadcaster_name": "Ann"}])
async def test_room_is_joined_by_exactly_one_name(client: SignalingClient, names: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match="one of them"):
        await client.join_room(**names)  # type: ignore[arg-type]  # that is what is tested


async def test_room_is_found_by_its_broadcaster(server: FakeServer, client: SignalingClient) -> None:
    await client.create_room(topic=LOBBY, custom_name=None, is_public=True)
    seat = await client.join_room(broadcaster_name="Ann")
    assert seat.room.topic == LOBBY


async def test_list_follows_the_pages(server: FakeServer, client: SignalingClient) -> None:
    server.rooms = {"a": {}, "b": {}, "c": {}}
    assert [room.topic for room in await client.list_rooms()] == ["a", "b", "c"]


async def test_list_of_rooms_is_bounded(server: FakeServer, client: SignalingClient) -> None:
    """A server that pages for ever is left after ten pages."""
    server.rooms = {f"room-{number}": {} for number in range(20)}
    assert len(await client.list_rooms()) == 10


async def test_close_leaves_nothing(server: FakeServer) -> None:
    """With seats that ran; the guard looks for sockets, tasks and warnings."""
    async with client_of(server.url) as client:
        seat = await client.create_room(topic=LOBBY, custom_name=None, is_public=True)
        async with running(seat) as heard:
            await heard.next(Roster)
        await client.close()
        await client.close()
    await until(lambda: server.member(seat.peer_id).socket is None)


async def test_secrets_hide_from_repr(server: FakeServer) -> None:
    async with client_of(server.url, token="a.b.c") as client:
        assert "a.b.c" not in repr(client)
