"""Somebody who speaks the protocol by hand and keeps to no rule of the log, against peers over real data channels."""

from __future__ import annotations

import os

import pytest

import peer
from peer.keys.room_keys import derive_public_room
from peer.log.event import EventId, LogId, replace_body
from peer.messages.bodies import Body, Edit, Text
from peer.messages.pen import Pen, PenState
from peer.messages.said import Place, Said
from peer.runtime import wall_ms
from peer.wire.frames import MessageEvents

from ..rtc.relay import Relay
from ..rtc.rooms import Attendee, Company
from . import test_live_attacks
from .test_live_attacks import QUICK, Keyring, Stranger, ids_of, made_up_peer

pytestmark = pytest.mark.rtc

_loopback_only = test_live_attacks._loopback_only
relay = test_live_attacks.relay
company = test_live_attacks.company
ROOM = "Lobby"
FAST = peer.Config(compare_every_s=0.5, announce_after_s=0.05, link_timeout_s=QUICK.link_timeout_s)


class Liar(Stranger):
    """Has a link to one peer of a public room, and a pen of its own."""

    def __init__(self, relay: Relay) -> None:
        super().__init__(relay, Keyring.of_public_room(ROOM), name="liar")
        self.pen = self.new_pen()

    def new_pen(self) -> Pen:
        return Pen(self.identity, derive_public_room(ROOM)[0], os.urandom, PenState())

    async def meet(self, peer_id: str) -> None:
        await self.knock(peer_id, under=made_up_peer())
        await self.listen(lambda: bool(self.heard))

    def write(self, body: Body, *, about: Place | None = None, pen: Pen | None = None, late_ms: int = 0) -> Said:
        now_ms = wall_ms() + late_ms
        return (pen or self.pen).write(body, auth=EventId(b""), auth_hlc=0, ref=about, now_ms=now_ms)

    def tell(self, *encoded: bytes) -> None:
        self.channel.send(MessageEvents(encoded, False), now=0.0)
        self._flush()

    async def is_cut_off(self) -> bool:
        await self.listen(lambda: False)
        return self.ear.closed.is_set()


async def trio(relay: Relay, company: Company) -> tuple[Attendee, Attendee, Liar]:
    alice = await company.create(relay.address, "alice", ROOM, public=True, config=FAST)
    bob = await company.join(alice.invite, "bob", config=FAST)
    await alice.meet(bob)
    liar = Liar(relay)
    await liar.meet(ids_of(relay)[0])
    return alice, bob, liar


@pytest.mark.parametrize("trick", ["bit", "author", "signature"])
async def test_changed_message_ends_the_link_without_a_word(relay: Relay, company: Company, trick: str) -> None:
    """Nobody is shown anything of it, and what others say goes on."""
    alice, bob, liar = await trio(relay, company)
    said = liar.write(Text("never said so"))
    forged = {
        "bit": said.encoded[:-3] + bytes([said.encoded[-3] ^ 1]) + said.encoded[-2:],
        "author": said.encoded.replace(liar.identity.public_key, os.urandom(32)),
        "signature": said.encoded.replace(said.event.signature, bytes(64)),
    }[trick]
    liar.tell(forged)
    assert await liar.is_cut_off()
    await bob.say("genuine")
    await alice.hear("genuine")
    assert [message.text async for message in alice.room.history()] == ["genuine"]
    await liar.close()


async def test_anothers_words_stay_though_somebody_signs_other_ones(relay: Relay, company: Company) -> None:
    """Neither an edit nor a deletion by a stranger shows, nor does a copy from which the words were taken."""
    alice, bob, liar = await trio(relay, company)
    heard = await said_by(bob, alice, "what bob said")
    held = alice.room._mesh._plane.history.journal.holdings.get(heard)
    assert held is not None
    liar.tell(replace_body(held.event, b"").encoded, liar.write(Edit("what the liar wishes"), about=held.place).encoded)
    liar.tell(liar.write(Text("done")).encoded)
    await alice.hear("done")
    await bob.hear("done")
    for each in (alice, bob):
        assert [message.text async for message in each.room.history()] == ["done", "what bob said"]
        assert each.ear.of(peer.MessageEdited) == []
        assert each.ear.of(peer.MessageDeleted) == []
    await liar.close()


async def test_two_stories_of_one_author_get_the_same_verdict_everywhere(relay: Relay, company: Company) -> None:
    """One for alice and one for bob: both learn of both, name the author, and hold nothing from there on."""
    alice, bob, liar = await trio(relay, company)
    other = Liar(relay)
    other.identity = liar.identity
    other.pen = other.new_pen()
    await other.meet(ids_of(relay)[1])
    first = liar.write(Text("to both"))
    other.pen.state = liar.pen.state
    liar.tell(first.encoded)
    other.tell(first.encoded)
    await alice.hear("to both")
    await bob.hear("to both")
    liar.tell(liar.write(Text("to alice")).encoded)
    other.tell(other.write(Text("to bob")).encoded)
    for each in (alice, bob):
        await each.ear.next(peer.AuthorForked)
        assert [message.text async for message in each.room.history()] == ["to both"]
        [fork] = each.room._mesh._plane.history.journal.holdings.logs.forks.items()
        assert (fork[0], fork[1].seq) == (LogId(*first.log), 2)
    await liar.close()
    await other.close()


async def test_message_from_tomorrow_waits(relay: Relay, company: Company) -> None:
    """It is not shown, moves nobody's clock, and ends no link: clocks may be wrong."""
    alice, bob, liar = await trio(relay, company)
    liar.tell(liar.write(Text("from tomorrow"), late_ms=86_400_000).encoded)
    liar.tell(liar.write(Text("from today"), pen=liar.new_pen()).encoded)
    await alice.hear("from today")
    answer = await alice.room.send("today too")
    await bob.hear_all(2)
    assert sorted(bob.heard()) == ["from today", "today too"]
    assert answer.sent_at.timestamp() < wall_ms() / 1000 + 60
    await liar.close()


async def said_by(speaker: Attendee, listener: Attendee, text: str) -> EventId:
    await speaker.say(text)
    return EventId(bytes.fromhex((await listener.hear(text)).id))
