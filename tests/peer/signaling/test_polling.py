"""Long polling, for networks that let no WebSocket through."""

import asyncio
import json

import pytest

from peer.errors import JoinRefused
from peer.ports import IceServer, PeerJoinedRoom, PeerLeftRoom, Roster, Seat, Signal, SignalingLost
from peer.signaling import SignalingClient

from .fake_server import FakeServer, Member, page, refusal
from .samples import ANN, person
from .seats import LOBBY, Listener, Pauses, client_of, running, until


@pytest.fixture(params=[200, 400, 403, 404, 426, 502])
async def blocked(request: pytest.FixtureRequest, server: FakeServer) -> FakeServer:
    """A server behind a proxy that answers every upgrade with a page."""
    server.upgrade = page(request.param)
    return server


@pytest.fixture
async def walled(server: FakeServer) -> FakeServer:
    server.upgrade = refusal(426, "upgrade_required")
    return server


async def create(client: SignalingClient) -> Seat:
    return await client.create_room(topic=LOBBY, custom_name=None, is_public=True)


async def test_polling_carries_the_same(blocked: FakeServer, client: SignalingClient) -> None:
    """Roster, comings, signals both ways in order, goings; no outage is told."""
    ann = await create(client)
    async with running(ann) as ann_heard, client_of(blocked.url) as other:
        await ann_heard.next(Roster)
        ben = await other.join_room(topic=LOBBY)
        assert (await ann_heard.next(PeerJoinedRoom)).peer.peer_id == ben.peer_id
        async with running(ben) as ben_heard:
            assert [peer.peer_id for peer in (await ben_heard.next(Roster)).peers] == [ann.peer_id]
            for number in range(20):
                ben.send(Signal("offer", ann.peer_id, str(number)))
            assert [(await ann_heard.next(Signal)).body for _ in range(20)] == [str(n) for n in range(20)]
            ann.send(Signal("answer", ben.peer_id, "yes"))
            assert (await ben_heard.next(Signal)).kind == "answer"
        await ben.leave()
        assert await ann_heard.next(PeerLeftRoom) == PeerLeftRoom(ben.peer_id, "left")
        assert ann_heard.of(SignalingLost) == []


