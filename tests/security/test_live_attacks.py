"""A malicious signaling server between real peers, over real data channels: attacker does X, both sides see Y.

The server is the relay of `tests/rtc/relay.py` told to lie. It can derive the keys of a public room from its name, as
everybody can; of a private room it has only what it relays. Each test ends with honest traffic over the link that the
peers should have: the attack moved nothing.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import jwt
import pytest

import peer
from peer.core.channel import Credentials, Door, PeerChannel
from peer.core.lobby import Lobby, Tell
from peer.core.machine import LinkId, Transmit
from peer.core.membership import InviteSeed, Membership
from peer.crypto.handshake import Role
from peer.crypto.identity import Identity
from peer.ids import PeerId
from peer.invite import Invite, parse_invite
from peer.keys.room_keys import RoomKeys, derive_public_room, derive_room_keys
from peer.keys.sealing import SignalContext, open_signal, seal_signal
from peer.log.event import EventId
from peer.messages.bodies import Text
from peer.messages.pen import Pen, PenState
from peer.ports import Channel
from peer.rtc.ice import ADDRESSES_SETTING
from peer.runtime import wall_ms
from peer.wire import frames
from peer.wire.frames import ControlFrame, Introduction, MessageEvents
from peer.wire.signals import ATTEMPT_BYTES, Description, decode_description, encode_description
from signaling.app import running_server

from ..rtc.pairs import Recorder, make_link
from ..rtc.relay import Frame, Passing, Relay, running_relay
from ..rtc.rooms import GUESTS, Attendee, Company

pytestmark = pytest.mark.rtc

QUICK = peer.Config(link_timeout_s=2.0, retry_base_s=0.05, min_offer_interval_s=0.0, last_words_s=0.2)
"""Without the pause between two offers of one peer: what refuses an attack here is never that it came too soon. For
tests that wait for an attempt to be given up."""

PATIENT = replace(QUICK, link_timeout_s=20.0)
"""For all others: where the cores are busy an honest link takes seconds, and must not be taken for one that fails."""

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESSES_SETTING, "127.0.0.1")


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    async with running_server(GUESTS) as server, running_relay(server) as relay:
        yield relay


@pytest.fixture
async def company(relay: Relay) -> AsyncIterator[Company]:
    async with Company() as company:
        yield company


# What the attacker has


class Keyring:
    """The keys of a room, in the hands of whoever relays its signals."""

    def __init__(self, keys: RoomKeys) -> None:
        self.keys = keys

    @classmethod
    def of_public_room(cls, name: str) -> Keyring:
        return cls(derive_public_room(name)[1])

    @classmethod
    def of_invite(cls, link: str) -> Keyring:
        invite = parse_invite(link)
        assert isinstance(invite, Invite)
        return cls(derive_room_keys(invite.secret, invite.room_id))

    def open(self, frame: Frame, *, sender: str, recipient: str) -> Description:
        context = self._context(frame["type"], sender, recipient)
        return decode_description(open_signal(frame["body"], key=self.keys.signal, context=context))

    def seal(self, kind: str, description: Description, *, sender: str, recipient: str) -> str:
        context = self._context(kind, sender, recipient)
        plaintext = encode_description(description)
        return seal_signal(plaintext, key=self.keys.signal, context=context, random_bytes=os.urandom)

    def _context(self, kind: str, sender: str, recipient: str) -> SignalContext:
        return SignalContext(self.keys.topic, kind, PeerId(sender), PeerId(recipient))


def made_up_peer() -> str:
    """A peer id that nobody has."""
    return base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode()


def fake_info(peer_id: str) -> Frame:
    return {"peerId": peer_id, "userId": "guest-0123456789abcdef", "displayName": "alice"}


def ids_of(relay: Relay) -> list[str]:
    """The peers that have joined, in order."""
    return [str(admission["peerId"]) for admission in relay.admissions]


async def still_talk(left: Attendee, right: Attendee) -> None:
    """Linked to each other, met once, and nobody else was ever shown."""
    await left.meet(right)
    await left.say("genuine")
    await right.hear("genuine")
    await right.say("genuine too")
    await left.hear("genuine too")
    for each, other in ((left, right), (right, left)):
        assert [event.member.id for event in each.ear.of(peer.MemberJoined)] == [other.me.id]
        assert each.ear.of(peer.MemberLeft) == []
        assert [member.id for member in each.room.members] == [each.me.id, other.me.id]


def nobody_met(*attendees: Attendee) -> bool:
    return not any(each.ear.of(peer.MemberJoined) or len(each.room.members) > 1 for each in attendees)


# In the middle of a public room


async def _pair_in_public(relay: Relay, company: Company) -> tuple[Attendee, Attendee]:
    alice = await company.create(relay.address, "alice", "Lobby", public=True, config=QUICK)
    return alice, await company.join(alice.invite, "bob", config=QUICK)


@pytest.mark.parametrize("kind", ["offer", "answer"])
async def test_swapped_fingerprint_links_nobody(relay: Relay, company: Company, kind: str) -> None:
    """The certificate that DTLS sees is not the one announced: that attempt ends, the honest one after it links."""
    ring = Keyring.of_public_room("Lobby")
    swapped = asyncio.Event()

    async def swap(passing: Passing) -> list[Frame]:
        frame = passing.frame
        if swapped.is_set() or (passing.direction, passing.kind) != ("up", kind):
            return [frame]
        swapped.set()
        description = ring.open(frame, sender=passing.peer, recipient=frame["to"])
        sdp = re.sub(r"(a=fingerprint:sha-256 )[0-9A-F:]{95}", r"\g<1>" + "AB:" * 31 + "AB", description.text)
        assert sdp != description.text
        forged = Description(description.attempt, sdp)
        return [{**frame, "body": ring.seal(kind, forged, sender=passing.peer, recipient=frame["to"])}]

    relay.meddle = swap
    alice, bob = await _pair_in_public(relay, company)
    await relay.until(lambda: len(relay.signals(kind)) == 2)
    assert nobody_met(alice, bob)
    await still_talk(alice, bob)


class Middle:
    """Two links of its own, one to each victim; passes on what comes, and keeps it."""

    def __init__(self, ring: Keyring) -> None:
        self.frames: list[tuple[str, bytes]] = []
        self.ended = asyncio.Event()
        self._ring = ring
        self._to_initiator, self._to_responder = (make_link() for _ in range(2))
        self._tasks: list[asyncio.Task[None]] = []
        self._is_used = False

    async def meddle(self, passing: Passing) -> list[Frame]:
        """The first offer and its answer are exchanged for ours; everything else is passed on."""
        frame = passing.frame
        if passing.direction == "up" and passing.kind == "offer" and not self._is_used:
            self._is_used = True
            return [await self._exchange_offer(passing)]
        if passing.direction == "up" and passing.kind == "answer" and not self._tasks:
            return [await self._exchange_answer(passing)]
        return [frame]

    async def _exchange_offer(self, passing: Passing) -> Frame:
        theirs = self._open(passing)
        self._answer, _ = await self._to_initiator[0].accept_offer(theirs.text)
        return self._reseal(passing, theirs.attempt, await self._to_responder[0].create_offer())

    async def _exchange_answer(self, passing: Passing) -> Frame:
        theirs = self._open(passing)
        await self._to_responder[0].accept_answer(theirs.text)
        ends = (("I", self._to_initiator, self._to_responder), ("R", self._to_responder, self._to_initiator))
        self._tasks = [asyncio.create_task(self._carry(*end)) for end in ends]
        return self._reseal(passing, theirs.attempt, self._answer)

    async def _carry(self, role: str, near: tuple[object, Recorder], far: tuple[object, Recorder]) -> None:
        await asyncio.gather(near[1].wait_open(), far[1].wait_open())
        link = self._to_responder[0] if role == "I" else self._to_initiator[0]
        while True:
            channel, data = await near[1].frames.get()
            self.frames.append((role, data))
            link.send(channel, data)

    async def wait_refused(self) -> None:
        """Until the responder has hung up; then hang up on the initiator."""
        await self._to_responder[1].wait_closed()
        await self.close()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(self._to_initiator[0].close(), self._to_responder[0].close())

    def _open(self, passing: Passing) -> Description:
        return self._ring.open(passing.frame, sender=passing.peer, recipient=passing.frame["to"])

    def _reseal(self, passing: Passing, attempt: bytes, sdp: str) -> Frame:
        to = passing.frame["to"]
        body = self._ring.seal(passing.kind, Description(attempt, sdp), sender=passing.peer, recipient=to)
        return {**passing.frame, "body": body}


async def test_server_in_the_middle_of_a_public_room_is_refused(relay: Relay, company: Company) -> None:
    """Links of its own to both, frames passed on: the handshake binds both certificates and ends at once.

    What went through it is two hellos and a first message: no identity, no payload.
    """
    middle = Middle(Keyring.of_public_room("Lobby"))
    relay.meddle = middle.meddle
    alice, bob = await _pair_in_public(relay, company)
    await middle.wait_refused()
    assert nobody_met(alice, bob)
    assert sorted((role, data[0]) for role, data in middle.frames) == [("I", 0), ("I", 1), ("R", 0)]
    assert not any(each.me.id.encode() in data for each in (alice, bob) for _, data in middle.frames)
    await still_talk(alice, bob)


# A private room


def _alterations(body: str, other: str) -> list[object]:
    """What a server that has no key can make of a sealed body; `other` is a genuine one of another recipient."""
    flipped = [
        body[:at] + ("A" if body[at] != "A" else "B") + body[at + 1 :] for at in range(0, len(body), len(body) // 12)
    ]
    foreign = Keyring.of_public_room("Lobby").seal(
        "offer", Description(os.urandom(ATTEMPT_BYTES), "v=0\r\n"), sender=made_up_peer(), recipient=made_up_peer()
    )
    odd: list[object] = ["", "A", None, 7, [body], {"sdp": "v=0\r\n", "type": "offer"}, "v=0\r\n"]
    return [*flipped, body[:-1], body[:-4], body[4:], body + "AAAA", body.swapcase(), foreign, other, *odd]


async def test_altered_body_is_dropped_without_an_answer(relay: Relay, company: Company) -> None:
    """Any change of a sealed offer, sent before the genuine one: one answer, one link, nothing else."""
    forged = 0

    async def forge(passing: Passing) -> list[Frame]:
        nonlocal forged
        if (passing.direction, passing.kind) != ("down", "offer"):
            return [passing.frame]
        body = passing.frame["body"]
        other = relay.signals("offer")[0]["body"]
        altered = [{**passing.frame, "body": each} for each in _alterations(body, other[::-1])]
        turned = [{**passing.frame, "type": kind} for kind in ("answer", "candidate", "bye")]
        strange = [{**passing.frame, "from": made_up_peer()}, {**passing.frame, "from": passing.peer}]
        forged += len(altered + turned + strange)
        return [*altered, *turned, *strange, passing.frame]

    relay.meddle = forge
    alice = await company.create(relay.address, "alice", config=PATIENT)
    bob = await company.join(alice.invite, "bob", config=PATIENT)
    await still_talk(alice, bob)
    assert forged > 25
    assert len(relay.signals("answer")) == 1


async def test_server_that_alters_every_body_keeps_them_apart_and_no_more(relay: Relay, company: Company) -> None:
    """No link as long as it does, and no answer; who comes when it is honest again is linked to both."""

    async def spoil(passing: Passing) -> list[Frame]:
        if passing.direction == "up" and passing.kind in ("offer", "answer"):
            body = passing.frame["body"]
            return [{**passing.frame, "body": body[:-8] + body[-8:].swapcase()}]
        return [passing.frame]

    relay.meddle = spoil
    alice = await company.create(relay.address, "alice", config=QUICK)
    bob = await company.join(alice.invite, "bob", config=QUICK)
    alice_id, bob_id = ids_of(relay)
    await relay.until(lambda: all(len(relay.signals("offer", sender=each)) >= 2 for each in (alice_id, bob_id)))
    assert relay.signals("answer") == []
    assert nobody_met(alice, bob)
    relay.meddle = _let_pass
    carol = await company.join(alice.invite, "carol")
    await carol.meet(alice, bob)


async def _let_pass(passing: Passing) -> list[Frame]:
    return [passing.frame]


async def test_replayed_offer_of_a_link_that_lives_is_ignored(relay: Relay, company: Company) -> None:
    """The offer that the link came from, sent again: no answer, no second member, and the link goes on."""
    alice, bob = await company.pair(relay.address, config=PATIENT)
    alice_id, bob_id = ids_of(relay)
    replayed = {"type": "offer", "from": bob_id, "body": relay.signals("offer")[0]["body"]}
    await relay.push(alice_id, *[replayed] * 3)
    carol = await company.join(alice.invite, "carol")
    await carol.meet(alice, bob)
    assert [frame["to"] for frame in relay.signals("answer", sender=alice_id)] == [bob_id, ids_of(relay)[2]]
    await alice.say("genuine")
    await bob.hear("genuine")
    await bob.say("genuine too")
    await alice.hear("genuine too")
    assert [event.member.id for event in alice.ear.of(peer.MemberJoined)] == [bob.me.id, carol.me.id]
    assert alice.ear.of(peer.MemberLeft) == []


async def test_replayed_offer_of_somebody_gone_makes_no_member(relay: Relay, company: Company) -> None:
    """It is genuine, so it is answered; but nobody stands behind it, and nobody is shown."""
    alice, bob = await company.pair(relay.address, config=PATIENT)
    alice_id, bob_id = ids_of(relay)
    await bob.room.leave()
    await alice.ear.next(peer.MemberLeft)
    await relay.push(alice_id, {"type": "offer", "from": bob_id, "body": relay.signals("offer")[0]["body"]})
    await relay.until(lambda: len(relay.signals("answer", sender=alice_id)) == 2)
    carol = await company.join(alice.invite, "carol")
    await carol.meet(alice)
    assert alice.here() == {"carol"}
    assert [event.member.id for event in alice.ear.of(peer.MemberJoined)] == [bob.me.id, carol.me.id]


async def test_made_up_members_are_never_shown(relay: Relay, company: Company) -> None:
    """In the answer to a join, in the welcome and in notices: a name of the server's is no member."""
    ghosts = [fake_info(made_up_peer()) for _ in range(5)]

    def haunt(admission: Frame) -> Frame:
        return {**admission, "peers": [*admission["peers"], *ghosts]}

    async def meddle(passing: Passing) -> list[Frame]:
        if (passing.direction, passing.kind) != ("down", "welcome"):
            return [passing.frame]
        notices = [{"type": "peer-joined", **fake_info(made_up_peer())} for _ in range(5)]
        return [{**passing.frame, "peers": [*passing.frame["peers"], *ghosts]}, *notices]

    relay.edit_admission, relay.meddle = haunt, meddle
    alice = await company.create(relay.address, "alice", config=PATIENT)
    bob = await company.join(alice.invite, "bob", config=PATIENT)
    await still_talk(alice, bob)
    await relay.push(
        ids_of(relay)[0], *({"type": "peer-left", "peerId": each["peerId"], "reason": "left"} for each in ghosts)
    )
    await still_talk(bob, alice)


