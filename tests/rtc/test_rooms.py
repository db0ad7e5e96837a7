"""Whole rooms over real parts: a real server, real data channels on 127.0.0.1."""

import asyncio
import base64
import binascii
import re
import time
from dataclasses import replace
from pathlib import Path

import aiohttp
import jwt
import pytest

import peer
from peer.invite import Invite, parse_invite
from signaling.app import running_server

from .relay import Relay, running_relay
from .rooms import GUESTS, Attendee, Company, server_process

pytestmark = pytest.mark.rtc

SECRET = "0123456789abcdef0123456789abcdef"


async def talk(company: Company, server: str) -> None:
    """Both hear the other, and are told who speaks."""
    alice, bob = await company.pair(server)
    await alice.say("ahoy")
    heard = await bob.hear("ahoy")
    assert (heard.sender.id, heard.sender.name, heard.room) == (alice.me.id, "alice", alice.room.id)
    assert heard.sender.role == "owner"
    await heard.reply("aye")
    assert (await alice.hear("aye")).sender.id == bob.me.id
    assert alice.room.name == bob.room.name == "Deck"


def token(*, secret: str = SECRET, **claims: object) -> str:
    now = int(time.time())
    return jwt.encode({"sub": "ann", "name": "Ann", "exp": now + 60} | claims, secret, algorithm="HS256")


# Talking


async def test_two_peers_talk(server: str, company: Company) -> None:
    """A private room by its invite link: a message each way, with its sender, and the room's title."""
    await talk(company, server)


async def test_two_peers_talk_through_a_server_process_with_an_embedded_store(tmp_path: Path) -> None:
    """The same with `python -m signaling` and diskcache, which is how an operator runs it."""
    async with server_process(f"diskcache:{tmp_path / 'store'}") as (server, _), Company() as company:
        await talk(company, server)


async def test_two_peers_talk_where_websockets_are_blocked(server: str) -> None:
    """A proxy that refuses the upgrade: long polling does, and nobody is told of an outage."""
    async with running_relay(server, allows_websockets=False) as relay, Company() as company:
        alice, bob = await company.pair(relay.address)
        await alice.say("by post")
        await bob.hear("by post")
        await bob.room.leave()
        assert (await alice.ear.next(peer.MemberLeft)).reason == "left"
        assert not alice.ear.of(peer.StateChanged)
        assert relay.passed == []
        assert any(line.startswith("/signaling/inbox/") for line in relay.seen)


@pytest.mark.parametrize("size", [3, 5])
async def test_room_is_a_full_mesh(server: str, company: Company, size: int) -> None:
    """Everybody is linked to everybody; all speak at once, and each message arrives once, in order of its sender."""
    names = [f"peer{number}" for number in range(size)]
    first = await company.create(server, names[0])
    everybody = [first, *[await company.join(first.invite, name) for name in names[1:]]]
    for number, each in enumerate(everybody):
        await each.meet(*everybody[number + 1 :])
    texts = {name: [f"{name} says {number}" for number in range(20)] for name in names}
    await asyncio.gather(*(_say_all(each, texts[each.me.name]) for each in everybody))
    for each in everybody:
        others = [name for name in names if name != each.me.name]
        await each.hear_all(20 * len(others))
        assert each.here() == set(others)
        assert {name: each.heard(name) for name in others} == {name: texts[name] for name in others}
        assert each.heard(each.me.name) == []
        assert len(each.ear.of(peer.MemberJoined)) == len(others)


async def _say_all(attendee: Attendee, texts: list[str]) -> None:
    for text in texts:
        await attendee.say(text)


async def test_message_waits_for_the_first_who_comes(server: str, company: Company) -> None:
    """With nobody there it is a draft; the first member gets it, and the sender is told."""
    alice = await company.create(server, "alice")
    message = await alice.room.send("anybody?")
    assert message.status == "draft"
    bob = await company.join(alice.invite, "bob")
    heard = await bob.hear("anybody?")
    assert await alice.ear.next(peer.StatusChanged) == peer.StatusChanged(heard.id, "sent", message.id)


async def test_last_words_reach_those_whose_links_are_just_being_made(server: str, company: Company) -> None:
    """Join, send, leave, in one breath: everybody who was present hears it, and then the goodbye."""
    alice, bob = await company.pair(server)
    carol = await company.join(alice.invite, "carol")
    await carol.meet(alice, bob)
    hasty = await company.join(alice.invite, "hasty")
    await hasty.say("dinner is ready")
    await hasty.room.leave()
    for each in (alice, bob, carol):
        assert (await each.hear("dinner is ready")).sender.name == "hasty"
        assert (await each.ear.next(peer.MemberLeft)).reason == "left"


