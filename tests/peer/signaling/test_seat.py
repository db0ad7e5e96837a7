"""Our place in one room, kept through outages."""

import asyncio
import logging

import pytest

from peer.errors import JoinRefused
from peer.ids import PeerId
from peer.ports import IceServer, PeerJoinedRoom, PeerLeftRoom, Roster, Seat, Signal, SignalingLost, SignalKind
from peer.signaling import SignalingClient
from peer.signaling.seat import SignalingSeat

from .fake_server import FakeServer, Member, page, refusal
from .samples import BEN, person
from .seats import LOBBY, Listener, Pauses, client_of, running, until

NOBODY = PeerId("z" * 22)


async def seat_of(client: SignalingClient) -> SignalingSeat:
    """In the lobby, which is made where it is missing."""
    try:
        return await client.join_room(topic=LOBBY)
    except JoinRefused:
        return await client.create_room(topic=LOBBY, custom_name=None, is_public=True)


def offer(to: Seat, body: str) -> Signal:
    return Signal("offer", to.peer_id, body)


async def test_seat_hears_who_is_there_and_who_comes_and_goes(server: FakeServer, client: SignalingClient) -> None:
    """First the roster, then each notice, in order."""
    ann = await seat_of(client)
    async with running(ann) as heard, client_of(server.url) as other:
        assert (await heard.next(Roster)).peers == ()
        ben = await seat_of(other)
        assert (await heard.next(PeerJoinedRoom)).peer.peer_id == ben.peer_id
        assert [peer.peer_id for peer in ben.peers] == [ann.peer_id]
        await ben.leave()
        assert await heard.next(PeerLeftRoom) == PeerLeftRoom(ben.peer_id, "left")


async def test_signals_pass_both_ways_in_order(server: FakeServer, client: SignalingClient) -> None:
    """Those too that were sent before the connection stood."""
    ann = await seat_of(client)
    async with client_of(server.url) as other:
        ben = await seat_of(other)
        for number in range(50):
            ben.send(offer(ann, str(number)))
        async with running(ann) as ann_heard, running(ben) as ben_heard:
            assert [(await ann_heard.next(Signal)).body for _ in range(50)] == [str(n) for n in range(50)]
            kinds: tuple[SignalKind, ...] = ("answer", "candidate", "bye")
            for kind in kinds:
                ann.send(Signal(kind, ben.peer_id, "x"))
            assert [(await ben_heard.next(Signal)).kind for _ in range(3)] == ["answer", "candidate", "bye"]


async def test_outage_is_told_once_and_ends_with_a_roster(
    server: FakeServer, client: SignalingClient, pauses: Pauses
) -> None:
    """The server is killed and comes back without memory: same peer id, room made again, pauses in between."""
    seat = await seat_of(client)
    before = seat.peer_id
    async with running(seat) as heard:
        await heard.next(Roster)
        await server.stop()
        await heard.next(SignalingLost)
        await until(lambda: len(pauses.taken) >= 3)
        server.forget()
        await server.start()
        await heard.next(Roster)
        assert seat.peer_id == before
        assert list(server.rooms["lobby"]) == [before]
        assert len(heard.of(SignalingLost)) == 1
    assert pauses.taken[:3] == [0.125, 0.25, 0.5]


async def test_signals_wait_for_the_server(server: FakeServer, client: SignalingClient) -> None:
    """What is sent during an outage arrives after it."""
    ann = await seat_of(client)
    async with client_of(server.url) as other:
        ben = await seat_of(other)
        async with running(ann) as heard, running(ben) as ben_heard:
            await heard.next(Roster)
            await ben_heard.next(Roster)
            await server.stop()
            await heard.next(SignalingLost)
            await ben_heard.next(SignalingLost)
            ben.send(offer(ann, "waited"))
            await server.start()
            assert (await heard.next(Signal)).body == "waited"


@pytest.mark.parametrize("code", [4401, 4404])
async def test_lost_seat_is_taken_again_unseen(server: FakeServer, client: SignalingClient, code: int) -> None:
    """Expired token, lost lease: a join with the resume secret, no outage told, nobody sees a leave."""
    ann = await seat_of(client)
    async with client_of(server.url) as other:
        ben = await seat_of(other)
        async with running(ann) as heard, running(ben) as witness:
            await heard.next(Roster)
            await witness.next(Roster)
            server.tokens.clear()
            await server.close_socket(ann.peer_id, code)
            await heard.next(Roster)
            assert server.bodies[-1].keys() == {"roomId", "displayName", "resume"}
            assert heard.of(SignalingLost) == []
            assert witness.of(PeerLeftRoom) == []