async def test_flood_of_made_up_peers_is_bounded(relay: Relay, company: Company) -> None:
    """A thousand peers named, a thousand knocks under other names: no more offers than `max_peers` allows, no crash.

    When the server takes them back there is room for a genuine newcomer.
    """
    config = replace(QUICK, max_peers=6)
    alice = await company.create(relay.address, "alice", config=config)
    bob = await company.join(alice.invite, "bob", config=config)
    await alice.meet(bob)
    alice_id = ids_of(relay)[0]
    crowd = [made_up_peer() for _ in range(1000)]
    await relay.push(alice_id, *({"type": "peer-joined", **fake_info(each)} for each in crowd))
    knock = relay.signals("offer")[0]["body"]
    await relay.push(alice_id, *({"type": "offer", "from": made_up_peer(), "body": knock} for _ in range(1000)))
    await relay.until(lambda: len(relay.signals("offer", sender=alice_id)) == 5)
    await still_talk(alice, bob)
    assert {frame["to"] for frame in relay.signals("offer", sender=alice_id)} <= set(crowd)
    assert relay.signals("answer", sender=ids_of(relay)[1]) == []
    await relay.push(alice_id, *({"type": "peer-left", "peerId": each, "reason": "left"} for each in crowd))
    carol = await company.join(alice.invite, "carol")
    await carol.meet(alice, bob)