async def test_heartbeat_heals_what_the_inbox_lost(walled: FakeServer, client: SignalingClient, pauses: Pauses) -> None:
    """Comings and goings that no notice told; those that a notice told are not told again."""
    seat = await create(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        walled.rooms["lobby"][ANN.peer_id] = Member("lobby", ANN.peer_id, "Ann")
        pauses.beat()
        assert (await heard.next(PeerJoinedRoom)).peer.peer_id == ANN.peer_id
        await walled.member(seat.peer_id).push({"type": "peer-joined", **person(ANN)})
        del walled.rooms["lobby"][ANN.peer_id]
        pauses.beat()
        assert await heard.next(PeerLeftRoom) == PeerLeftRoom(ANN.peer_id, "timeout")
        assert len(heard.events) == 3


async def test_heartbeat_renews_the_token(walled: FakeServer, client: SignalingClient, pauses: Pauses) -> None:
    seat = await create(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        member = walled.member(seat.peer_id)
        newest = list(walled.tokens)[-1]
        await until(lambda: newest in member.tokens_seen)
        beats = walled.calls.count("heartbeat")
        pauses.beat()
        await until(lambda: walled.calls.count("heartbeat") == beats + 1)


async def test_heartbeat_renews_the_ice_servers(walled: FakeServer, client: SignalingClient, pauses: Pauses) -> None:
    """Where one brings none, those before stay."""
    seat = await create(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        assert [entry.urls for entry in seat.ice_servers] == [("stun:stun.example",)]
        walled.heartbeat_adds = {"iceServers": [{"urls": ["turn:t.example"], "username": "2:u", "credential": "new"}]}
        pauses.beat()
        await until(lambda: seat.ice_servers == (IceServer(("turn:t.example",), "2:u", "new"),))


async def test_forgotten_seat_is_taken_again(walled: FakeServer, client: SignalingClient, pauses: Pauses) -> None:
    """The first call that is refused, here a heartbeat, leads to join and create with the resume secret."""
    seat = await create(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        walled.forget()
        pauses.beat()
        await heard.next(Roster)
        assert list(walled.rooms["lobby"]) == [seat.peer_id]
        assert heard.of(SignalingLost) == []


async def test_signal_that_meets_an_expired_token_is_sent_after_the_join(
    walled: FakeServer, client: SignalingClient
) -> None:
    seat = await create(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        walled.script("offer", refusal(401, "token_expired"))
        seat.send(Signal("offer", seat.peer_id, "to myself"))
        assert (await heard.next(Signal)).body == "to myself"


async def test_refused_signal_is_dropped_and_the_next_passes(walled: FakeServer, client: SignalingClient) -> None:
    seat = await create(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        walled.script("offer", refusal(429, "mailbox_full", retryAfterS=5))
        seat.send(Signal("offer", seat.peer_id, "lost"))
        seat.send(Signal("offer", seat.peer_id, "kept"))
        assert (await heard.next(Signal)).body == "kept"


async def test_outage_while_polling_is_told_once(walled: FakeServer, client: SignalingClient, pauses: Pauses) -> None:
    """And a signal that found nobody is sent when the server is back."""
    seat = await create(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        await walled.stop()
        await heard.next(SignalingLost)
        seat.send(Signal("offer", seat.peer_id, "waited"))
        await until(lambda: len(pauses.taken) > 3)
        await walled.start()
        assert (await heard.next(Signal)).body == "waited"
        assert len(heard.of(SignalingLost)) == 1


async def test_refusal_for_good_ends_the_run(walled: FakeServer, client: SignalingClient, pauses: Pauses) -> None:
    seat = await create(client)
    task = asyncio.create_task(seat.run(heard := Listener()))
    await heard.next(Roster)
    walled.script("heartbeat", refusal(403, "wrong_room"))
    pauses.beat()
    with pytest.raises(JoinRefused) as caught:
        await task
    assert caught.value.code == "wrong_room"


async def test_leave_ends_the_poll_at_once(walled: FakeServer, client: SignalingClient) -> None:
    """Signals first, then the leave; the poll that hangs is given up."""
    seat = await create(client)
    task = asyncio.create_task(seat.run(heard := Listener()))
    await heard.next(Roster)
    await until(lambda: "inbox" in walled.calls)
    seat.send(Signal("bye", seat.peer_id, "so long"))
    await seat.leave()
    await task
    assert walled.calls.index("bye") < walled.calls.index("leave-room")


async def test_server_that_does_not_wait_is_not_hammered(
    walled: FakeServer, client: SignalingClient, pauses: Pauses
) -> None:
    """An empty answer that came at once costs a second."""
    walled.wait_s = 0.0
    seat = await create(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        await until(lambda: len(pauses.taken) >= 3)
    assert set(pauses.taken) == {1.0}


async def test_bad_frame_in_the_inbox_costs_only_itself(walled: FakeServer, client: SignalingClient) -> None:
    seat = await create(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        walled.member(seat.peer_id).mail += [7, {"type": "weather"}, {"type": "offer", "from": "x", "body": {}}]
        await walled.member(seat.peer_id).push({"type": "bye", "from": ANN.peer_id, "body": "good"})
        assert (await heard.next(Signal)).body == "good"
        assert len(heard.events) == 2


async def test_websocket_is_tried_again_after_an_outage(walled: FakeServer, client: SignalingClient) -> None:
    seat = await create(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        walled.upgrade = None
        walled.script("inbox", page(502))
        await walled.member(seat.peer_id).push({"type": "bye", "from": ANN.peer_id, "body": "x"})
        await heard.next(SignalingLost)
        await heard.next(Roster)
        assert walled.member(seat.peer_id).socket is not None


async def test_inbox_is_asked_as_the_contract_says(walled: FakeServer, client: SignalingClient) -> None:
    """The longest wait, and the token in the header: never in an address or a body."""
    seat = await create(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        await until(lambda: "inbox" in walled.calls)
    asked = walled.calls.index("inbox")
    assert walled.paths[asked] == "/signaling/inbox/lobby?wait=25"
    assert (walled.authorizations[asked] or "").startswith("Bearer token-")
    assert "token" not in json.dumps([walled.paths, walled.bodies])


async def test_call_that_came_too_early_is_made_again(
    walled: FakeServer, client: SignalingClient, pauses: Pauses
) -> None:
    """Whichever it is: the path stays, order is kept, and nobody hears of an outage."""
    walled.script("heartbeat", refusal(429, "rate_limited", retryAfterS=2))
    walled.script("inbox", refusal(429, "rate_limited", retryAfterS=3))
    seat = await create(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        walled.script("offer", refusal(429, "rate_limited", retryAfterS=4))
        for body in ("first", "second"):
            seat.send(Signal("offer", seat.peer_id, body))
        assert [(await heard.next(Signal)).body for _ in range(2)] == ["first", "second"]
        assert {2.0, 3.0, 4.0} <= set(pauses.taken)
        assert heard.of(SignalingLost) == []
