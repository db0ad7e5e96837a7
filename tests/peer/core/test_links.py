"""The links of one room, driven by hand: who offers, what is retried, what a link's end means.

The others are insiders (tests/support): real handshakes, real seals. Whole rooms are in tests/network/.
"""

from __future__ import annotations

from peer.config import Config
from peer.core.contact import Forgotten, Linked, Received, Unlinked
from peer.core.machine import (
    AcceptOffer,
    CloseLink,
    CreateOffer,
    Transmit,
)
from peer.crypto.handshake import Role
from peer.ids import PeerId
from peer.wire.frames import Goodbye

from ...support.insider import Insider
from ...support.links import CHAT, LARGER, Bench, bob

# ---- repeated offers


def test_offer_played_again_does_not_touch_the_link_it_made() -> None:
    """A server may repeat what it has; a second link of the same id would take the frames of the first."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    bench.hear(other, "offer")
    assert bench.take(AcceptOffer) == []
    bench.say(other, link, CHAT)
    assert bench.take(Received) == [Received(other.member_id, CHAT)]


def test_new_offer_replaces_the_link_only_when_it_is_proven() -> None:
    """The peer lost its end and comes back; until then the old link counts, and nobody is told of the change."""
    bench, other, again = Bench(), bob(), bob()
    old = bench.linked(other)
    new = bench.answering(again, attempt=b"another.")
    bench.say(other, old, CHAT)
    assert bench.take(Received) == [Received(other.member_id, CHAT)]
    bench.shake(again, new, role=Role.INITIATOR)
    assert bench.take(CloseLink) == []
    bench.say(again, new, again.introduction())
    assert bench.take(CloseLink) == [CloseLink(old, "replaced")]
    assert len(bench.take(Linked)) == 1
    assert bench.take(Unlinked) == []
    bench.say(again, new, CHAT)
    assert bench.take(Received) == [Received(other.member_id, CHAT)]


def test_attempt_that_fails_leaves_the_link_alone() -> None:
    """The path to a new link may not exist; the old one does."""
    bench, other = Bench(), bob()
    bench.linked(other)
    new = bench.answering(bob(), attempt=b"another.")
    bench.links.link_closed(new, now=0.0)
    assert bench.take(Unlinked) == []
    assert bench.take(CreateOffer) == []
    assert bench.links.send(CHAT, now=0.0) == 1


def test_another_identity_under_the_same_peer_id_is_refused() -> None:
    """E2EE, handshake: a changed identity closes; the first one is bound."""
    bench, other = Bench(), bob()
    bench.linked(other)
    impostor = Insider("mallory", peer_id=LARGER)
    link = bench.answering(impostor, attempt=b"another.")
    bench.shake(impostor, link, role=Role.INITIATOR)
    assert bench.take(CloseLink) == [CloseLink(link, "HandshakeFailed")]
    assert impostor.heard == []
    assert bench.links.send(CHAT, now=0.0) == 1


# ---- the end of a link


def test_goodbye_is_told_as_left_and_nobody_is_called_back() -> None:
    """At once, before the server says anything."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    bench.say(other, link, Goodbye())
    assert bench.take(Unlinked) == [Unlinked(other.member_id, "left")]
    assert bench.take(CloseLink) == [CloseLink(link, "left")]
    assert bench.take(Forgotten) == [Forgotten(other.peer_id)]
    assert bench.links.next_deadline() is None


def test_silence_is_told_as_lost() -> None:
    """After thirteen seconds."""
    bench, other = Bench(), bob()
    bench.linked(other)
    bench.wait(12.99)
    assert bench.take(Unlinked) == []
    bench.wait(0.01)
    assert bench.take(Unlinked) == [Unlinked(other.member_id, "lost")]


def test_link_that_ends_without_goodbye_is_lost_even_if_the_server_saw_its_peer_leave() -> None:
    """Only a goodbye is one: a process that was killed did not say it."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    bench.links.peer_left(other.peer_id, now=0.0)
    bench.links.link_closed(link, now=0.0)
    assert bench.take(Unlinked) == [Unlinked(other.member_id, "lost")]
    assert bench.take(Forgotten) == [Forgotten(other.peer_id)]


def test_open_link_outlives_what_the_server_says() -> None:
    """The server may be wrong, or lie."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    bench.links.peer_left(other.peer_id, now=0.0)
    bench.roster()
    assert bench.drain() == []
    bench.say(other, link, CHAT)
    assert bench.take(Received) == [Received(other.member_id, CHAT)]


def test_attempt_ends_when_its_peer_is_gone() -> None:
    """There is nobody to link to; the same by a roster without it."""
    for is_told_by_roster in (False, True):
        bench = Bench()
        link = bench.offering()
        if is_told_by_roster:
            bench.roster()
        else:
            bench.links.peer_left(PeerId(LARGER), now=0.0)
        assert bench.take(CloseLink) == [CloseLink(link, "gone")]
        assert bench.take(Forgotten) == [Forgotten(PeerId(LARGER))]
        assert bench.links.next_deadline() is None