async def test_flood_of_good_offers_in_a_public_room_is_bounded(relay: Relay, company: Company) -> None:
    """There the server can seal; it gets `max_peers` answers, and the link that lives goes on."""
    config = replace(PATIENT, max_peers=6)
    alice = await company.create(relay.address, "alice", "Lobby", public=True, config=config)
    bob = await company.join(alice.invite, "bob", config=config)
    await alice.meet(bob)
    alice_id, bob_id = ids_of(relay)
    ring = Keyring.of_public_room("Lobby")
    sdp = ring.open(relay.signals("offer")[0], sender=bob_id, recipient=alice_id).text
    answered = len(relay.signals("answer", sender=alice_id))
    for _ in range(1000):
        ghost = made_up_peer()
        body = ring.seal("offer", Description(os.urandom(ATTEMPT_BYTES), sdp), sender=ghost, recipient=alice_id)
        await relay.push(alice_id, {"type": "offer", "from": ghost, "body": body})
    await relay.until(lambda: len(relay.signals("answer", sender=alice_id)) == answered + 5)
    await still_talk(alice, bob)
    assert len(relay.signals("answer", sender=alice_id)) == answered + 5


# A stranger at the door


class Stranger:
    """Somebody who speaks the protocol by hand: one link to one peer, offered under any name it likes."""

    def __init__(self, relay: Relay, ring: Keyring, *, name: str, invite: str | None = None) -> None:
        """With an invite it goes through the lobby of a private room, as a guest would."""
        self.identity = Identity.generate(os.urandom)
        self.heard: list[bytes] = []
        """Plaintexts of what the other side has sent."""
        self.control: list[bytes] = []
        """Those of the lobby among them."""
        self._invite = invite
        self._relay = relay
        self._ring = ring
        self._name = name
        self._link, self.ear = make_link()
        self._attempt = os.urandom(ATTEMPT_BYTES)

    async def knock(self, peer_id: str, *, under: str) -> None:
        """Offer, take the answer out of the server's hands, and go through the handshake as far as it goes."""
        link = LinkId(PeerId(peer_id), self._attempt)
        self.channel = PeerChannel(
            link,
            role=Role.INITIATOR,
            credentials=Credentials(self.identity, self._ring.keys, os.urandom),
            door=Door(authorise=lambda _: True, has_lobby=self._invite is not None, admits=lambda _: True),
            introduce=lambda: Introduction(self._name, "", "online"),
            config=peer.Config(),
            now=0.0,
        )
        offer = Description(self._attempt, await self._link.create_offer())
        body = self._ring.seal("offer", offer, sender=under, recipient=peer_id)
        await self._relay.push(peer_id, {"type": "offer", "from": under, "body": body})
        answer = await self._answer(peer_id, under)
        self.channel.path_described(await self._link.accept_answer(answer), now=0.0)
        await self.ear.wait_open()
        self.channel.path_opened(now=0.0)
        self._flush()
        if self._invite is not None:
            await self._pass_lobby(link, self._invite)

    async def _pass_lobby(self, link: LinkId, invite: str) -> None:
        """As a guest does: fetch the control log, present the invite, and be let in."""
        way_in = parse_invite(invite)
        assert isinstance(way_in, Invite)
        membership = Membership(
            way_in.room_id,
            is_public=False,
            identity=self.identity,
            random_bytes=os.urandom,
            invite=InviteSeed(way_in.seed, way_in.is_open),
        )
        self._lobby = Lobby(membership, our_name=self._name, config=peer.Config(), wall_ms=wall_ms)
        await self.listen(lambda: self.channel.is_in_lobby)
        assert self.channel.remote is not None
        self._lobby.enter(link, self.channel.remote, now=0.0)
        self._obey()
        await self.listen(lambda: bool(self.heard))

    def _obey(self) -> None:
        for order in self._lobby.orders():
            if isinstance(order, Tell):
                self.channel.send(order.frame, now=0.0)
            else:
                self.channel.greet(now=0.0)
        self._flush()

    async def _answer(self, peer_id: str, under: str) -> str:
        found: list[str] = []

        def look() -> bool:
            for frame in self._relay.signals("answer", sender=peer_id):
                if frame["to"] == under:
                    description = self._ring.open(frame, sender=peer_id, recipient=under)
                    found.extend([description.text] if description.attempt == self._attempt else [])
            return bool(found)

        await self._relay.until(look)
        return found[0]

    async def listen(self, is_enough: Callable[[], bool]) -> None:
        """Take frames in until it is enough, or the other side hangs up."""
        async with asyncio.timeout(10):
            while not is_enough() and not self.ear.closed.is_set():
                getting = asyncio.create_task(self.ear.frames.get())
                closing = asyncio.create_task(self.ear.closed.wait())
                await asyncio.wait({getting, closing}, return_when=asyncio.FIRST_COMPLETED)
                if getting.done():
                    self._receive(*getting.result())
                for task in (getting, closing):
                    task.cancel()
                await asyncio.gather(getting, closing, return_exceptions=True)

    def _receive(self, channel: Channel, data: bytes) -> None:
        frame = self.channel.receive(channel, data, now=0.0)
        self._flush()
        if isinstance(frame, ControlFrame):
            self.control.append(frames.encode(frame))
            self._lobby.receive(self.channel.link, frame, now=0.0)
            self._obey()
        elif frame is not None:
            self.heard.append(frames.encode(frame))

    def _flush(self) -> None:
        for output in self.channel.outputs():
            if isinstance(output, Transmit):
                self._link.send(output.channel, output.data)

    def say(self, text: str, *, room: str) -> None:
        """Signed by its own key, in a public room."""
        pen = Pen(self.identity, derive_public_room(room)[0], os.urandom, PenState())
        said = pen.write(Text(text), auth=EventId(b""), auth_hlc=0, ref=None, now_ms=wall_ms())
        self.channel.send(MessageEvents((said.encoded,), False), now=0.0)
        self._flush()

    async def close(self) -> None:
        await self._link.close()


