"""The peer's half of the signaling wire against the server's: the real client, the real server, real sockets."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import jwt
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from peer.errors import JoinRefused
from peer.ids import Topic
from peer.ports import PeerJoinedRoom, PeerLeftRoom, Roster, Seat, Signal, SignalingLost
from peer.signaling import SignalingClient
from signaling.app import create_app, running_server
from signaling.config import Config
from signaling.service import SERVICE

from ..peer.signaling.seats import LOBBY, Listener, Pauses, client_of, running, until

SECRET = "0123456789abcdef0123456789abcdef"
GUESTS = Config(guests=True, store="memory:", port=0)


@pytest.fixture
async def server() -> AsyncIterator[str]:
    async with running_server(GUESTS) as url:
        yield url


def walled_off(status: int) -> web.Application:
    """The real server behind a proxy that answers every upgrade with a page."""

    @web.middleware
    async def no_upgrades(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/signaling/ws":
            return web.Response(status=status, text="<html>no</html>", content_type="text/html")
        return await handler(request)

    app = create_app(GUESTS)
    app.middlewares.insert(0, no_upgrades)
    return app


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def create(client: SignalingClient) -> Seat:
    return await client.create_room(topic=LOBBY, custom_name="The lobby", is_public=True)


def token(**claims: object) -> str:
    now = int(time.time())
    return jwt.encode({"sub": "ann", "name": "Ann", "exp": now + 60} | claims, SECRET, algorithm="HS256")


async def test_room_is_made_joined_and_listed(server: str) -> None:
    async with client_of(server, name="Ann") as ann_client, client_of(server, name="Ben") as ben_client:
        ann = await create(ann_client)
        ben = await ben_client.join_room(topic=LOBBY)
        assert [(peer.peer_id, peer.display_name) for peer in ben.peers] == [(ann.peer_id, "Ann")]
        assert (ben.room.custom_name, ben.room.participant_count) == ("The lobby", 2)
        assert [room.topic for room in await ben_client.list_rooms()] == [LOBBY]
        found = await ben_client.join_room(broadcaster_name="Ann")
        assert found.room.topic == LOBBY


async def talk(server: str) -> None:
    """Comings, signals both ways in order, goings; no outage in between."""
    async with client_of(server, name="Ann") as ann_client, client_of(server, name="Ben") as ben_client:
        ann = await create(ann_client)
        async with running(ann) as ann_heard:
            assert (await ann_heard.next(Roster)).peers == ()
            ben = await ben_client.join_room(topic=LOBBY)
            assert (await ann_heard.next(PeerJoinedRoom)).peer.display_name == "Ben"
            async with running(ben) as ben_heard:
                await ben_heard.next(Roster)
                for number in range(30):
                    ben.send(Signal("candidate", ann.peer_id, str(number)))
                assert [(await ann_heard.next(Signal)).body for _ in range(30)] == [str(n) for n in range(30)]
                ann.send(Signal("answer", ben.peer_id, "yes"))
                assert await ben_heard.next(Signal) == Signal("answer", ann.peer_id, "yes")
            ben.send(Signal("bye", ann.peer_id, "so long"))
            await ben.leave()
            assert await ann_heard.next(Signal) == Signal("bye", ben.peer_id, "so long")
            assert await ann_heard.next(PeerLeftRoom) == PeerLeftRoom(ben.peer_id, "left")
            assert ann_heard.of(SignalingLost) == []


async def test_two_peers_talk_over_websockets(server: str) -> None:
    await talk(server)


@pytest.mark.parametrize("status", [200, 400, 403, 426, 502])
async def test_two_peers_talk_where_websockets_are_blocked(status: int) -> None:
    async with serving(walled_off(status)) as server:
        await talk(server)


async def test_leave_over_a_websocket_is_heard(server: str) -> None:
    async with client_of(server) as ann_client, client_of(server) as ben_client:
        ann = await create(ann_client)
        async with running(ann) as ann_heard:
            ben = await ben_client.join_room(topic=LOBBY)
            task = asyncio.create_task(ben.run(ben_heard := Listener()))
            await ben_heard.next(Roster)
            await ben.leave()
            await task
            assert (await ann_heard.next(PeerLeftRoom)).reason == "left"


@pytest.mark.parametrize("upgrades", [True, False], ids=["by WebSocket", "by polling"])
async def test_server_that_stops_is_given_the_time_it_asks_for(upgrades: bool) -> None:
    """The frame before the close, or the 503 of a poll, says one second; backoff alone would be an eighth of it."""
    app = create_app(GUESTS) if upgrades else walled_off(403)
    pauses, life = Pauses(), AsyncExitStack()
    server = await life.enter_async_context(serving(app))
    async with client_of(server, pauses=pauses) as client:
        seat = await create(client)
        async with running(seat) as heard:
            await heard.next(Roster)
            board = app[SERVICE].switchboard
            await until(lambda: board.connections or board.polls)
            pauses.taken.clear()
            await life.aclose()
            await heard.next(SignalingLost)
            await until(lambda: pauses.taken)
    assert pauses.taken[0] == 1 + 0.125


async def test_server_that_restarts_empty_gets_the_room_back() -> None:
    """On the same port, with a new key: one outage told, then both are there again under their old peer ids."""
    first_life = AsyncExitStack()
    server = await first_life.enter_async_context(running_server(GUESTS))
    second_life = running_server(replace(GUESTS, port=int(server.rpartition(":")[2])))
    async with client_of(server) as ann_client, client_of(server) as ben_client:
        ann, ben = await create(ann_client), await ben_client.join_room(topic=LOBBY)
        ids = (ann.peer_id, ben.peer_id)
        async with running(ann) as ann_heard, running(ben) as ben_heard:
            await ann_heard.next(Roster)
            await ben_heard.next(Roster)
            await first_life.aclose()
            await ann_heard.next(SignalingLost)
            await ben_heard.next(SignalingLost)
            async with second_life:
                await ann_heard.next(Roster)
                await ben_heard.next(Roster)
                assert (ann.peer_id, ben.peer_id) == ids
                ann.send(Signal("offer", ben.peer_id, "again"))
                assert await ben_heard.next(Signal) == Signal("offer", ann.peer_id, "again")
                assert [len(heard.of(SignalingLost)) for heard in (ann_heard, ben_heard)] == [1, 1]


async def test_expired_room_token_is_renewed_unseen() -> None:
    """The server's clock passes the token's end: joined again by the resume secret, and nobody sees a leave."""
    now = [time.time()]
    patient = replace(GUESTS, room_token_ttl_s=120, peer_ttl_s=3600, grace_s=3600)
    async with (
        running_server(patient, clock=lambda: now[0]) as server,
        client_of(server) as ann_client,
        client_of(server) as ben_client,
    ):
        ann, ben = await create(ann_client), await ben_client.join_room(topic=LOBBY)
        before = ann.peer_id
        async with running(ben) as witness:
            await witness.next(Roster)
            now[0] += 200
            async with running(ann) as heard:
                await heard.next(Roster)
                ann.send(Signal("bye", ben.peer_id, "here"))
                assert (await witness.next(Signal)).remote == before
                assert heard.of(SignalingLost) == []
                assert witness.of(PeerLeftRoom) == []


async def test_wrong_user_token_is_refused_by_name() -> None:
    async with running_server(replace(GUESTS, guests=False, jwt_secret=SECRET)) as server:
        for wrong, code in ((None, "unauthenticated"), ("a.b.c", "invalid_token"), (token(exp=1), "token_expired")):
            async with client_of(server, token=wrong) as client:
                with pytest.raises(JoinRefused) as caught:
                    await create(client)
                assert caught.value.code == code
        async with client_of(server, token=token()) as client:
            assert (await create(client)).room.broadcaster_name == "Ann"


async def test_missing_room_is_refused_by_name(server: str) -> None:
    async with client_of(server) as client:
        with pytest.raises(JoinRefused) as caught:
            await client.join_room(topic=Topic("nowhere"))
        assert caught.value.code == "no_such_room"


async def test_newest_connection_wins(server: str) -> None:
    """The older one stays away, and says why."""
    async with client_of(server) as client:
        seat = await create(client)
        older = asyncio.create_task(seat.run(first := Listener()))
        await first.next(Roster)
        async with running(seat) as second:
            await second.next(Roster)
            with pytest.raises(JoinRefused) as caught:
                await older
            assert caught.value.code == "replaced"
            seat.send(Signal("offer", seat.peer_id, "to myself"))
            assert (await second.next(Signal)).body == "to myself"
