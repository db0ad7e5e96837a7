"""S12, over WebSockets: how many there may be, and how fast each may go."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from signaling.bounds.limits import Rate
from signaling.identity.auth import mint_user_token

from ..signaling.conftest import Start
from ..signaling.support import SECRET, FakeClock, Meeting, until
from .test_calls import HOME, OFFICE, proxied


async def refused(meeting: Meeting, **options: Any) -> aiohttp.WSServerHandshakeError:
    """What an upgrade that is answered with a failure ends as."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as error:
        await meeting.socket(**options)
    return error.value


async def closed_with(socket: aiohttp.ClientWebSocketResponse) -> tuple[int, list[Any]]:
    """The close code, and the frames before it."""
    frames = []
    while (message := await asyncio.wait_for(socket.receive(), 5)).type is WSMsgType.TEXT:
        frames.append(message.json())
    assert message.type is WSMsgType.CLOSE, message
    return int(message.data), frames


async def user(meeting: Meeting, sub: str, clock: FakeClock) -> Any:
    """A peer of this user in a room of its own."""
    token = mint_user_token(SECRET, sub=sub, name=sub, issuer=None, audience=None, now=clock(), ttl_s=3600)
    return await meeting.create(token)


async def test_sockets_of_an_address_are_counted_before_their_hello(start: Start) -> None:
    """One more is refused before its upgrade, in JSON; another address goes on, and who leaves makes place."""
    meeting = await start(**proxied(address_connections=2))
    first, _ = [await meeting.socket(headers=OFFICE) for _ in range(2)]
    error = await refused(meeting, headers=OFFICE)
    assert (error.status, error.headers["Retry-After"]) == (429, "10")  # type: ignore[index]
    await meeting.socket(headers=HOME)
    answer = await meeting.call("GET", "/signaling/ws", headers=OFFICE)
    assert (answer.status, answer.code) == (429, "too_many_connections")
    assert meeting.service.tally.bounds["address_connections"] == 2
    await first.close()
    await until(lambda: meeting.service.gate.sockets.total == 2)
    await meeting.socket(headers=OFFICE)


async def test_sockets_of_a_site_are_counted(start: Start) -> None:
    """IPv6: those of a whole /48, whatever each of its addresses has."""
    meeting = await start(**proxied(address_connections=1, network_factor=2))
    for number in range(2):
        await meeting.socket(headers={"X-Forwarded-For": f"2001:db8:1:{number}::1"})
    error = await refused(meeting, headers={"X-Forwarded-For": "2001:db8:1:2::1"})
    assert error.status == 429
    assert meeting.service.tally.bounds["network_factor"] == 1
    await meeting.socket(headers=HOME)


async def test_sockets_of_all_are_counted(start: Start) -> None:
    """503 for one more, while calls and probes go on."""
    meeting = await start(**proxied(max_connections=2))
    first, _ = [await meeting.socket(headers=headers) for headers in (OFFICE, HOME)]
    error = await refused(meeting)
    assert (error.status, error.headers["Retry-After"]) == (503, "10")  # type: ignore[index]
    answer = await meeting.call("GET", "/signaling/ws")
    assert (answer.status, answer.code) == (503, "server_full")
    assert "SIGNALING_MAX_CONNECTIONS" in answer.json["error"]["message"]
    assert (await meeting.call("GET", "/readyz")).status == 200
    assert (await meeting.call("GET", "/signaling/rooms")).status == 200
    assert meeting.service.tally.bounds["max_connections"] == 2
    await first.close()
    await until(lambda: meeting.service.gate.sockets.total == 1)
    await meeting.socket()


async def test_connected_peers_of_a_user_are_counted(start: Start, clock: FakeClock) -> None:
    """One more hears why, and is closed with 4429; other users go on, and who leaves makes place."""
    meeting = await start(jwt_secret=SECRET, user_connections=2)
    first, *_ = [await meeting.connect(await user(meeting, "alice", clock)) for _ in range(2)]
    third = await user(meeting, "alice", clock)
    socket = await meeting.socket(headers={"Authorization": f"Bearer {third['token']}"})
    code, frames = await closed_with(socket)
    assert code == 4429
    assert [frame["error"]["code"] for frame in frames] == ["too_many_connections"]
    assert frames[0]["error"]["retryAfterS"] == 10
    assert meeting.service.tally.bounds["user_connections"] == 1
    assert meeting.service.tally.connections_closed["too_much"] == 1
    await meeting.connect(await user(meeting, "bob", clock))
    await first.close()
    await until(lambda: meeting.service.gate.users.total == 2)
    await meeting.connect(third)


