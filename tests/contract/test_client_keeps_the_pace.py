"""The server's limits, met by our client: what is too early is done later, in order, and nobody hears of an outage."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from peer.errors import JoinRefused
from peer.ports import Roster, Seat, Signal, SignalingLost
from peer.signaling import SignalingClient
from signaling.app import create_app
from signaling.bounds.limits import Rate
from signaling.config import Config
from signaling.connection import CloseCode
from signaling.identity.auth import mint_user_token
from signaling.ids import PeerId, PeerKey, RoomId
from signaling.service import SERVICE, Service

from ..peer.signaling.seats import LOBBY, Pauses, client_of, running, until
from ..signaling.support import SECRET, FakeClock
from .test_client_meets_server import serving


class Passing(Pauses):
    """The server's clock goes on by what the client waits."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    async def __call__(self, seconds: float) -> None:
        await super().__call__(seconds)
        if self.taken and self.taken[-1] == seconds:
            self._clock.advance(seconds)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def an_app(clock: FakeClock, **settings: Any) -> web.Application:
    return create_app(Config(**{"guests": True, "store": "memory:", **settings}), clock=clock)


def without_sockets(app: web.Application) -> web.Application:
    """Behind a proxy that knows no WebSockets."""

    @web.middleware
    async def no_upgrades(request: web.Request, handler: Handler) -> web.StreamResponse:
        return web.Response(status=403) if request.path == "/signaling/ws" else await handler(request)

    app.middlewares.insert(0, no_upgrades)
    return app


def pass_time(service: Service, clock: FakeClock) -> None:
    """A second for each that the server holds somebody up."""

    async def pause(seconds: float) -> None:
        await asyncio.sleep(0)
        clock.advance(seconds)

    service.pause = pause


async def create(client: SignalingClient) -> Seat:
    return await client.create_room(topic=LOBBY, custom_name=None, is_public=False)


@pytest.mark.parametrize("has_sockets", [True, False])
async def test_burst_over_the_pace_arrives_whole_and_in_order(clock: FakeClock, has_sockets: bool) -> None:
    """By WebSocket the server holds the sender up; by calls the sender asks again when it is told to."""
    app = an_app(clock, peer_envelopes=Rate(5, 5))
    pauses = Passing(clock)
    async with serving(app if has_sockets else without_sockets(app)) as url:
        pass_time(app[SERVICE], clock)
        async with client_of(url) as ann_client, client_of(url, pauses=pauses) as ben_client:
            ann, ben = await create(ann_client), await ben_client.join_room(topic=LOBBY)
            async with running(ann) as ann_heard, running(ben) as ben_heard:
                await ann_heard.next(Roster)
                await ben_heard.next(Roster)
                for number in range(30):
                    ben.send(Signal("candidate", ann.peer_id, str(number)))
                assert [(await ann_heard.next(Signal)).body for _ in range(30)] == [str(n) for n in range(30)]
                assert ben_heard.of(SignalingLost) == ann_heard.of(SignalingLost) == []
        assert app[SERVICE].tally.bounds["peer_envelopes"] > 3


@pytest.mark.parametrize("bound", ["peer_requests", "address_calls"])
async def test_polls_and_heartbeats_over_the_pace_are_no_outage(clock: FakeClock, bound: str) -> None:
    """All calls of a peer, or of an address, together are too many for a moment."""
    app = an_app(clock, **{bound: Rate(6, 6)})
    pauses = Passing(clock)
    async with serving(without_sockets(app)) as url, client_of(url, pauses=pauses) as client:
        seat = await create(client)
        async with running(seat) as heard:
            await heard.next(Roster)
            for number in range(20):
                seat.send(Signal("candidate", seat.peer_id, str(number)))
            pauses.beat()
            assert [(await heard.next(Signal)).body for _ in range(20)] == [str(n) for n in range(20)]
            assert heard.of(SignalingLost) == []
    assert app[SERVICE].tally.bounds[bound] > 3


@pytest.mark.parametrize("bound", ["address_creates", "address_joins"])
async def test_create_and_join_say_when_to_come_back(clock: FakeClock, bound: str) -> None:
    """They do not wait by themselves: whoever called may have something better to do."""
    app = an_app(clock, **{bound: Rate(1, 9)})
    async with serving(app) as url, client_of(url) as client:

        async def enter() -> Seat:
            if bound == "address_joins":
                return await client.join_room(topic=LOBBY)
            return await client.create_room(topic=None, custom_name=None, is_public=False)

        if bound == "address_joins":
            await create(client)
        await enter()
        with pytest.raises(JoinRefused) as refused:
            await enter()
        assert (refused.value.code, refused.value.retry_after_s) == ("rate_limited", 9)
        clock.advance(9)
        await enter()


async def test_lost_seat_is_taken_again_when_the_server_says(clock: FakeClock) -> None:
    """Coming back is a join like any other."""
    app = an_app(clock, address_joins=Rate(1, 7))
    pauses = Passing(clock)
    async with serving(app) as url, client_of(url) as ann_client, client_of(url, pauses=pauses) as ben_client:
        await create(ann_client)
        ben = await ben_client.join_room(topic=LOBBY)
        async with running(ben) as heard:
            await heard.next(Roster)
            service, key = app[SERVICE], PeerKey(RoomId(LOBBY), PeerId(ben.peer_id))
            await service.store.leave(key)
            service.switchboard.end(key, CloseCode.GONE)
            await heard.next(Roster)
            assert len(heard.of(SignalingLost)) == 1
            assert max(pauses.taken) >= 7


async def test_one_connection_too_many_comes_back_until_there_is_room(clock: FakeClock) -> None:
    """The close code 4429 is no end: it waits as told."""
    app = an_app(clock, jwt_secret=SECRET, user_connections=1)
    pauses = Passing(clock)
    token = mint_user_token(SECRET, sub="ann", name="Ann", issuer=None, audience=None, now=clock(), ttl_s=9999)
    async with serving(app) as url, client_of(url, token=token, pauses=pauses) as client:
        first = await client.create_room(topic=None, custom_name=None, is_public=False)
        second = await client.create_room(topic=None, custom_name=None, is_public=False)
        async with running(first) as first_heard:
            await first_heard.next(Roster)
            async with running(second) as heard:
                await until(lambda: app[SERVICE].tally.bounds["user_connections"] > 1)
                assert heard.of(Roster) == []
                await first.leave()
                await heard.next(Roster)
                assert {each for each in pauses.taken if each >= 10}