async def test_seat_is_taken_again_with_a_fresh_token(server: FakeServer) -> None:
    """Each join asks for one; a provider that is away is an outage like any other, and told as one."""
    given = iter(["first", "second", None, "third"])

    def fresh() -> str:
        if (token := next(given)) is None:
            raise OSError("the provider is away")
        return token

    async with client_of(server.url, token=fresh) as client:
        seat = await seat_of(client)  # asks to join, then makes the room
        async with running(seat) as heard:
            await heard.next(Roster)
            server.tokens.clear()
            await server.close_socket(seat.peer_id, 4401)
            assert "OSError" in (await heard.next(SignalingLost)).reason
            await heard.next(Roster)
    users = [each for each in server.authorizations if each in ("Bearer first", "Bearer second", "Bearer third")]
    assert users == ["Bearer first", "Bearer second", "Bearer third"]


async def test_server_that_throws_us_out_again_and_again_is_not_hammered(
    server: FakeServer, client: SignalingClient, pauses: Pauses
) -> None:
    """The second time within half a minute costs a pause."""
    seat = await seat_of(client)
    async with running(seat) as heard:
        for _ in range(2):
            await heard.next(Roster)
            await server.close_socket(seat.peer_id, 4404)
        await heard.next(Roster)
        assert pauses.taken == [0.125]
        assert len(heard.of(SignalingLost)) == 1


