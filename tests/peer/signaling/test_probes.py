"""Others fell silent: the connection to the server shows that it lives, or is made anew."""

import asyncio

from aiohttp import WSMsgType

from peer.config import Config
from peer.ports import Roster, Seat, Signal, SignalingLost
from peer.signaling import SignalingClient

from .fake_server import FakeServer, page, refusal
from .seats import LOBBY, client_of, running, until

QUICK = Config(probe_s=0.02)
PATIENT = Config(probe_s=5.0)


async def create(client: SignalingClient) -> Seat:
    return await client.create_room(topic=LOBBY, custom_name=None, is_public=True)


async def test_connection_that_does_not_answer_is_made_anew(server: FakeServer) -> None:
    """A router that restarted leaves one that looks open. Nobody is told of an outage, since there is none."""
    async with client_of(server.url, config=QUICK) as client:
        seat = await create(client)
        async with running(seat) as heard:
            await heard.next(Roster)
            server.pongs = False
            seat.probe()
            await heard.next(Roster)
            assert (heard.of(SignalingLost), server.calls.count("ws")) == ([], 2)


async def test_fifty_doubts_are_one_question(server: FakeServer) -> None:
    """All links fall silent together; a server that answers keeps its connection."""
    async with client_of(server.url, config=PATIENT) as client:
        seat = await create(client)
        async with running(seat) as heard:
            await heard.next(Roster)
            for _ in range(2):
                for _ in range(50):
                    seat.probe()
                await until(lambda: server.seen)
            seat.send(Signal("offer", seat.peer_id, "x"))
            await heard.next(Signal)
            assert (server.seen, server.calls.count("ws")) == ([WSMsgType.PING], 1)


async def test_connection_that_answers_stays(server: FakeServer) -> None:
    """The probe has ended when the pong is there."""
    async with client_of(server.url, config=Config(probe_s=0.05)) as client:
        seat = await create(client)
        async with running(seat) as heard:
            await heard.next(Roster)
            seat.probe()
            await asyncio.sleep(0.1)
            assert (server.seen, server.calls.count("ws")) == ([WSMsgType.PING], 1)


async def test_pings_of_the_server_are_answered(server: FakeServer, client: SignalingClient) -> None:
    """It would end our connection, and then our seat."""
    seat = await create(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        socket = server.member(seat.peer_id).socket
        assert socket is not None
        await socket.ping(b"there?")
        await until(lambda: server.seen)
        assert server.seen == [WSMsgType.PONG]


async def test_without_a_websocket_one_more_heartbeat_asks(server: FakeServer) -> None:
    """A refusal answers as well; without an answer the calls begin anew, by polling again."""
    server.upgrade = page(404)
    async with client_of(server.url, config=PATIENT) as client:
        seat = await create(client)
        async with running(seat) as heard:
            await heard.next(Roster)
            server.scripted["heartbeat"] = [refusal(429, "rate_limited")]
            seat.probe()
            await until(lambda: server.calls.count("heartbeat") == 2)
            seat.send(Signal("offer", seat.peer_id, "x"))
            await heard.next(Signal)
            assert (heard.of(SignalingLost), server.calls.count("ws")) == ([], 1)


async def test_calls_that_are_not_answered_begin_anew(server: FakeServer) -> None:
    server.upgrade = page(404)
    async with client_of(server.url, config=Config(probe_s=0.0)) as client:
        seat = await create(client)
        async with running(seat) as heard:
            await heard.next(Roster)
            seat.probe()
            await heard.next(Roster)
            assert (heard.of(SignalingLost), server.calls.count("ws")) == ([], 1)