async def test_largest_message_arrives_whole(server: str, company: Company) -> None:
    alice, bob = await company.pair(server)
    text = "🚢" * (peer.Config().max_text_bytes // 4)
    await alice.say(text)
    await bob.hear(text)
    with pytest.raises(peer.MessageTooLarge):
        await alice.say(text + "!")


async def test_typing_and_presence_are_live(server: str, company: Company) -> None:
    alice, bob = await company.pair(server)
    await alice.room.set_typing(True)
    typing = await bob.ear.next(peer.TypingChanged)
    assert (typing.member.id, typing.typing) == (alice.me.id, True)
    await alice.say("typed")
    assert (await bob.ear.next(peer.TypingChanged)).typing is False
    await alice.set_presence("away")
    assert (await bob.ear.next(peer.PresenceChanged)).member.presence == "away"
    carol = await company.join(alice.invite, "carol")
    joined = [await carol.ear.next(peer.MemberJoined) for _ in range(2)]
    assert {event.member.name: event.member.presence for event in joined} == {"alice": "away", "bob": "online"}
    await alice.set_presence("online")
    assert (await carol.ear.next(peer.PresenceChanged)).member.presence == "online"


# Coming and going


async def test_who_leaves_is_missed_at_once(server: str, company: Company) -> None:
    """A goodbye, not a time-out; the room is closed to who left, and open to those who stay."""
    alice, bob = await company.pair(server)
    carol = await company.join(alice.invite, "carol")
    await carol.meet(alice, bob)
    asked_at = asyncio.get_running_loop().time()
    await bob.room.leave()
    for each in (alice, carol):
        left = await each.ear.next(peer.MemberLeft)
        assert (left.member.id, left.member.presence, left.reason) == (bob.me.id, "offline", "left")
    assert asyncio.get_running_loop().time() - asked_at < 2
    assert (await bob.ear.next(peer.StateChanged)).state is peer.RoomState.LEFT
    with pytest.raises(peer.NotJoined):
        await bob.say("still there?")
    await alice.say("two of us")
    await carol.hear("two of us")


async def test_public_room_is_found_by_name(server: str, company: Company) -> None:
    """Listed with its name; entered by the name, by its broadcaster's name, and by its link."""
    alice = await company.create(server, "alice", "The Lobby", public=True)
    listed = await alice.me.list_rooms()
    assert [(room.custom_name, room.broadcaster_name, room.participant_count) for room in listed] == [
        ("The Lobby", "alice", 1)
    ]
    others = [
        await company.join("The Lobby", "bob", server=server),
        await company.join("alice", "carol", server=server),
        await company.join(alice.invite, "dan"),
    ]
    await alice.meet(*others)
    await alice.say("welcome")
    for each in others:
        await each.hear("welcome")
    assert (await alice.me.list_rooms())[0].participant_count == 4
    with pytest.raises(peer.JoinRefused) as refused:
        await alice.me.create_room("The Lobby", public=True)
    assert refused.value.code == "room_exists"


async def test_private_room_is_not_listed(server: str, company: Company) -> None:
    alice, _ = await company.pair(server)
    assert await alice.me.list_rooms() == ()


@pytest.mark.parametrize("public", [True, False])
async def test_room_is_gone_when_all_have_left(server: str, company: Company, public: bool) -> None:
    alice = await company.create(server, "alice", "Deck", public=public)
    bob = await company.join(alice.invite, "bob")
    await alice.meet(bob)
    await alice.room.leave()
    await bob.room.leave()
    late = await company.open(server, "carol")
    with pytest.raises(peer.JoinRefused) as refused:
        await late.join_room(alice.invite)
    assert refused.value.code == "no_such_room"
    assert await late.list_rooms() == ()


async def test_peer_that_is_closed_leaves_every_room(server: str, company: Company) -> None:
    async with peer.Peer(server, name="alice") as me:
        rooms = [Attendee(me, await me.create_room(title)) for title in ("Deck", "Bridge")]
        guests = [await company.join(room.invite, "bob") for room in rooms]
        for room, guest in zip(rooms, guests, strict=True):
            await room.meet(guest)
    for guest in guests:
        assert (await guest.ear.next(peer.MemberLeft)).reason == "left"


# What the server sees


async def test_server_of_a_private_room_sees_nothing_that_is_said(relay: Relay, company: Company) -> None:
    """All that passes the server, also out of base64url: no text, title, SDP, address or part of the invite."""
    alice = await company.create(relay.address, "alice", "Mutiny planned")
    bob = await company.join(alice.invite, "bob")
    await alice.meet(bob)
    await alice.say("at midnight")
    await bob.hear("at midnight")
    await bob.room.leave()
    assert (await alice.ear.next(peer.MemberLeft)).reason == "left"
    assert relay.signals("offer") and relay.signals("answer")  # noqa: PT018 - else there was nothing to see
    invite = parse_invite(alice.invite)
    assert isinstance(invite, Invite)
    secrets = [invite.secret, invite.room_id, invite.seed]
    forbidden = [b"at midnight", b"Mutiny", b"candidate:", b"127.0.0.1", b"a=ice", b"fingerprint", *secrets]
    forbidden += [base64.urlsafe_b64encode(secret).rstrip(b"=") for secret in secrets]
    forbidden += [secret.hex().encode() for secret in secrets] + [alice.invite.partition("#")[2].encode()]
    seen = [text for line in relay.seen for text in _readings(line)]
    assert [needle for needle in forbidden if any(needle in text for text in seen)] == []


def _readings(line: str) -> list[bytes]:
    """A line as it is, and whatever in it may be base64url."""
    words = re.findall(r"[A-Za-z0-9_-]{16,}", line)
    return [line.encode(), *(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)) for word in words if _fits(word))]


