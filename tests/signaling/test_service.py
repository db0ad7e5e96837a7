"""What holds across calls, and is hard to see through one of them."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling.errors import StoreUnavailable
from signaling.identity.auth import mint_user_token
from signaling.ids import PeerId, PeerKey
from signaling.returns import Returns
from signaling.store.memory import MemoryStore
from signaling.store.port import Limits, Mail, PostRefusal
from signaling.turn import turn_user

from .conftest import Start
from .support import SECRET, START, FakeClock, Meeting, assert_error, until


async def test_capacity_holds_over_http(start: Start) -> None:
    """200 joins at once against 10 places."""
    meeting = await start(room_peers=10)
    room = (await meeting.create())["room"]["roomId"]
    joins = [meeting.call("POST", "/signaling/join-room", {"roomId": room}) for _ in range(200)]
    statuses = [answer.status for answer in await asyncio.gather(*joins)]
    assert (statuses.count(200), statuses.count(409)) == (9, 191)


async def test_all_of_it_works_on_disk(start: Start, tmp_path: Path) -> None:
    """The default engine under sockets, polls and notices."""
    meeting = await _on_disk(start, tmp_path)
    left, right = await meeting.pair()
    a = await meeting.connect(left)
    await a.send_json({"type": "offer", "to": right["peerId"], "body": 1})
    assert [each["body"] for each in await meeting.inbox(right, wait=2)] == [1]
    await meeting.call("POST", "/signaling/leave-room", token=right["token"])
    assert (await a.receive_json())["type"] == "peer-left"


async def _on_disk(start: Start, tmp_path: Path) -> Meeting:
    from signaling.store.diskcache import DiskcacheStore
    from signaling.store.port import Limits

    return await start(store=DiskcacheStore(tmp_path / "s", Limits(), clock=FakeClock()))


async def test_posts_race_with_a_socket_on_disk(start: Start, tmp_path: Path) -> None:
    """The store answers from another thread: nothing is lost, nothing comes twice, order is kept."""
    meeting = await _on_disk(start, tmp_path)
    left, right = await meeting.pair()
    sender = await meeting.connect(right)
    for number in range(30):
        await sender.send_json({"type": "candidate", "to": left["peerId"], "body": number})
    receiver = await meeting.connect(left)
    for number in range(30, 60):
        await sender.send_json({"type": "candidate", "to": left["peerId"], "body": number})
    bodies = [(await asyncio.wait_for(receiver.receive_json(), 2))["body"] for _ in range(60)]
    assert bodies == list(range(60))


async def test_store_failure_reaches_the_sender_as_an_error_frame(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """store_unavailable with the `to`; the connection stays."""

    async def fail(*_: Any) -> None:
        raise StoreUnavailable

    left, right = await meeting.pair()
    socket = await meeting.connect(left)
    monkeypatch.setattr(meeting.service.store, "post", fail)
    await socket.send_json({"type": "offer", "to": right["peerId"], "body": 1})
    frame = await socket.receive_json()
    assert (frame["error"]["code"], frame["to"]) == ("store_unavailable", right["peerId"])
    monkeypatch.undo()
    await socket.send_json({"type": "offer", "to": left["peerId"], "body": 2})
    assert (await socket.receive_json())["body"] == 2


async def test_same_secret_in_two_rooms_is_two_peers(meeting: Meeting) -> None:
    """Their mail and their sockets do not mix."""
    one = await meeting.create(resume="A" * 43)
    two = await meeting.create(resume="A" * 43)
    assert one["peerId"] == two["peerId"]
    a, b = await meeting.connect(one), await meeting.connect(two)
    await a.send_json({"type": "offer", "to": one["peerId"], "body": "one"})
    await b.send_json({"type": "offer", "to": two["peerId"], "body": "two"})
    assert ((await a.receive_json())["body"], (await b.receive_json())["body"]) == ("one", "two")


async def test_stalled_server_does_not_lose_those_connected(meeting: Meeting, clock: FakeClock) -> None:
    """After a suspended machine wakes, leases of open sockets are renewed before any is ended."""
    left, right = await meeting.pair()
    socket = await meeting.connect(left)
    clock.advance(3000)
    await meeting.service.sweep()
    assert (await socket.receive_json())["type"] == "token"
    assert await socket.receive_json() == {"type": "peer-left", "peerId": right["peerId"], "reason": "timeout"}


def _alice(clock: FakeClock, *, ttl_s: float) -> str:
    return mint_user_token(SECRET, sub="alice", name=None, issuer=None, audience=None, now=clock(), ttl_s=ttl_s)


async def test_membership_ends_with_the_jwt(start: Start, clock: FakeClock) -> None:
    """No token renews itself beyond it; a fresh JWT and the resume secret bring the same peer back."""
    meeting = await start(
        jwt_secret=SECRET, jwt_ends_stay=True, peer_ttl_s=1000, turn_urls=("turn:t",), turn_secret="shared"
    )
    joined = await meeting.create(_alice(clock, ttl_s=600))
    assert joined["iceServers"][0]["username"] == f"{START + 600:.0f}:{turn_user('shared', 'alice')}"
    clock.advance(590)
    heard = await meeting.call("POST", "/signaling/heartbeat", token=joined["token"])
    assert (heard.status, "token" in heard.json) == (200, False)
    clock.advance(16)
    assert_error(await meeting.call("POST", "/signaling/heartbeat", token=joined["token"]), 401, "token_expired")
    body = {"roomId": joined["room"]["roomId"], "resume": joined["resume"]}
    again = await meeting.join(_alice(clock, ttl_s=600), **body)
    assert again["peerId"] == joined["peerId"]
    assert (await meeting.call("POST", "/signaling/heartbeat", token=again["token"])).status == 200


async def test_fresh_token_brings_fresh_turn_credentials(start: Start, clock: FakeClock) -> None:
    """S16: by heartbeat and by frame; those of the join end with the token of the join."""
    meeting = await start(peer_ttl_s=7200, stun_urls=("stun:s",), turn_urls=("turn:t",), turn_secret="shared")
    left, right = await meeting.pair()
    socket = await meeting.connect(right)
    clock.advance(1801)
    heard = await meeting.call("POST", "/signaling/heartbeat", token=left["token"])
    await meeting.service.sweep()
    frame = await socket.receive_json()
    for fresh, peer in ((heard.json, left), (frame, right)):
        assert fresh["token"] != peer["token"]
        assert fresh["iceServers"][0] == {"urls": ["stun:s"]}
        expiry, _, user = fresh["iceServers"][1]["username"].partition(":")
        assert (float(expiry), user) == (START + 1801 + 3600, peer["iceServers"][1]["username"].partition(":")[2])


async def test_fresh_token_comes_alone_without_turn(start: Start, clock: FakeClock) -> None:
    """STUN servers do not expire."""
    meeting = await start(peer_ttl_s=7200, stun_urls=("stun:s",))
    left = await meeting.create()
    clock.advance(1801)
    heard = await meeting.call("POST", "/signaling/heartbeat", token=left["token"])
    assert heard.json.keys() == {"heartbeatS", "peers", "token"}


async def test_open_socket_ends_with_the_jwt(start: Start, clock: FakeClock) -> None:
    """4401 at the next round; its peer has the grace time to come back."""
    meeting = await start(jwt_secret=SECRET, jwt_ends_stay=True)
    joined = await meeting.create(_alice(clock, ttl_s=40))
    socket = await meeting.connect(joined)
    clock.advance(26)
    await meeting.service.sweep()
    clock.advance(26)
    await meeting.service.sweep()
    message = await socket.receive()
    assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 4401)


async def test_stop_asks_each_client_back_at_its_own_time(start: Start) -> None:
    """Spread by their number, within a third of a lease."""
    meeting = await start(returns_per_s=1, peer_ttl_s=30)
    peers = [await meeting.create() for _ in range(3)]
    sockets = [await meeting.connect(peer) for peer in peers]
    closing = asyncio.create_task(meeting.service.close())
    waits = [(await socket.receive_json())["error"]["retryAfterS"] for socket in sockets]
    await asyncio.gather(*(socket.receive() for socket in sockets), closing)
    assert all(1 <= wait <= 3 for wait in waits)
    assert meeting.service.returns == Returns(1, 3)


async def test_what_is_cut_without_a_word_is_counted(start: Start) -> None:
    """Displaced polls, and notices for full mailboxes: the operator sees which bound it was."""
    meeting = await start(waiting_polls=1, mailbox_entries=1)
    left, right = await meeting.pair()
    oldest = asyncio.create_task(meeting.inbox(left, wait=20))
    await until(lambda: meeting.service.switchboard.polls)
    newest = asyncio.create_task(meeting.inbox(left, wait=20))
    assert await oldest == []
    await meeting.post("bye", right, left["peerId"], 1)
    await newest
    await meeting.post("offer", left, right["peerId"], 1)
    await meeting.join(roomId=left["room"]["roomId"])
    assert dict(+meeting.service.tally.bounds) == {"waiting_polls": 1, "mailbox_entries": 1}


class _Deaf(MemoryStore):
    """Fails where it is asked to keep an envelope."""

    async def post(self, sender: PeerKey, to: PeerId, mail: Mail) -> PostRefusal | None:
        raise AssertionError("an envelope for nobody has come so far")


async def test_envelope_for_what_is_no_peer_id_reaches_no_store(clock: FakeClock) -> None:
    """By call and by WebSocket: what cannot be an id is no key of anything."""
    meeting = await Meeting.start(clock, _Deaf(Limits(), clock=clock, signing_key=b"k" * 32))
    try:
        left = await meeting.create()
        for to in ("a" * 21 + ":", "é" * 22, "mail room " + "a" * 12):
            answer = await meeting.call("POST", "/signaling/offer", {"to": to, "body": 1}, token=left["token"])
            assert_error(answer, 400, "invalid_body")
            assert "$.to" in answer.json["error"]["message"]
        socket = await meeting.connect(left)
        await socket.send_json({"type": "offer", "to": "a" * 21 + ":", "body": 1})
        assert (await socket.receive_json())["error"]["code"] == "invalid_body"
        assert (await socket.receive()).data == 4400
    finally:
        await meeting.close()