async def test_room_made_again_by_others_is_joined(server: FakeServer, client: SignalingClient) -> None:
    """Between our join and our create somebody else may be quicker."""
    seat = await seat_of(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        server.script("join-room", refusal(404, "no_such_room"))
        server.tokens.clear()
        await server.close_socket(seat.peer_id, 4401)
        await heard.next(Roster)
        assert [call for call in server.calls if call.endswith("-room")][-3:] == [
            "join-room",
            "create-room",
            "join-room",
        ]


async def test_replaced_seat_stays_away(server: FakeServer, client: SignalingClient) -> None:
    """Two processes with one resume secret would throw each other out for ever."""
    seat = await seat_of(client)
    heard = Listener()
    task = asyncio.create_task(seat.run(heard))
    await heard.next(Roster)
    await server.close_socket(seat.peer_id, 4409)
    with pytest.raises(JoinRefused) as caught:
        await task
    assert caught.value.code == "replaced"
    assert heard.of(SignalingLost) == []


@pytest.mark.parametrize(("status", "code"), [(401, "invalid_token"), (403, "wrong_room"), (400, "invalid_body")])
async def test_refusal_for_good_ends_the_run(
    server: FakeServer, client: SignalingClient, status: int, code: str
) -> None:
    """The user's JWT has run out, say: waiting does not mend it, so the caller hears of it."""
    seat = await seat_of(client)
    heard = Listener()
    task = asyncio.create_task(seat.run(heard))
    await heard.next(Roster)
    server.script("join-room", refusal(status, code))
    await server.close_socket(seat.peer_id, 4401)
    with pytest.raises(JoinRefused) as caught:
        await task
    assert caught.value.code == code


async def test_busy_server_is_given_the_time_it_asks_for(
    server: FakeServer, client: SignalingClient, pauses: Pauses
) -> None:
    seat = await seat_of(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        server.script("join-room", refusal(503, "store_unavailable", retryAfterS=7))
        server.script("join-room", refusal(409, "room_full"))
        await server.close_socket(seat.peer_id, 4401)
        await heard.next(Roster)
        assert pauses.taken == [7.125, 0.25]
        assert [lost.reason for lost in heard.of(SignalingLost)] == ["store_unavailable"]


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1009, 1011, 4400, 4408])
async def test_other_closes_are_outages(server: FakeServer, client: SignalingClient, code: int) -> None:
    seat = await seat_of(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        await server.close_socket(seat.peer_id, code)
        await heard.next(SignalingLost)
        await heard.next(Roster)


async def test_fresh_token_is_used_from_then_on(server: FakeServer, client: SignalingClient) -> None:
    seat = await seat_of(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        member = server.member(seat.peer_id)
        token = server.new_token(member)
        await member.push({"type": "token", "token": token})
        await server.close_socket(seat.peer_id, 1001)
        await heard.next(SignalingLost)
        await heard.next(Roster)
        assert member.tokens_seen[-1] == token


async def test_fresh_token_brings_fresh_ice_servers(server: FakeServer, client: SignalingClient) -> None:
    """TURN credentials end with the token before; a token that brings none leaves those there are."""
    fresh = {"urls": ["turn:t.example"], "username": "2:u", "credential": "new"}
    seat = await seat_of(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        member = server.member(seat.peer_id)
        await member.push({"type": "token", "token": server.new_token(member), "iceServers": [fresh]})
        await member.push({"type": "token", "token": server.new_token(member)})
        await member.push({"type": "peer-joined", **person(BEN)})
        await heard.next(PeerJoinedRoom)
        assert seat.ice_servers == (IceServer(("turn:t.example",), "2:u", "new"),)


async def test_garbage_from_the_server_changes_nothing(server: FakeServer, client: SignalingClient) -> None:
    """Malformed frames, unknown types, binary frames, foreign welcomes of a hostile server: no crash, no event."""
    ann = await seat_of(client)
    async with running(ann) as heard:
        await heard.next(Roster)
        member = server.member(ann.peer_id)
        for text in ("", "[]", "{", '{"type":"weather"}', '{"type":"offer","from":7,"body":{}}', "[" * 9999):
            await member.push(text)
        assert member.socket is not None
        await member.socket.send_bytes(b"\x00\xff")
        await member.push({"type": "error", "error": {"code": "no_such_peer", "message": "gone"}})
        await member.push({"type": "bye", "from": NOBODY, "body": "at last"})
        assert await heard.next(Signal) == Signal("bye", NOBODY, "at last")
        assert len(heard.events) == 2


async def test_server_that_takes_us_for_somebody_else_is_left(server: FakeServer, client: SignalingClient) -> None:
    seat = await seat_of(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        await server.member(seat.peer_id).push({"type": "welcome", "peerId": NOBODY, "peers": []})
        assert "somebody else" in (await heard.next(SignalingLost)).reason
        await heard.next(Roster)


async def test_server_that_dies_while_we_join_again_is_waited_for(
    server: FakeServer, client: SignalingClient, pauses: Pauses
) -> None:
    seat = await seat_of(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        server.script("join-room", page(502), page(502))
        await server.close_socket(seat.peer_id, 4404)
        await heard.next(Roster)
        assert [lost.reason for lost in heard.of(SignalingLost)] == ["something else answers there"]
        assert pauses.taken == [0.125, 0.25]


async def test_seat_is_kept_without_a_websocket(server: FakeServer, client: SignalingClient, pauses: Pauses) -> None:
    """By polling and heartbeats; refused signals and outages make no difference to what is heard."""
    server.upgrade = page(403)
    seat = await seat_of(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        server.rooms["lobby"]["a" * 22] = Member("lobby", "a" * 22, "Ann")
        pauses.beat()
        assert (await heard.next(PeerJoinedRoom)).peer.display_name == "Ann"
        seat.send(Signal("offer", NOBODY, "nobody is there"))
        server.script("answer", refusal(401, "token_expired"))
        seat.send(Signal("answer", seat.peer_id, "sent again with the next token"))
        assert (await heard.next(Signal)).body == "sent again with the next token"
        assert heard.of(SignalingLost) == []


async def test_refused_signal_does_not_hold_up_the_next(server: FakeServer, client: SignalingClient) -> None:
    ann = await seat_of(client)
    async with running(ann) as heard:
        await heard.next(Roster)
        ann.send(Signal("offer", NOBODY, "x"))
        ann.send(Signal("offer", ann.peer_id, "to myself"))
        assert (await heard.next(Signal)).body == "to myself"


async def test_leave_sends_what_waits_and_ends_the_run(server: FakeServer, client: SignalingClient) -> None:
    """A bye just before the leave is heard by the other."""
    ann = await seat_of(client)
    async with running(ann) as heard, client_of(server.url) as other:
        await heard.next(Roster)
        ben = await seat_of(other)
        ben_heard = Listener()
        task = asyncio.create_task(ben.run(ben_heard))
        await ben_heard.next(Roster)
        ben.send(Signal("bye", ann.peer_id, "so long"))
        await ben.leave()
        await task
        assert (await heard.next(Signal)).body == "so long"
        await heard.next(PeerLeftRoom)
        assert "leave-room" not in server.calls


async def test_seat_that_never_ran_is_left_by_a_call(server: FakeServer, client: SignalingClient) -> None:
    """And can neither be run nor left a second time."""
    seat = await seat_of(client)
    seat.send(offer(seat, "waits"))
    await seat.leave()
    assert server.calls[-2:] == ["offer", "leave-room"]
    await seat.leave()
    await seat.run(Listener())
    assert server.calls[-1] == "leave-room"


async def test_leave_never_raises_for_a_server_that_is_away(server: FakeServer, client: SignalingClient) -> None:
    """Neither at rest nor in the middle of an outage; the run ends all the same."""
    seat = await seat_of(client)
    task = asyncio.create_task(seat.run(heard := Listener()))
    await heard.next(Roster)
    await server.stop()
    await heard.next(SignalingLost)
    await seat.leave()
    await task


async def test_leave_never_raises_after_the_client_is_closed(client: SignalingClient) -> None:
    seat = await seat_of(client)
    await client.close()
    await seat.leave()


async def test_cancelled_run_leaves_nothing_behind(server: FakeServer, client: SignalingClient) -> None:
    """The guard looks for tasks and sockets; the seat can be run again."""
    seat = await seat_of(client)
    for _ in range(2):
        async with running(seat) as heard:
            await heard.next(Roster)
    await until(lambda: server.member(seat.peer_id).socket is None)


async def test_mistake_of_the_caller_shows(server: FakeServer, client: SignalingClient) -> None:
    """An exception of `on_event` leaves `run()` as it is."""

    def on_event(event: object) -> None:
        raise KeyError("on purpose")

    seat = await seat_of(client)
    with pytest.raises(KeyError, match="on purpose"):
        await seat.run(on_event)


async def test_credentials_are_those_of_the_last_join(server: FakeServer, client: SignalingClient) -> None:
    seat = await seat_of(client)
    assert (seat.room.topic, seat.room.is_public, seat.peers) == (LOBBY, True, ())
    assert [entry.urls for entry in seat.ice_servers] == [("stun:stun.example",)]


async def test_logs_hold_no_secret(
    server: FakeServer, client: SignalingClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither tokens nor resume secrets, bodies, addresses or whole ids, at any level."""
    caplog.set_level(logging.DEBUG, logger="peer")
    seat = await seat_of(client)
    async with running(seat) as heard:
        await heard.next(Roster)
        seat.send(offer(seat, "sealed-body"))
        await heard.next(Signal)
        await server.stop()
        await heard.next(SignalingLost)
        server.forget()
        await server.start()
        await heard.next(Roster)
    text = "\n".join(record.getMessage() for record in caplog.records if record.name == "peer")
    resume = server.bodies[-1]["resume"]
    assert "> offer to" in text
    for secret in ("token-", resume, "sealed-body", "127.0.0.1", seat.peer_id):
        assert secret not in text
    assert resume not in repr(vars(seat))


# ---- our own network changed, or we were asleep


async def test_seat_is_connected_anew_when_its_network_changed(server: FakeServer) -> None:
    """The old connection may be dead without a word; a roster comes, and nobody is told of an outage."""
    pauses = Pauses()
    async with client_of(server.url, pauses=pauses) as client:
        seat = await seat_of(client)
        async with running(seat) as heard:
            await heard.next(Roster)
            seat.renew()
            await heard.next(Roster)
            assert heard.of(SignalingLost) == []
            assert 0.125 in pauses.taken


async def test_pause_of_an_outage_is_cut_short(server: FakeServer) -> None:
    """What kept us from the server may be over."""
    async with client_of(server.url, pauses=Pauses(0.125)) as client:
        seat = await seat_of(client)
        async with running(seat) as heard:
            await heard.next(Roster)
            await server.close_socket(seat.peer_id, 1001)
            await heard.next(SignalingLost)
            seat.renew()
            await heard.next(Roster)