async def _keep_answers(passing: Passing) -> list[Frame]:
    return [] if passing.kind == "answer" else [passing.frame]


async def test_new_fingerprint_after_the_link_is_open_changes_nothing(relay: Relay, company: Company) -> None:
    """The server offers again in a member's name, with a certificate and an identity of its own, and is refused."""
    alice, bob = await _pair_in_public(relay, company)
    await alice.meet(bob)
    alice_id, bob_id = ids_of(relay)
    stranger = Stranger(relay, Keyring.of_public_room("Lobby"), name="bob")
    relay.meddle = _keep_answers  # the member in whose name it comes would say that it offered nothing
    await stranger.knock(alice_id, under=bob_id)
    await stranger.listen(lambda: False)
    await stranger.close()
    assert stranger.heard == []
    await still_talk(alice, bob)


async def test_stranger_in_a_public_room_is_shown_under_its_own_key(relay: Relay, company: Company) -> None:
    """The server can enter, as everybody can; it is seen by all, and nobody takes it for another."""
    alice, bob = await _pair_in_public(relay, company)
    await alice.meet(bob)
    stranger = Stranger(relay, Keyring.of_public_room("Lobby"), name="bob")
    await stranger.knock(ids_of(relay)[0], under=made_up_peer())
    await stranger.listen(lambda: bool(stranger.heard))
    stranger.say("trust me", room="Lobby")
    said = await alice.hear("trust me")
    assert said.sender.id == stranger.identity.member_id != bob.me.id
    assert [event.member.id for event in alice.ear.of(peer.MemberJoined)] == [bob.me.id, said.sender.id]
    await stranger.close()


