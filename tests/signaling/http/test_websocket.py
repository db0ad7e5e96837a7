"""The WebSocket against a real server: frames, close codes, and who gets what."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from signaling.http.websocket import TURN_FRAMES

from ..conftest import Start
from ..support import FakeClock, Meeting, assert_error, until

NOBODY = "A" * 22


async def closed_with(socket: aiohttp.ClientWebSocketResponse) -> tuple[int, list[Any]]:
    """The close code, and the frames before it."""
    frames = []
    while (message := await asyncio.wait_for(socket.receive(), 5)).type is WSMsgType.TEXT:
        frames.append(message.json())
    assert message.type is WSMsgType.CLOSE, message
    return int(message.data), frames


async def test_envelopes_cross_in_order(meeting: Meeting) -> None:
    """S10: both directions, all kinds, bodies untouched."""
    left, right = await meeting.pair()
    a, b = await meeting.connect(left), await meeting.connect(right)
    for number, kind in enumerate(("offer", "answer", "candidate", "bye") * 10):
        await a.send_json({"type": kind, "to": right["peerId"], "body": {"n": number}})
    received = [await b.receive_json() for _ in range(40)]
    assert [frame["body"]["n"] for frame in received] == list(range(40))
    assert {frame["from"] for frame in received} == {left["peerId"]}
    assert [frame["type"] for frame in received[:4]] == ["offer", "answer", "candidate", "bye"]


async def test_token_may_come_in_the_header(meeting: Meeting) -> None:
    """Programs send the header, browsers a hello."""
    left = await meeting.create()
    socket = await meeting.socket(headers={"Authorization": f"Bearer {left['token']}"})
    welcome = {"type": "welcome", "peerId": left["peerId"], "peers": [], "heartbeatS": 30}
    assert await socket.receive_json() == welcome


async def test_mail_waits_for_the_socket_and_follows_the_welcome(meeting: Meeting) -> None:
    """What was in the mailbox is delivered in order, once."""
    left, right = await meeting.pair()
    for number in range(3):
        await meeting.post("offer", right, left["peerId"], number)
    socket = await meeting.connect(left)
    await meeting.post("offer", right, left["peerId"], 3)
    assert [(await socket.receive_json())["body"] for _ in range(4)] == [0, 1, 2, 3]
    assert await meeting.inbox(left) == []


async def test_envelope_for_a_connected_peer_skips_the_store(meeting: Meeting) -> None:
    """A POST reaches an open socket at once; a socket's envelope reaches a poller's mailbox."""
    left, right = await meeting.pair()
    socket = await meeting.connect(left)
    await meeting.post("offer", right, left["peerId"], "in")
    assert (await socket.receive_json())["body"] == "in"
    waiting = asyncio.create_task(meeting.inbox(right, wait=20))
    await socket.send_json({"type": "answer", "to": right["peerId"], "body": "out"})
    assert [each["body"] for each in await asyncio.wait_for(waiting, 2)] == ["out"]


async def test_comings_and_goings_are_pushed(meeting: Meeting) -> None:
    """peer-joined, and peer-left with its reason."""
    left = await meeting.create()
    socket = await meeting.connect(left)
    right = await meeting.join(roomId=left["room"]["roomId"], displayName="right")
    joined = await socket.receive_json()
    assert (joined["type"], joined["peerId"], joined["displayName"]) == ("peer-joined", right["peerId"], "right")
    other = await meeting.connect(right)
    await other.send_json({"type": "leave"})
    assert await closed_with(other) == (1000, [])
    assert await socket.receive_json() == {"type": "peer-left", "peerId": right["peerId"], "reason": "left"}


async def test_http_leave_closes_the_socket(meeting: Meeting) -> None:
    """One peer, whichever way it speaks."""
    left = await meeting.create()
    socket = await meeting.connect(left)
    await meeting.call("POST", "/signaling/leave-room", token=left["token"])
    assert await closed_with(socket) == (1000, [])


async def test_newest_connection_wins(meeting: Meeting) -> None:
    """4409 for the older one; nobody sees a departure; the new one gets what comes."""
    left, right = await meeting.pair()
    old = await meeting.connect(left)
    new = await meeting.connect(left)
    assert await closed_with(old) == (4409, [])
    await meeting.post("offer", right, left["peerId"], 1)
    assert (await new.receive_json())["body"] == 1
    assert await meeting.inbox(right) == []


async def test_lost_socket_leaves_the_grace_time(meeting: Meeting, clock: FakeClock) -> None:
    """Back within it: unseen. Not back: peer-left with reason timeout."""
    left, right = await meeting.pair()
    socket = await meeting.connect(left)
    await socket.close()
    await until(lambda: not meeting.service.switchboard.connections)
    clock.advance(9)
    await meeting.service.sweep()
    again = await meeting.connect(left)
    assert await meeting.inbox(right) == []
    await again.close()
    await until(lambda: not meeting.service.switchboard.connections)
    clock.advance(11)
    await meeting.service.sweep()
    assert await meeting.inbox(right) == [{"type": "peer-left", "peerId": left["peerId"], "reason": "timeout"}]


async def test_open_socket_keeps_the_lease_and_gets_fresh_tokens(meeting: Meeting, clock: FakeClock) -> None:
    """No heartbeat is needed; the token arrives when half of the old one is spent."""
    left = await meeting.create()
    socket = await meeting.connect(left)
    reading = asyncio.create_task(socket.receive_json())
    (connection,) = meeting.service.switchboard.connections.values()
    for _ in range(73):
        clock.advance(25)
        await meeting.service.sweep()
        await until(lambda: reading.done() or not connection._is_pinged)
    frame = await reading
    assert frame["type"] == "token"
    assert (await meeting.call("POST", "/signaling/heartbeat", token=frame["token"])).status == 200


async def test_dead_connection_is_found_by_pings(meeting: Meeting, clock: FakeClock) -> None:
    """No sign of life from one ping to the next: dropped, and the grace time begins."""
    left = await meeting.create()
    socket = await meeting.connect(left)
    assert socket._response.connection is not None
    assert socket._response.connection.transport is not None
    socket._response.connection.transport.pause_reading()
    for _ in range(2):
        assert meeting.service.switchboard.connections
        clock.advance(25)
        await meeting.service.sweep()
    await until(lambda: not meeting.service.switchboard.connections)
    socket._response.connection.transport.resume_reading()


async def test_ping_of_a_client_is_answered(meeting: Meeting) -> None:
    """Clients watch the connection too."""
    socket = await meeting.socket(autoping=False)
    await socket.ping(b"there?")
    answer = await socket.receive()
    assert (answer.type, answer.data) == (WSMsgType.PONG, b"there?")


async def test_expired_peer_hears_4404(meeting: Meeting, clock: FakeClock) -> None:
    """The peer is gone although its socket is open: it joins again."""
    left = await meeting.create()
    socket = await meeting.connect(left)
    await meeting.service.store.leave(meeting.service.tokens.read(left["token"]).key)
    clock.advance(31)
    await meeting.service.sweep()
    assert await closed_with(socket) == (4404, [])


async def test_socket_of_a_gone_peer_is_refused(meeting: Meeting) -> None:
    """4404 at the hello, with the reason in an error frame."""
    left = await meeting.create()
    await meeting.call("POST", "/signaling/leave-room", token=left["token"])
    socket = await meeting.socket()
    await socket.send_json({"type": "hello", "token": left["token"]})
    code, frames = await closed_with(socket)
    assert (code, frames[0]["error"]["code"]) == (4404, "peer_gone")


async def test_refused_envelope_keeps_the_connection(start: Start) -> None:
    """An error frame names the `to`; what follows is passed on."""
    meeting = await start(mailbox_entries=1)
    left, right = await meeting.pair()
    socket = await meeting.connect(left)
    await socket.send_json({"type": "offer", "to": NOBODY, "body": 1})
    await socket.send_json({"type": "offer", "to": right["peerId"], "body": 1})
    await socket.send_json({"type": "offer", "to": right["peerId"], "body": 2})
    await socket.send_json({"type": "heartbeat"})
    first, second = await socket.receive_json(), await socket.receive_json()
    assert (first["type"], first["to"], first["error"]["code"]) == ("error", NOBODY, "no_such_peer")
    assert (second["to"], second["error"]["code"], second["error"]["retryAfterS"]) == (
        right["peerId"],
        "mailbox_full",
        5,
    )
    assert [each["body"] for each in await meeting.inbox(right)] == [1]


MALFORMED = [
    ("{", "malformed_json"),
    ("", "malformed_json"),
    ("\x00", "malformed_json"),
    ('{"type":"offer","to":"' + NOBODY + '","body":' + "[" * 20_000, "malformed_json"),
    ("null", "invalid_body"),
    ('{"type":"sing"}', "invalid_body"),
    ('{"type":1}', "invalid_body"),
    ('{"type":"offer","to":1,"body":1}', "invalid_body"),
    ('{"type":"offer","body":1}', "invalid_body"),
    ('{"type":"offer","to":"' + NOBODY + '","body":1,"from":"me"}', "invalid_body"),
    ('{"type":"hello","token":"again"}', "invalid_body"),
]


@pytest.mark.parametrize(("text", "code"), MALFORMED)
async def test_malformed_frame_closes_4400(meeting: Meeting, text: str, code: str) -> None:
    """With the reason before the close."""
    socket = await meeting.connect(await meeting.create())
    await socket.send_str(text)
    close, frames = await closed_with(socket)
    assert (close, [frame["error"]["code"] for frame in frames]) == (4400, [code])


async def test_binary_frame_closes_1003(meeting: Meeting) -> None:
    """Text only."""
    socket = await meeting.connect(await meeting.create())
    await socket.send_bytes(b"{}")
    assert await closed_with(socket) == (1003, [])


@pytest.mark.parametrize("size", [65_537, 100_000])
async def test_oversized_frame_closes_1009(meeting: Meeting, size: int) -> None:
    """Just over the bound on bodies, and far over."""
    left, right = await meeting.pair()
    socket = await meeting.connect(left)
    await socket.send_str(json.dumps({"type": "offer", "to": right["peerId"], "body": "x" * (size - 2)}))
    assert (await closed_with(socket))[0] == 1009


async def test_largest_body_passes(meeting: Meeting) -> None:
    """Exactly 64 KiB."""
    left, right = await meeting.pair()
    a, b = await meeting.connect(left), await meeting.connect(right)
    await a.send_json({"type": "offer", "to": right["peerId"], "body": "x" * 65_534})
    assert len((await b.receive_json())["body"]) == 65_534


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        ({"type": "hello", "token": "x"}, "invalid_token"),
        ({"type": "heartbeat"}, "unauthenticated"),
    ],
)
async def test_bad_hello_closes_4401(meeting: Meeting, hello: Any, code: str) -> None:
    """Token missing or malformed."""
    socket = await meeting.socket()
    await socket.send_json(hello)
    close, frames = await closed_with(socket)
    assert (close, frames[0]["error"]["code"]) == (4401, code)


async def test_bad_header_and_expired_token_close_4401(meeting: Meeting, clock: FakeClock) -> None:
    """The same for a header; expired is told apart."""
    left = await meeting.create()
    clock.advance(3700)
    for header, code in ((f"Bearer {left['token']}", "token_expired"), ("Basic x", "invalid_token")):
        close, frames = await closed_with(await meeting.socket(headers={"Authorization": header}))
        assert (close, frames[0]["error"]["code"]) == (4401, code)


async def test_silent_socket_is_closed_4408(start: Start) -> None:
    """No hello in time; it was known for as long as it was open."""
    meeting = await start(hello_timeout_s=0.01)
    socket = await meeting.socket()
    assert len(meeting.service.switchboard.sockets) == 1
    assert await closed_with(socket) == (4408, [])
    await until(lambda: not meeting.service.switchboard.sockets)


async def test_slow_reader_is_cut(start: Start) -> None:
    """Once it has taken nothing for the time that the settings say; the sender is told, and others go on."""
    meeting = await start(out_buffer_bytes=65_536, stall_timeout_s=0.3)
    left, right = await meeting.pair()
    fast, slow = await meeting.connect(left), await meeting.connect(right)
    assert slow._response.connection is not None
    assert slow._response.connection.transport is not None
    slow._response.connection.transport.pause_reading()
    for number in range(600):
        await fast.send_json({"type": "offer", "to": right["peerId"], "body": "x" * 60_000})
        if number % 10 == 0:
            await meeting.call("GET", "/healthz")
        if meeting.service.switchboard.connections.get(meeting.service.tokens.read(right["token"]).key) is None:
            break
    await fast.send_json({"type": "offer", "to": left["peerId"], "body": "to myself"})
    frame = await fast.receive_json()
    while frame["type"] == "error":
        frame = await fast.receive_json()
    assert frame["body"] == "to myself"
    slow._response.connection.transport.resume_reading()
    while (message := await asyncio.wait_for(slow.receive(), 5)).type is WSMsgType.TEXT:
        pass
    assert message.type is not WSMsgType.BINARY
    assert len(meeting.service.switchboard.connections) == 1


async def test_flood_does_not_cut_a_healthy_reader(start: Start) -> None:
    """The sender is held up instead: forty times the bound arrives, in order."""
    meeting = await start(out_buffer_bytes=65_536)
    left, right = await meeting.pair()
    sender, reader = await meeting.connect(left), await meeting.connect(right)

    async def flood() -> None:
        for number in range(130):
            await sender.send_json({"type": "offer", "to": right["peerId"], "body": [number, "x" * 20_000]})

    flooding = asyncio.create_task(flood())
    numbers = [(await asyncio.wait_for(reader.receive_json(), 5))["body"][0] for _ in range(130)]
    await flooding
    assert numbers == list(range(130))


async def test_flood_by_one_sender_does_not_cut_a_slow_reader(start: Start) -> None:
    """Who floods is refused by name, what another one sends gets through, and the reader stays."""
    meeting = await start(out_buffer_bytes=262_144, sender_bytes=65_536)
    left, right = await meeting.pair()
    third = await meeting.join(roomId=left["room"]["roomId"])
    flooder, reader = await meeting.connect(left), await meeting.connect(right)
    await meeting.inbox(third)
    other = await meeting.connect(third)
    assert reader._response.connection is not None
    transport = reader._response.connection.transport
    assert transport is not None
    transport.pause_reading()

    async def flood() -> None:
        while True:
            await flooder.send_json({"type": "offer", "to": right["peerId"], "body": "x" * 60_000})

    flooding = asyncio.create_task(flood())
    while (error := await asyncio.wait_for(flooder.receive_json(), 20))["type"] != "error":
        pass
    assert (error["error"]["code"], error["to"]) == ("share_full", right["peerId"])
    await other.send_json({"type": "offer", "to": right["peerId"], "body": "heard"})
    await other.send_json({"type": "offer", "to": third["peerId"], "body": "and done"})
    assert (await other.receive_json())["body"] == "and done"
    flooding.cancel()
    await asyncio.wait([flooding])
    transport.resume_reading()
    while (await asyncio.wait_for(reader.receive_json(), 5)).get("body") != "heard":
        pass
    assert meeting.service.tally.connections_closed.total() == 0
    flooder._response.close()


async def test_flood_leaves_others_their_turn(meeting: Meeting) -> None:
    """What has arrived already is taken in portions, and the loop turns in between."""
    left, right = await meeting.pair()
    sender = await meeting.connect(left)
    await meeting.connect(right)
    pushed = meeting.service.tally.pushed
    steps = []

    async def watch() -> None:
        before = 0
        while pushed["offer"] < 1000:
            await asyncio.sleep(0)
            steps.append(pushed["offer"] - before)
            before = pushed["offer"]

    for _ in range(1000):
        await sender.send_json({"type": "offer", "to": right["peerId"], "body": 1})
    await asyncio.wait_for(watch(), 5)
    assert max(steps) <= TURN_FRAMES


@pytest.mark.parametrize("key", [b"\xff\xff", b"", b"dG9vIHNob3J0", b"=" * 24])
async def test_upgrade_with_a_key_that_is_none_is_refused(meeting: Meeting, key: bytes) -> None:
    """426 in JSON, whatever the bytes; it is no fault of ours."""
    reader, writer = await asyncio.open_connection("127.0.0.1", meeting.server.port)
    writer.write(b"GET /signaling/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n")
    writer.write(b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n")
    head, _, body = (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert head.startswith(b"HTTP/1.1 426 ")
    assert json.loads(body)["error"]["code"] == "upgrade_required"


async def test_plain_get_is_told_to_upgrade(meeting: Meeting) -> None:
    """426, in JSON."""
    assert_error(await meeting.call("GET", "/signaling/ws"), 426, "upgrade_required")


async def test_stopping_server_says_1001_and_wakes_polls(meeting: Meeting) -> None:
    """Nobody is left hanging."""
    left, right = await meeting.pair()
    socket = await meeting.connect(left)
    path = f"/signaling/inbox/{right['room']['roomId']}"
    poll = asyncio.create_task(meeting.call("GET", path, token=right["token"], params={"wait": "20"}))
    await until(lambda: meeting.service.switchboard._bells)
    mute = await meeting.socket()  # has not said hello
    closing = asyncio.create_task(meeting.service.close())
    for each in (socket, mute):
        code, frames = await closed_with(each)
        assert (code, [frame["error"]["code"] for frame in frames]) == (1001, ["going_away"])
        assert frames[0]["error"]["retryAfterS"] == 1
    assert_error(await asyncio.wait_for(poll, 2), 503, "going_away")
    await closing
    assert meeting.service.switchboard.sockets == set()
    assert_error(await meeting.call("GET", "/signaling/rooms"), 503, "going_away")


async def test_socket_that_opens_during_a_post_gets_the_envelope(meeting: Meeting) -> None:
    """Whatever the order of store and socket, each envelope arrives once."""
    left, right = await meeting.pair()
    posts = [meeting.post("offer", right, left["peerId"], number) for number in range(20)]
    posting = asyncio.gather(*posts)
    socket = await meeting.connect(left)
    await posting
    bodies = [(await asyncio.wait_for(socket.receive_json(), 2))["body"] for _ in range(20)]
    assert sorted(bodies) == list(range(20))