async def test_peer_that_comes_anew_is_counted_once(start: Start, clock: FakeClock) -> None:
    """The newest connection wins also at the bound; when it ends, nothing stays behind."""
    meeting = await start(jwt_secret=SECRET, user_connections=1)
    peer = await user(meeting, "alice", clock)
    for _ in range(4):
        socket = await meeting.connect(peer)
    await until(lambda: len(meeting.service.switchboard.sockets) == 1)
    assert meeting.service.gate.users.total == 1
    await socket.close()
    await until(lambda: not meeting.service.switchboard.sockets)
    assert (len(meeting.service.gate.users), len(meeting.service.gate.sockets)) == (0, 0)


async def test_flooder_is_told_and_read_at_its_pace(start: Start, clock: FakeClock) -> None:
    """Nothing it sent is lost, order is kept, its connection stays; what it sends to others is passed at the rate."""
    meeting = await start(peer_envelopes=Rate(10, 5))
    left, right = await meeting.pair()
    a, b = await meeting.connect(left), await meeting.connect(right)
    for number in range(14):
        await a.send_json({"type": "offer", "to": right["peerId"], "body": number})
    error = await a.receive_json()
    assert (error["type"], error["error"]["code"], error["error"]["retryAfterS"]) == ("error", "rate_limited", 1)
    assert "to" not in error
    assert [(await b.receive_json())["body"] for _ in range(10)] == list(range(10))
    clock.advance(1)
    assert [(await b.receive_json())["body"] for _ in range(2)] == [10, 11]
    await until(lambda: clock.sleepers)
    clock.advance(1)
    assert [(await b.receive_json())["body"] for _ in range(2)] == [12, 13]
    assert meeting.service.tally.bounds["peer_envelopes"] == 2


async def test_many_peers_of_one_address_are_no_way_around(start: Start, clock: FakeClock) -> None:
    """Each within its own pace, together over that of their address: all of it arrives, later."""
    meeting = await start(address_envelopes=Rate(4, 4))
    left, right = await meeting.pair()
    a, b = await meeting.connect(left), await meeting.connect(right)
    for number in range(3):
        await a.send_json({"type": "offer", "to": right["peerId"], "body": number})
    assert [(await b.receive_json())["body"] for _ in range(3)] == [0, 1, 2]
    for number in range(2):
        await b.send_json({"type": "answer", "to": left["peerId"], "body": number})
    assert (await a.receive_json())["body"] == 0
    assert (await b.receive_json())["error"]["code"] == "rate_limited"
    await until(lambda: clock.sleepers)
    clock.advance(1)
    assert (await a.receive_json())["body"] == 1
    assert meeting.service.tally.bounds["address_envelopes"] == 1


async def test_others_are_served_while_a_flooder_waits(start: Start, clock: FakeClock) -> None:
    """By calls and WebSockets, in the same room and in others; what is sent to the flooder reaches it."""
    meeting = await start(peer_envelopes=Rate(5, 5))
    left, right = await meeting.pair()
    a, b = await meeting.connect(left), await meeting.connect(right)
    for number in range(7):
        await a.send_json({"type": "offer", "to": right["peerId"], "body": number})
    await until(lambda: clock.sleepers)
    assert [(await b.receive_json())["body"] for _ in range(5)] == list(range(5))
    await b.send_json({"type": "answer", "to": left["peerId"], "body": "still there"})
    frames = [await a.receive_json() for _ in range(2)]
    assert [frame["type"] for frame in frames] == ["error", "answer"]
    assert (await meeting.post("offer", right, left["peerId"], "by call")).status == 202
    assert (await a.receive_json())["body"] == "by call"
    await meeting.pair()
    for number in (5, 6):
        await until(lambda: clock.sleepers)
        clock.advance(1)
        assert (await b.receive_json())["body"] == number


async def test_pace_is_shared_with_calls_and_outlives_the_socket(start: Start, clock: FakeClock) -> None:
    """A peer that sends both ways, or connects again, has no second bucket."""
    meeting = await start(peer_envelopes=Rate(6, 12))
    left, right = await meeting.pair()
    for number in range(2):
        assert (await meeting.post("offer", left, right["peerId"], number)).status == 202
    for _ in range(2):
        socket = await meeting.connect(left)
        await socket.send_json({"type": "offer", "to": right["peerId"], "body": 1})
        await until(lambda: meeting.service.tally.mailed["offer"] > 2)
        await socket.close()
        await until(lambda: not meeting.service.switchboard.sockets)
    newest = await meeting.connect(left)
    for expected in (202, 202, 429):
        assert (await meeting.post("offer", left, right["peerId"], 1)).status == expected
    older, newest = newest, await meeting.connect(left)
    await older.close()
    await newest.send_json({"type": "offer", "to": right["peerId"], "body": 1})
    assert (await newest.receive_json())["error"]["code"] == "rate_limited"
    for _ in range(2):
        await until(lambda: clock.sleepers)
        clock.advance(1)
    await until(lambda: meeting.service.tally.mailed["offer"] == 7)