def _fits(word: str) -> bool:
    try:
        base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
    except binascii.Error:
        return False
    return True


# Refusals


async def test_full_room_refuses_the_next() -> None:
    """`room_full`, with a sentence; when somebody left there is a place."""
    async with running_server(replace(GUESTS, room_peers=2)) as server, Company() as company:
        alice, bob = await company.pair(server)
        late = await company.open(server, "carol")
        with pytest.raises(peer.JoinRefused) as refused:
            await late.join_room(alice.invite)
        assert refused.value.code == "room_full"
        assert "full" in str(refused.value)
        await bob.room.leave()
        carol = Attendee(late, await late.join_room(alice.invite))
        await carol.meet(alice)


@pytest.mark.parametrize(
    ("presented", "code"),
    [
        (None, "unauthenticated"),
        (token(secret="another secret of thirty-two bytes"), "invalid_token"),
        (token(exp=1), "token_expired"),
        ("no.jwt.atall", "invalid_token"),
    ],
    ids=["none", "of another secret", "expired", "garbage"],
)
async def test_wrong_jwt_is_refused_with_a_sentence(presented: str | None, code: str) -> None:
    """At create and at join alike; the sentence says what is wrong, and never shows the token."""
    config = replace(GUESTS, guests=False, jwt_secret=SECRET)
    async with running_server(config) as server, Company() as company:
        alice = await company.create(server, "alice", token=token())
        stranger = await company.open(server, "mallory", token=presented)
        for attempt in (stranger.create_room("Deck"), stranger.join_room(alice.invite)):
            with pytest.raises(peer.JoinRefused) as refused:
                await attempt
            assert refused.value.code == code
            assert " " in str(refused.value)
            assert (presented or "no token") not in str(refused.value)


async def test_good_jwt_lets_in() -> None:
    config = replace(GUESTS, guests=False, jwt_secret=SECRET)
    async with running_server(config) as server, Company() as company:
        alice = await company.create(server, "alice", token=token())
        bob = await company.join(alice.invite, "bob", token=token(sub="ben", name="Ben"))
        await alice.meet(bob)


@pytest.mark.parametrize("presents", ["token", "resume"])
async def test_newest_connection_of_a_peer_wins(relay: Relay, company: Company, presents: str) -> None:
    """Who holds a peer's token, or its resume secret, takes its place; the older one leaves and says why."""
    alice, bob = await company.pair(relay.address)
    admission = relay.admissions[1]
    async with aiohttp.ClientSession(relay.upstream) as session:
        room_token = admission["token"]
        if presents == "resume":
            body = {"roomId": admission["room"]["roomId"], "resume": admission["resume"]}
            async with session.post("/signaling/join-room", json=body) as answer:
                again = await answer.json()
            assert again["peerId"] == admission["peerId"]
            room_token = again["token"]
        async with session.ws_connect("/signaling/ws", headers={"Authorization": f"Bearer {room_token}"}) as newest:
            assert (await newest.receive_json())["peerId"] == admission["peerId"]
            ended = await bob.ear.next(peer.StateChanged)
            assert ended.state is peer.RoomState.LEFT
            assert "newer connection" in ended.reason
            assert (await alice.ear.next(peer.MemberLeft)).member.id == bob.me.id
    assert len(alice.ear.of(peer.MemberJoined)) == 1