async def test_stranger_without_the_invite_learns_nothing_of_a_private_room(relay: Relay, company: Company) -> None:
    """The keys of another room open none of its doors: no answer, and nobody is shown."""
    alice, bob = await company.pair(relay.address)
    alice_id, _ = ids_of(relay)
    stranger = Keyring(replace(Keyring.of_public_room("Deck").keys, topic=alice.room.id))
    answers = len(relay.signals("answer"))
    ghost = made_up_peer()
    for kind in ("offer", "answer", "candidate", "bye"):
        description = Description(os.urandom(ATTEMPT_BYTES), "v=0\r\n")
        body = stranger.seal(kind, description, sender=ghost, recipient=alice_id)
        await relay.push(alice_id, {"type": kind, "from": ghost, "body": body})
    await still_talk(alice, bob)
    assert len(relay.signals("answer")) == answers
    assert relay.signals("bye") == []


# Secrets


@pytest.mark.parametrize("public", [True, False])
async def test_no_secret_reaches_peers_or_logs(caplog: pytest.LogCaptureFixture, public: bool) -> None:
    """A room's life at the most talkative level: no token, resume, invite, SDP, address or text in any log of ours.

    And nothing of token, resume or invite in what a member is told.
    """
    for name in ("peer", "signaling"):
        caplog.set_level(logging.DEBUG, logger=name)
    config = replace(GUESTS, guests=False, jwt_secret=SECRET)
    tokens = [
        jwt.encode({"sub": name, "exp": int(time.time()) + 60}, SECRET, algorithm="HS256") for name in ("ann", "ben")
    ]
    async with running_server(config) as server, running_relay(server) as relay, Company() as company:
        alice = await company.create(relay.address, "alice", "Deck", public=public, token=tokens[0])
        bob = await company.join(alice.invite, "bob", token=tokens[1])
        await alice.meet(bob)
        ring = Keyring.of_public_room("Deck") if public else Keyring.of_invite(alice.invite)
        stranger = Stranger(relay, ring, name="eve", invite=None if public else alice.invite)
        await stranger.knock(ids_of(relay)[0], under=made_up_peer())
        await stranger.listen(lambda: bool(stranger.heard))
        await alice.say("at midnight")
        await bob.hear("at midnight")
        await stranger.listen(lambda: any(b"at midnight" in each for each in stranger.heard))
        await stranger.close()
        await bob.room.leave()
        secrets = [*tokens, *(str(a[key]) for a in relay.admissions for key in ("token", "resume"))]
    raw: list[bytes] = []
    if not public:
        invite = parse_invite(alice.invite)
        assert isinstance(invite, Invite)
        secrets.append(alice.invite.partition("#")[2])
        raw = [invite.secret, invite.seed]
    told = b"".join(stranger.heard + stranger.control)
    assert b"at midnight" in told
    tokens_told = re.findall(rb"eyJ[\w-]+\.[\w-]+\.[\w-]+", told)
    types = {jwt.get_unverified_header(token)["typ"] for token in tokens_told}
    assert types <= {"speaktube-attestation+jwt"}  # made for peers; the user's own JWT is the server's alone
    assert [secret for secret in [*(secret.encode() for secret in secrets), *raw] if secret in told] == []
    lines = [record.getMessage() for record in caplog.records if record.name in ("peer", "signaling")]
    assert len(lines) > 10
    forbidden = [*secrets, "at midnight", "127.0.0.1", "candidate:", "a=", "fingerprint"]
    assert [(needle, line) for needle in forbidden for line in lines if needle in line] == []