@pytest.mark.parametrize("sign", ["heartbeat", "ping", "pong"])
async def test_signs_of_life_are_paced(start: Start, clock: FakeClock, sign: str) -> None:
    """A flood of them is read at the rate; envelopes behind it come later, and none is lost."""
    meeting = await start(peer_signs=Rate(4, 4))
    left, right = await meeting.pair()
    a, b = await meeting.connect(left), await meeting.connect(right)
    for _ in range(6):
        await {"heartbeat": lambda: a.send_json({"type": "heartbeat"}), "ping": a.ping, "pong": a.pong}[sign]()
    await a.send_json({"type": "offer", "to": right["peerId"], "body": "behind"})
    error = await a.receive_json()
    assert error["error"]["code"] == "rate_limited"
    assert "SIGNALING_PEER_SIGNS" in error["error"]["message"]
    for _ in range(2):
        await until(lambda: clock.sleepers)
        clock.advance(1)
    assert (await b.receive_json())["body"] == "behind"
    assert meeting.service.tally.bounds["peer_signs"] == 2


async def test_waiting_is_no_silence(start: Start, clock: FakeClock) -> None:
    """The server pings who is held up, and cannot hear the pong for as long as it does not read."""
    meeting = await start(peer_envelopes=Rate(1, 60))
    left, right = await meeting.pair()
    a = await meeting.connect(left)
    for number in range(2):
        await a.send_json({"type": "offer", "to": right["peerId"], "body": number})
    assert (await a.receive_json())["error"]["retryAfterS"] == 60
    for _ in range(60):
        await until(lambda: clock.sleepers)
        clock.advance(1)
        await meeting.service.sweep()
    await until(lambda: meeting.service.tally.mailed["offer"] == 2)
    waits = [(await a.receive_json())["error"]["retryAfterS"] for _ in range(5)]
    assert waits == [50, 40, 30, 20, 10]
    assert len(meeting.service.switchboard.connections) == 1
    assert meeting.service.tally.peers_left["timeout"] == 0


async def test_connection_that_ends_does_not_wait(start: Start, clock: FakeClock) -> None:
    """Replaced by a newer one while it is held up: it goes at the next look."""
    meeting = await start(peer_envelopes=Rate(1, 60))
    left, right = await meeting.pair()
    a = await meeting.connect(left)
    for number in range(2):
        await a.send_json({"type": "offer", "to": right["peerId"], "body": number})
    await until(lambda: clock.sleepers)
    await meeting.connect(left)
    code, _ = await closed_with(a)
    assert code == 4409
    clock.advance(1)
    await until(lambda: len(meeting.service.switchboard.sockets) == 1)


async def test_bad_tokens_in_hellos_are_paced(start: Start) -> None:
    """As those in headers of calls; the close is 4429, and not the 4401 that asks for a join."""
    meeting = await start(address_failures=Rate(1, 30))
    outcomes = []
    for _ in range(2):
        socket = await meeting.socket()
        await socket.send_str(json.dumps({"type": "hello", "token": "x.y.z"}))
        code, frames = await closed_with(socket)
        outcomes.append((code, frames[0]["error"]["code"]))
    assert outcomes == [(4401, "invalid_token"), (4429, "rate_limited")]


async def test_flood_beyond_the_pace_costs_no_memory(start: Start, clock: FakeClock) -> None:
    """What is not read stays with its sender: aiohttp takes some 128 KiB ahead, and TCP does the rest."""
    meeting = await start(peer_envelopes=Rate(1, 60))
    left, right = await meeting.pair()
    a = await meeting.connect(left)
    sent = 0

    async def flood() -> None:
        nonlocal sent
        while True:
            await a.send_str(json.dumps({"type": "offer", "to": right["peerId"], "body": "x" * 60_000}))
            sent += 1

    flooding = asyncio.create_task(flood())
    (connection,) = meeting.service.switchboard.sockets
    await until(lambda: clock.sleepers and not connection._transport.is_reading())
    taken = sent
    await until(lambda: True)
    assert sent - taken < 400, "kernel buffers on both sides hold some megabytes"
    flooding.cancel()
    await asyncio.wait([flooding])
    (mail,) = await meeting.inbox(right)
    assert len(mail["body"]) == 60_000
    connection._transport.abort()
    clock.advance(1)
    await until(lambda: not meeting.service.switchboard.sockets)
