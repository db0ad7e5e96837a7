"""Short-lived JWTs and bots that stay for days: the real client at the real server, whose clock is moved by hand.

A room token lasts an hour here; whoever used an old one would be turned away soon after.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiohttp.typedefs import Handler

from peer.errors import JoinRefused
from peer.ports import PeerLeftRoom, Roster, Seat, SignalingLost
from peer.signaling import SignalingClient
from signaling.app import create_app
from signaling.config import Config
from signaling.connection import CloseCode
from signaling.service import SERVICE, Service

from ..peer.signaling.seats import LOBBY, Listener, Pauses, client_of, running, until
from ..signaling.support import FakeClock

SECRET = "0123456789abcdef0123456789abcdef"
DAYS_S = 3 * 86_400
STEP_S = 1000
JWT_S = 600


@dataclass
class Days:
    """A server of days that pass when the test says so."""

    url: str
    service: Service
    clock: FakeClock
    answered: list[str]
    """The paths of calls, in order."""

    async def pass_by(self) -> None:
        self.clock.advance(STEP_S)
        await self.service.sweep()

    def jwt(self, sub: str = "ann") -> str:
        """Good for ten minutes."""
        return jwt.encode({"sub": sub, "name": sub, "exp": self.clock() + JWT_S}, SECRET, algorithm="HS256")


@asynccontextmanager
async def days(*, websockets: bool = True, **settings: Any) -> AsyncIterator[Days]:
    clock = FakeClock()
    config = Config(**{"store": "memory:", "jwt_secret": SECRET, "peer_ttl_s": 86_400, **settings})
    app, answered = create_app(config, clock=clock), list[str]()

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/signaling/ws" and not websockets:
            return web.Response(status=403, text="<html>no</html>", content_type="text/html")
        response = await handler(request)
        answered.append(request.path)
        return response

    app.middlewares.insert(0, watch)
    async with TestServer(app) as server:
        yield Days(str(server.make_url("")), app[SERVICE], clock, answered)


async def lobby_of(client: SignalingClient) -> Seat:
    return await client.create_room(topic=LOBBY, custom_name=None, is_public=True)


def entrances(service: Service) -> tuple[int, int]:
    """Joins, and joins by a resume secret."""
    return service.tally.peers_joined, service.tally.peers_resumed


async def test_bot_outstays_its_jwt_over_a_websocket() -> None:
    """Three days by tokens that are pushed; coming back at the end takes the last of them, and no join."""
    async with (
        days() as world,
        client_of(world.url, token=world.jwt()) as client,
        running(await lobby_of(client)) as heard,
    ):
        await heard.next(Roster)
        for _ in range(0, DAYS_S, STEP_S):
            await world.pass_by()
            await settled(world.service)
        [connection] = world.service.switchboard.connections.values()
        connection.end(CloseCode.GOING_AWAY)
        await heard.next(Roster)
        assert entrances(world.service) == (1, 0)
        assert len(heard.of(SignalingLost)) == 1


async def settled(service: Service) -> None:
    """Until the client has answered the ping of this round, and so has read what came before it."""
    for connection in service.switchboard.connections.values():
        await until(lambda: not connection._is_pinged)  # noqa: B023


async def test_bot_outstays_its_jwt_by_polling() -> None:
    """Three days by tokens that heartbeats bring."""
    pauses = Pauses()
    async with (
        days(websockets=False) as world,
        client_of(world.url, token=world.jwt(), pauses=pauses) as client,
        running(await lobby_of(client)) as heard,
    ):
        await heard.next(Roster)
        for _ in range(0, DAYS_S, STEP_S):
            await world.pass_by()
            beats = world.answered.count("/signaling/heartbeat")
            pauses.beat()
            await until(lambda: world.answered.count("/signaling/heartbeat") > beats)  # noqa: B023
        assert entrances(world.service) == (1, 0)
        assert heard.of(SignalingLost) == []


async def test_bot_whose_jwt_ends_its_stay_comes_back_with_a_fresh_one() -> None:
    """SIGNALING_JWT_ENDS_STAY: thrown out every ten minutes and back at once, unseen by the others."""
    async with days(jwt_ends_stay=True, guests=True) as world, client_of(world.url) as other:
        given: list[str] = []

        async def fresh() -> str:
            given.append(world.jwt())
            return given[-1]

        async with client_of(world.url, token=fresh) as client:
            seat = await lobby_of(client)
            before = seat.peer_id
            witness = await other.join_room(topic=LOBBY)
            async with running(witness) as seen, running(seat) as heard:
                await seen.next(Roster)
                await heard.next(Roster)
                for rejoined in range(1, 20):
                    await world.pass_by()
                    await heard.next(Roster)
                    assert entrances(world.service) == (2, rejoined)
                assert seat.peer_id == before
                assert len(set(given)) == len(given) == 20
                assert seen.of(PeerLeftRoom) == []


@pytest.mark.parametrize("as_call", [False, True])
async def test_bot_without_a_fresh_jwt_is_told_why_it_goes(as_call: bool) -> None:
    """The seat is lost for good, and the refusal says that the token has expired."""
    async with days(jwt_ends_stay=True) as world:
        stale = world.jwt()
        async with client_of(world.url, token=(lambda: stale) if as_call else stale) as client:
            seat = await lobby_of(client)
            listener = Listener()
            task = asyncio.create_task(seat.run(listener))
            await listener.next(Roster)
            await world.pass_by()
            with pytest.raises(JoinRefused) as caught:
                await task
            assert caught.value.code == "token_expired"
            assert len(listener.of(Roster)) == 1
