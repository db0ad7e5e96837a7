"""One WebSocket, from the upgrade to the close."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from peer.config import Config
from peer.errors import SignalingUnreachable
from peer.ports import Roster, Signal
from peer.signaling import SignalingClient
from peer.signaling.connection import WebSocketPath
from peer.signaling.endings import ComeBack, Ended, JoinAgain, Poll, after_close
from peer.signaling.frames import Frame, Welcome
from peer.signaling.http import Http
from peer.signaling.path import Credentials

from .fake_server import FakeServer, refusal
from .seats import LOBBY, Pauses, client_of, running, until


@pytest.fixture
async def http(server: FakeServer) -> AsyncIterator[Http]:
    http = Http(server.url, timeout_s=5.0)
    yield http
    await http.close()


@pytest.fixture
async def credentials(server: FakeServer, client: SignalingClient) -> Credentials:
    """Of a seat that is taken."""
    seat = await client.create_room(topic=LOBBY, custom_name=None, is_public=True)
    token = server.new_token(server.member(seat.peer_id))
    return Credentials(peer_id=seat.peer_id, topic=LOBBY, token=token, resume="A" * 43)


async def test_token_travels_in_the_header(
    server: FakeServer, http: Http, credentials: Credentials, pauses: Pauses
) -> None:
    """Never in the address, where proxies log it."""
    heard: list[Frame] = []
    path = WebSocketPath(http, credentials, pause=pauses)
    await path.open(heard.append)
    await path.close()
    assert heard == [Welcome(credentials.peer_id, ())]
    assert server.calls[-1] == "ws"
    assert server.authorizations[-1] == f"Bearer {credentials.token}"


async def test_refused_token_leads_to_another_join(
    server: FakeServer, http: Http, credentials: Credentials, pauses: Pauses
) -> None:
    """By a close code, or by the answer to the upgrade."""
    server.forget()
    for _ in range(2):
        path = WebSocketPath(http, credentials, pause=pauses)
        with pytest.raises(Ended) as caught:
            await path.open(print)
        await path.close()
        assert isinstance(caught.value.ending, JoinAgain)
        server.upgrade = refusal(401, "invalid_token")


async def test_busy_server_tells_when_to_come_back(
    server: FakeServer, http: Http, credentials: Credentials, pauses: Pauses
) -> None:
    server.upgrade = refusal(503, "going_away")
    with pytest.raises(Ended) as caught:
        await WebSocketPath(http, credentials, pause=pauses).open(print)
    assert caught.value.ending == ComeBack("the server is busy", None)


async def test_server_that_goes_away_names_the_time(
    server: FakeServer, http: Http, credentials: Credentials, pauses: Pauses
) -> None:
    """In an error frame without `to`; one about a single envelope says nothing about the connection."""
    path = WebSocketPath(http, credentials, pause=pauses)
    await path.open(print)
    member = server.member(credentials.peer_id)
    error = {"code": "going_away", "message": "no", "retryAfterS": 9}
    await member.push({"type": "error", "error": error})
    await member.push({"type": "error", "error": error | {"retryAfterS": 60}, "to": credentials.peer_id})
    await server.close_socket(credentials.peer_id, 1001)
    with pytest.raises(Ended) as caught:
        await path.read(print)
    await path.close()
    assert caught.value.ending == ComeBack("the server is going away", 9.0)


async def test_mute_connection_leads_to_polling(server: FakeServer, credentials: Credentials, pauses: Pauses) -> None:
    """A proxy that lets the upgrade through and no frame; the seat carries on by polling."""
    server.welcomes = False
    http = Http(server.url, timeout_s=0.05)
    path = WebSocketPath(http, credentials, pause=pauses)
    with pytest.raises(Ended) as caught:
        await path.open(print)
    await path.close()
    await http.close()
    assert isinstance(caught.value.ending, Poll)


async def test_seat_polls_where_websockets_stay_mute(server: FakeServer) -> None:
    server.welcomes = False
    async with client_of(server.url, config=Config(signaling_timeout_s=0.2)) as client:
        seat = await client.create_room(topic=LOBBY, custom_name=None, is_public=True)
        async with running(seat) as heard:
            await heard.next(Roster)
            assert "heartbeat" in server.calls


async def test_silent_server_is_given_up(
    server: FakeServer, http: Http, credentials: Credentials, pauses: Pauses
) -> None:
    """No frame and no pong for the time of silence: the connection carries nothing any more."""
    path = WebSocketPath(http, credentials, pause=pauses, silence_s=0.02)
    await path.open(print)
    with pytest.raises(SignalingUnreachable, match="no answer in time"):
        await path.read(print)
    await path.close()


async def test_answered_ping_keeps_a_quiet_connection(
    server: FakeServer, http: Http, credentials: Credentials, pauses: Pauses
) -> None:
    """A pong is a sign of life; it reaches nobody but the clock."""
    path = WebSocketPath(http, credentials, pause=pauses)
    await path.open(print)
    reading = asyncio.create_task(path.read(print))
    for _ in range(3):
        pauses.ping()
        await until(lambda: not pauses.ping_is_due())
    assert not reading.done()
    reading.cancel()
    await asyncio.wait([reading])
    await path.close()


async def test_signals_and_the_leave_keep_their_order(
    server: FakeServer, http: Http, credentials: Credentials, pauses: Pauses
) -> None:
    """The close that answers the leave ends the reading; frames in binary or unknown to us are passed over."""
    heard: list[Frame] = []
    path = WebSocketPath(http, credentials, pause=pauses)
    await path.open(heard.append)
    reading = asyncio.create_task(path.read(heard.append))
    socket = server.member(credentials.peer_id).socket
    assert socket is not None
    await socket.send_bytes(b"\x00")
    await socket.send_str('{"type":"weather"}')
    await path.send(Signal("offer", credentials.peer_id, "to myself"))
    await path.leave()
    with pytest.raises(Ended) as caught:
        await reading
    await path.close()
    assert caught.value.ending == after_close(1000)
    assert heard[1:] == [Signal("offer", credentials.peer_id, "to myself")]


async def test_frames_before_the_welcome_are_passed_over(
    server: FakeServer, http: Http, credentials: Credentials, pauses: Pauses
) -> None:
    server.welcomes = False
    frame = {"type": "welcome", "peerId": credentials.peer_id, "peers": [], "heartbeatS": 30}
    member = server.member(credentials.peer_id)
    await member.push({"type": "token", "token": "too-soon"})
    await member.push(frame)
    heard: list[Frame] = []
    path = WebSocketPath(http, credentials, pause=pauses)
    await path.open(heard.append)
    await path.close()
    assert heard == [Welcome(credentials.peer_id, ())]


async def test_frame_over_the_limit_ends_the_connection(
    server: FakeServer, http: Http, credentials: Credentials, pauses: Pauses
) -> None:
    """A server cannot fill our memory."""
    path = WebSocketPath(http, credentials, pause=pauses)
    await path.open(print)
    await server.member(credentials.peer_id).push('{"type":"bye","x":"' + "x" * 1024 * 1024 + '"}')
    with pytest.raises(Ended) as caught:
        await path.read(print)
    assert isinstance(caught.value.ending, ComeBack)
    await path.close()


async def test_path_that_was_never_opened_can_be_closed(http: Http, credentials: Credentials, pauses: Pauses) -> None:
    await WebSocketPath(http, credentials, pause=pauses).close()