def test_departure_of_a_stranger_says_nothing() -> None:
    """The server may name anybody."""
    bench = Bench()
    bench.links.peer_left(PeerId("nobody"), now=0.0)
    assert bench.drain() == []


def test_member_with_two_processes_is_unlinked_by_the_last() -> None:
    """A member is here while one of its links is."""
    bench, one, two = Bench(), bob("z-1"), bob("z-2")
    links = [bench.linked(each) for each in (one, two)]
    bench.links.link_closed(links[0], now=0.0)
    assert bench.take(Unlinked) == []
    bench.say(two, links[1], Goodbye())
    assert bench.take(Unlinked) == [Unlinked(one.member_id, "left")]


def test_leaving_says_goodbye_to_everybody_and_forgets_them() -> None:
    """Links, attempts and plans alike; after that nothing is awaited."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    attempt = bench.offering("z-cy")
    bench.links.peer_joined(PeerId("z-dan"), now=0.0)
    bench.links.leave(now=0.0)
    [goodbye] = bench.take(Transmit)
    other.receive(goodbye.channel, goodbye.data)
    assert other.heard[-1] == Goodbye()
    assert bench.take(CloseLink) == [CloseLink(link, "left"), CloseLink(attempt, "left")]
    assert bench.links.next_deadline() is None
    assert bench.waiting == []


# ---- sending


def test_frames_go_to_everybody_linked_or_to_one() -> None:
    """The answer is how many that were."""
    bench, one, two = Bench(), Insider("bob", peer_id="z-1"), Insider("cy", peer_id="z-2")
    for each in (one, two):
        bench.linked(each)
    bench.offering("z-3")
    assert bench.links.send(CHAT, now=0.0) == 2
    assert bench.links.send(CHAT, now=0.0, to=one.peer_id) == 1
    assert bench.links.send(CHAT, now=0.0, to=PeerId("z-3")) == 0
    assert [transmit.link.peer for transmit in bench.take(Transmit)] == ["z-1", "z-2", "z-1"]


# ---- bounds


def test_server_that_makes_up_peers_grows_nothing_past_the_bound() -> None:
    """Neither by joins, nor by a roster, nor by offers of a member it serves."""
    bench = Bench(Config(max_peers=3))
    bench.join(*(f"z-{number}" for number in range(1000)))
    bench.roster(*(f"z-{number}" for number in range(1000)))
    for number in range(1000):
        bench.links.peer_joined(PeerId(f"y-{number}"), now=0.0)
        bench.hear(Insider("bob", peer_id=f"x-{number}"), "offer")
    assert len(bench.waiting) == 3
    assert len(bench.take(CreateOffer)) == 3
    assert len(bench.take(AcceptOffer)) == 3


def test_offers_that_come_too_fast_are_dropped() -> None:
    """Each answer costs sockets: one in half a second, whatever became of the last."""
    bench = Bench()
    for number in range(100):
        bench.hear(bob(), "offer", attempt=number.to_bytes(8))
        bench.now += 0.01
    assert len(bench.take(AcceptOffer)) == 2


def test_peer_without_a_place_is_offered_to_when_a_silent_one_has_failed() -> None:
    """The first one was a ghost: an attempt later it makes way."""
    bench = Bench(Config(max_peers=1))
    bench.join("z-ghost", "z-bob")
    assert [create.link.peer for create in bench.take(CreateOffer)] == ["z-ghost"]
    bench.wait(10)
    assert [create.link.peer for create in bench.take(CreateOffer)] == ["z-bob"]
    assert bench.take(Forgotten) == [Forgotten(PeerId("z-ghost"))]


def test_peer_that_left_while_it_waited_for_a_place_is_not_offered_to() -> None:
    """Whether the server says so by itself or by a roster."""
    for is_told_by_roster in (False, True):
        bench = Bench(Config(max_peers=1))
        bench.join("z-ghost", "z-bob")
        bench.take(CreateOffer)
        if is_told_by_roster:
            bench.roster("z-ghost")
        else:
            bench.links.peer_left(PeerId("z-bob"), now=0.0)
        bench.wait(10)
        assert bench.take(CreateOffer) == []


def test_room_for_another_peer_comes_with_a_departure() -> None:
    """The bound counts those who are there."""
    bench = Bench(Config(max_peers=1))
    bench.links.peer_joined(PeerId("z-1"), now=0.0)
    bench.links.peer_left(PeerId("z-1"), now=0.0)
    bench.links.peer_joined(PeerId("z-2"), now=0.0)
    assert bench.waiting == ["z-2"]
