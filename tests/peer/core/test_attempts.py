"""Attempts at links in one room, driven by hand: who offers, what is answered, what is retried."""

from __future__ import annotations

from itertools import pairwise

import pytest

from peer.config import Config
from peer.core.contact import Changed, Linked, Received, Unlinked
from peer.core.machine import (
    AcceptAnswer,
    AcceptOffer,
    AddCandidate,
    CloseLink,
    CreateOffer,
    LinkId,
    SendSignal,
)
from peer.crypto.handshake import Role
from peer.ids import PeerId
from peer.log import acts
from peer.ports import Channel, Signal, SignalKind
from peer.wire.frames import ControlEvents, Heartbeat

from ...support.insider import THEIR_FINGERPRINTS, Insider
from ...support.keys import START_MS, membership_of
from ...support.links import ANN, CHAT, LARGER, SMALLER, Bench, bob

# ---- who offers


@pytest.mark.parametrize("peer", [SMALLER, LARGER])
def test_joiner_offers_to_those_already_present(peer: str) -> None:
    """Whatever the ids: it knows of them, they do not know of it yet."""
    bench = Bench()
    bench.join(peer)
    assert [create.link.peer for create in bench.take(CreateOffer)] == [peer]


def test_peer_named_twice_by_the_server_is_met_once() -> None:
    """A roster is input from outside: it may say anything, and trips no assert."""
    bench = Bench()
    bench.join(LARGER, LARGER, ANN)
    bench.roster(LARGER, LARGER, ANN)
    assert len(bench.take(CreateOffer)) == 1


@pytest.mark.parametrize("peer", [SMALLER, LARGER])
def test_those_present_wait_three_seconds_for_the_joiners_offer(peer: str) -> None:
    """Then they offer themselves: its offer may be lost."""
    bench = Bench()
    bench.links.attempts.peer_joined(PeerId(peer), now=0.0)
    bench.wait(2.99)
    assert bench.take(CreateOffer) == []
    bench.wait(0.01)
    assert [create.link.peer for create in bench.take(CreateOffer)] == [peer]


def test_after_an_outage_the_smaller_id_offers_at_once() -> None:
    """Both were there already; the larger one waits before it takes over."""
    bench = Bench()
    bench.roster(SMALLER, LARGER)
    bench.wait(0.0)
    assert [create.link.peer for create in bench.take(CreateOffer)] == [LARGER]
    bench.wait(10.0)
    assert SMALLER in [create.link.peer for create in bench.take(CreateOffer)]


def test_joiner_whose_offer_came_is_not_offered_to() -> None:
    """The answer is our part."""
    bench, other = Bench(), bob()
    bench.links.attempts.peer_joined(other.peer_id, now=0.0)
    bench.linked(other)
    for _ in range(10):
        bench.wait(1.0)
        bench.say(other, other.link_id(b"attempt."), Heartbeat(), channel=Channel.EPHEMERAL)
    assert bench.take(CreateOffer) == []


@pytest.mark.parametrize("peer", [SMALLER, LARGER])
def test_crossing_offers_make_one_link(peer: str) -> None:
    """The offer of the smaller id stands, the other one is rolled back."""
    bench, other = Bench(), bob(peer)
    ours = bench.offering(peer)
    theirs = bench.hear(other, "offer")
    if peer == SMALLER:
        assert bench.take(CloseLink) == [CloseLink(ours, "replaced")]
        assert [accept.link for accept in bench.take(AcceptOffer)] == [theirs]
    else:
        assert bench.take(CloseLink) + bench.take(AcceptOffer) == []
        bench.hear(other, "answer", attempt=ours.attempt)
        assert [accept.link for accept in bench.take(AcceptAnswer)] == [ours]


# ---- offers and answers


def test_our_offer_becomes_a_link() -> None:
    """Offer, answer, path, handshake, introductions."""
    bench, other = Bench(), bob()
    link = bench.offering()
    bench.hear(other, "answer", "their answer", attempt=link.attempt)
    assert bench.take(AcceptAnswer) == [AcceptAnswer(link, "their answer")]
    bench.links.answer_accepted(link, THEIR_FINGERPRINTS, now=0.0)
    bench.shake(other, link, role=Role.RESPONDER)
    assert bench.waiting == [other.peer_id]
    bench.say(other, link, other.introduction())
    [linked] = bench.take(Linked)
    assert (linked.peer, linked.introduction.name, linked.told.name) == (other.peer_id, "bob", "ann")
    assert bench.waiting == []


def test_signals_are_sealed_for_their_recipient() -> None:
    """The server relays what it cannot read; the attempt is inside."""
    bench, other = Bench(), bob()
    bench.join(LARGER)
    [create] = bench.take(CreateOffer)
    bench.links.offer_created(create.link, "our offer")
    [sent] = bench.take(SendSignal)
    assert "offer" not in sent.signal.body
    description = other.read(sent.signal, sender=ANN)
    assert (description.attempt, description.text) == (create.link.attempt, "our offer")


def test_candidate_of_the_attempt_under_way_is_applied() -> None:
    """One of any other attempt is not."""
    bench, other = Bench(), bob()
    link = bench.answering(other)
    bench.hear(other, "candidate", "candidate:1")
    bench.hear(other, "candidate", "candidate:2", attempt=b"another.")
    assert bench.take(AddCandidate) == [AddCandidate(link, "candidate:1")]


def test_bye_ends_the_attempt_under_way() -> None:
    """They cannot have it; one of any other attempt says nothing."""
    bench, other = Bench(), bob()
    link = bench.answering(other)
    bench.hear(other, "bye", attempt=b"another.")
    assert bench.take(CloseLink) == []
    bench.hear(other, "bye")
    assert bench.take(CloseLink) == [CloseLink(link, "refused")]


def test_candidates_found_later_follow_the_description() -> None:
    """Sealed for the peer of the attempt, the end of them as well; of an attempt that is over they are dropped."""
    bench, other = Bench(), bob()
    link = bench.answering(other)
    for line in ("candidate:1", ""):
        bench.links.attempts.candidate_gathered(link, line)
    signals = [sent.signal for sent in bench.take(SendSignal)]
    assert [(signal.kind, signal.remote) for signal in signals] == [("candidate", LARGER)] * 2
    assert [other.read(signal, sender=ANN).text for signal in signals] == ["candidate:1", ""]
    bench.links.attempts.candidate_gathered(LinkId(link.peer, b"another."), "candidate:2")
    bench.links.link_closed(link, now=bench.now)
    bench.links.attempts.candidate_gathered(link, "candidate:2")
    bench.links.attempts.candidate_gathered(LinkId(PeerId("nobody"), link.attempt), "candidate:2")
    assert bench.take(SendSignal) == []


@pytest.mark.parametrize("kind", ["answer", "candidate", "bye"])
def test_only_offers_introduce_a_peer(kind: SignalKind) -> None:
    """What is left over from a peer that is gone must not bring it back to life."""
    bench, other = Bench(), bob()
    bench.hear(other, kind)
    assert bench.waiting == []
    assert bench.drain() == []


def test_answer_to_nothing_is_dropped() -> None:
    """It names an attempt that we did not make."""
    bench, other = Bench(), bob()
    bench.offering()
    bench.hear(other, "answer", attempt=b"another.")
    assert bench.take(AcceptAnswer) == []


def test_unreadable_signals_are_dropped_without_a_trace() -> None:
    """Garbage, another room's seal, a signal turned into another kind or sender, a well-sealed nonsense."""
    bench, other = Bench(), bob()
    good = other.signal("offer", attempt=b"attempt.", to=ANN)
    for signal in (
        Signal("offer", other.peer_id, "garbage"),
        Signal("offer", other.peer_id, good.body[:-1]),
        Signal("answer", other.peer_id, good.body),
        Signal("offer", PeerId("somebody else"), good.body),
        other.signal("offer", attempt=b"too short"[:7], to=ANN),
        other.signal("offer", attempt=b"attempt.", to=PeerId("somebody else")),
    ):
        bench.links.attempts.receive_signal(signal, now=0.0)
    assert bench.drain() == []
    assert bench.waiting == []
    assert bench.links.next_deadline() is None


def test_results_of_an_attempt_that_was_given_up_are_dropped() -> None:
    """The driver's tasks may come late; nothing of them is sent."""
    bench, other = Bench(), bob()
    link = bench.answering(other)
    bench.links.link_closed(link, now=0.0)
    bench.drain()
    bench.seen.clear()
    bench.links.offer_created(link, "sdp")
    bench.links.answer_created(link, "sdp", THEIR_FINGERPRINTS, now=0.0)
    bench.links.answer_accepted(link, THEIR_FINGERPRINTS, now=0.0)
    bench.links.link_opened(link, now=0.0)
    bench.links.link_closed(link, now=0.0)
    bench.links.receive(link, Channel.EVENTS, b"", now=0.0)
    bench.links.link_closed(LinkId(PeerId("nobody"), b"attempt."), now=0.0)
    assert bench.drain() == []


# ---- retries


def test_attempts_are_repeated_with_growing_pauses_for_as_long_as_the_peer_is_present() -> None:
    """Each takes ten seconds; the n-th pause is drawn evenly from up to 0.5 s times 2 to the n, a minute at most."""
    bench = Bench()
    bench.join(LARGER)
    started = []
    while bench.now < 3000:
        bench.wait(0.05)
        started += [bench.now for _ in bench.take(CreateOffer)]
    pauses = [later - earlier - 10 for earlier, later in pairwise(started)]
    assert all(pause <= min(60, 0.5 * 2**tries) + 0.1 for tries, pause in enumerate(pauses, start=1))
    assert max(pauses) > 40
    assert 3000 / 70 <= len(started) <= 3000 / 20
    bench.links.attempts.peer_left(PeerId(LARGER), now=bench.now)
    bench.wait(200)
    assert bench.take(CreateOffer) == []


def test_peer_that_the_server_does_not_name_is_tried_a_few_times() -> None:
    """Its one offer may have been played again."""
    bench, other = Bench(), bob()
    bench.hear(other, "offer")
    bench.wait(600)
    assert len(bench.take(CreateOffer)) == 4


def test_peer_is_expected_until_its_first_attempt_has_failed() -> None:
    """Named, then offered to: its link may open any moment. A ghost shows itself by the first failure."""
    bench = Bench()
    bench.roster("a-bob")
    assert bench.links.attempts.arriving() == ["a-bob"]
    bench.offering(LARGER)
    assert bench.links.attempts.arriving() == ["a-bob", LARGER]
    bench.wait(bench.config.link_timeout_s + 1)
    assert bench.links.attempts.arriving() == ["a-bob"]
    bench.wait(bench.config.link_timeout_s)
    assert bench.links.attempts.arriving() == []
    assert bench.waiting == ["a-bob", LARGER]


def test_peer_that_comes_back_is_tried_again() -> None:
    """A roster or its joining starts the count anew."""
    bench = Bench(Config(retry_max_s=1e9, retry_base_s=1e6))
    bench.join(LARGER)
    bench.wait(200)
    assert len(bench.take(CreateOffer)) == 1
    bench.roster(LARGER)
    bench.wait(0)
    assert len(bench.take(CreateOffer)) == 1


def test_peer_named_again_is_not_kept_waiting_by_an_old_back_off() -> None:
    """What delayed the next attempt may be over."""
    bench = Bench()
    bench.join(LARGER)
    bench.wait(10.1)
    assert len(bench.take(CreateOffer)) == 1
    bench.roster(LARGER)
    bench.wait(0)
    assert len(bench.take(CreateOffer)) == 1


def test_lost_link_is_offered_again_by_the_smaller_id_first() -> None:
    """Both notice; the larger one gives the other a head start."""
    for peer, first_s, latest_s in ((LARGER, 0.0, 0.5), (SMALLER, 3.0, 3.5)):
        bench, other = Bench(), bob(peer)
        link = bench.linked(other)
        bench.links.link_closed(link, now=0.0)
        bench.wait(max(first_s - 0.01, 0.0))
        assert bench.take(CreateOffer) == []
        bench.wait(latest_s - first_s + 0.01)
        assert len(bench.take(CreateOffer)) == 1


def test_whoever_offered_last_offers_again_first() -> None:
    """After a failed attempt the answerer waits for the offerer."""
    bench, other = Bench(), bob(LARGER)
    link = bench.answering(other)
    bench.links.link_closed(link, now=0.0)
    bench.wait(3.0)
    assert bench.take(CreateOffer) == []
    bench.wait(1.0)
    assert len(bench.take(CreateOffer)) == 1


def test_attempt_under_way_takes_the_place_of_a_planned_one() -> None:
    """Their offer came while we were waiting to make ours; the roster finds it under way."""
    bench, other = Bench(), bob()
    bench.roster(LARGER)
    bench.answering(other)
    bench.roster(LARGER)
    bench.wait(5.0)
    assert bench.take(CreateOffer) == []


def test_peer_that_is_planned_for_is_not_planned_twice() -> None:
    """Hearing of it again neither hastens nor delays."""
    bench = Bench()
    bench.links.attempts.peer_joined(PeerId(LARGER), now=0.0)
    bench.links.attempts.peer_joined(PeerId(LARGER), now=2.0)
    bench.wait(3.0)
    assert len(bench.take(CreateOffer)) == 1


# ---- repeated offers


def test_offer_played_again_does_not_touch_the_link_it_made() -> None:
    """A server may repeat what it has; a second link of the same id would take the frames of the first."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    bench.hear(other, "offer")
    assert bench.take(AcceptOffer) == []
    bench.say(other, link, CHAT)
    assert bench.take(Received) == [Received(other.peer_id, other.member_id, CHAT)]


def test_new_offer_replaces_the_link_only_when_it_is_proven() -> None:
    """The peer lost its end and comes back; until then the old link counts, and nobody is told of the change."""
    bench, other, again = Bench(), bob(), bob()
    old = bench.linked(other)
    new = bench.answering(again, attempt=b"another.")
    bench.say(other, old, CHAT)
    assert bench.take(Received) == [Received(other.peer_id, other.member_id, CHAT)]
    bench.shake(again, new, role=Role.INITIATOR)
    assert bench.take(CloseLink) == []
    bench.say(again, new, again.introduction())
    assert bench.take(CloseLink) == [CloseLink(old, "replaced")]
    assert len(bench.take(Linked)) == 1
    assert bench.take(Unlinked) == []
    bench.say(again, new, CHAT)
    assert bench.take(Received) == [Received(other.peer_id, other.member_id, CHAT)]


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


# ---- bounds


def test_server_that_makes_up_peers_grows_nothing_past_the_bound() -> None:
    """Neither by joins, nor by a roster, nor by offers of a member it serves."""
    bench = Bench(Config(max_peers=3))
    bench.join(*(f"z-{number}" for number in range(1000)))
    bench.roster(*(f"z-{number}" for number in range(1000)))
    for number in range(1000):
        bench.links.attempts.peer_joined(PeerId(f"y-{number}"), now=0.0)
        bench.hear(Insider("bob", peer_id=f"x-{number}"), "offer")
    assert len(bench.waiting) == 3
    assert len(bench.take(CreateOffer)) == 3
    assert len(bench.take(AcceptOffer)) == 3


def test_of_offers_that_come_too_fast_the_latest_waits() -> None:
    """Each answer costs sockets: one in half a second, whatever became of the last. None is waited for in vain."""
    bench = Bench()
    for number in range(100):
        bench.hear(bob(), "offer", attempt=number.to_bytes(8))
        bench.wait(0.01)
    bench.wait(0.5)
    accepted = [accept.link.attempt for accept in bench.take(AcceptOffer)]
    assert accepted[0] == bytes(8)
    assert accepted[-1] == (99).to_bytes(8)
    assert len(accepted) == 3


def test_quick_second_try_of_theirs_is_answered_in_time() -> None:
    """Their first attempt failed at once, and they are back before we may answer again."""
    bench, other = Bench(), bob()
    link = bench.answering(other)
    bench.wait(0.1)
    bench.links.link_closed(link, now=bench.now)
    bench.hear(other, "offer", attempt=b"another.")
    bench.wait(0.4)
    assert [accept.link.attempt for accept in bench.take(AcceptOffer)] == [b"another."]


def test_answer_to_an_offer_that_we_gave_up_is_told_so() -> None:
    """They would wait for us in vain; once in half a second, whoever plays the answer again."""
    bench, other = Bench(), bob()
    link = bench.offering()
    bench.links.link_closed(link, now=0.0)
    for _ in range(3):
        bench.hear(other, "answer", attempt=link.attempt)
    [sent] = bench.take(SendSignal)
    assert sent.signal.kind == "bye"
    assert other.read(sent.signal, sender=ANN).attempt == link.attempt


def test_after_we_were_away_all_who_are_present_are_tried_at_once() -> None:
    """Whatever kept us from them may be over; those who are linked are left alone."""
    bench, other = Bench(Config(retry_max_s=1e9, retry_base_s=1e6)), bob()
    bench.linked(other)
    bench.roster(other.peer_id, "z-cy")
    bench.wait(15)
    bench.take(CreateOffer)
    bench.links.attempts.hurry(now=bench.now)
    bench.wait(0.25)
    assert PeerId("z-cy") in [create.link.peer for create in bench.take(CreateOffer)]


def test_what_was_signalled_is_said_again_over_a_new_connection_to_the_server() -> None:
    """The last of it went down with the old one, perhaps; the first roster of all tells of no old one."""
    bench = Bench()
    link = bench.offering()
    bench.links.attempts.candidate_gathered(link, "candidate:1")
    bench.take(SendSignal)
    bench.roster(LARGER)
    assert bench.take(SendSignal) == []
    bench.roster(LARGER)
    assert [sent.signal.kind for sent in bench.take(SendSignal)] == ["offer", "candidate"]
    assert bench.take(CreateOffer) == []


def test_link_that_is_open_is_signalled_about_no_more() -> None:
    bench, other = Bench(), bob()
    bench.roster(LARGER)
    bench.linked(other)
    bench.roster(LARGER)
    assert bench.take(SendSignal) == []


def test_offer_that_was_lost_is_said_again_when_theirs_collides_with_it() -> None:
    """Theirs gives way to ours, but they would not offer had they got it; two that just cross are no such thing."""
    bench, other = Bench(), bob()
    bench.offering(other.peer_id)
    bench.hear(other, "offer", attempt=b"crossing")
    assert bench.take(SendSignal) == []
    bench.wait(3.0)
    bench.hear(other, "offer", attempt=b"another.")
    bench.hear(other, "offer", attempt=b"repeated")
    [sent] = bench.take(SendSignal)
    assert (sent.signal.kind, bench.take(AcceptOffer)) == ("offer", [])


def test_answer_that_was_lost_is_said_again_when_they_ask_again() -> None:
    bench, other = Bench(), bob()
    bench.answering(other)
    bench.wait(1.0)
    bench.hear(other, "offer")
    assert [sent.signal.kind for sent in bench.take(SendSignal)] == ["answer"]
    assert bench.take(AcceptOffer) == []


def test_attempts_under_way_when_our_network_changed_are_begun_anew() -> None:
    """They told of addresses that are ours no more, or of none at all."""
    bench = Bench(Config(retry_max_s=1e9, retry_base_s=1e6))
    link = bench.offering()
    bench.links.attempts.start_over(now=bench.now)
    bench.wait(0.25)
    assert [closed.link for closed in bench.take(CloseLink)] == [link]
    [create] = bench.take(CreateOffer)
    assert create.link != link
    assert "our network changed meanwhile" in [change.reason for change in bench.take(Changed)]


def test_candidates_of_an_offer_that_waits_wait_with_it() -> None:
    """It is answered half a second later; without them there would be no path. No more are kept than a link takes."""
    bench, other = Bench(), bob()
    bench.links.link_closed(bench.answering(other), now=bench.now)
    bench.hear(other, "offer", attempt=b"another.")
    for number in range(40):
        bench.hear(other, "candidate", f"candidate:{number}", attempt=b"another.")
    assert bench.take(AddCandidate) == []
    bench.wait(0.5)
    assert [accept.link.attempt for accept in bench.take(AcceptOffer)] == [b"another."]
    assert [added.candidate for added in bench.take(AddCandidate)] == [f"candidate:{number}" for number in range(32)]


def test_copy_of_an_offer_that_came_too_soon_keeps_nobody_awake() -> None:
    """The link that it made is open by the time it is looked at."""
    bench, other = Bench(), bob()
    link = bench.answering(other)
    bench.wait(0.1)
    bench.hear(other, "offer")
    bench.shake(other, link, role=Role.INITIATOR)
    bench.say(other, link, other.introduction())
    bench.wait(0.5)
    deadline = bench.links.next_deadline()
    assert deadline is not None
    assert deadline > bench.now


def test_states_of_a_peer_are_told_as_they_are() -> None:
    """From its name at the server to its end; the reason is a sentence."""
    bench = Bench(Config(retry_max_s=1e9, retry_base_s=1e6))
    bench.offering()
    bench.wait(11)
    bench.roster()
    told = [(change.state, change.reason) for change in bench.take(Changed)]
    assert told == [
        ("new", ""),
        ("connecting", ""),
        ("lost", "it did not answer in time"),
        ("closed", "the signaling server says that it left"),
    ]


def test_peer_without_a_place_is_offered_to_when_a_silent_one_has_failed() -> None:
    """The first one was a ghost: an attempt later it makes way."""
    bench = Bench(Config(max_peers=1))
    bench.join("z-ghost", "z-bob")
    assert [create.link.peer for create in bench.take(CreateOffer)] == ["z-ghost"]
    bench.wait(10)
    assert [create.link.peer for create in bench.take(CreateOffer)] == ["z-bob"]


def test_peer_that_left_while_it_waited_for_a_place_is_not_offered_to() -> None:
    """Whether the server says so by itself or by a roster."""
    for is_told_by_roster in (False, True):
        bench = Bench(Config(max_peers=1))
        bench.join("z-ghost", "z-bob")
        bench.take(CreateOffer)
        if is_told_by_roster:
            bench.roster("z-ghost")
        else:
            bench.links.attempts.peer_left(PeerId("z-bob"), now=0.0)
        bench.wait(10)
        assert bench.take(CreateOffer) == []


def test_room_for_another_peer_comes_with_a_departure() -> None:
    """The bound counts those who are there."""
    bench = Bench(Config(max_peers=1))
    bench.links.attempts.peer_joined(PeerId("z-1"), now=0.0)
    bench.links.attempts.peer_left(PeerId("z-1"), now=0.0)
    bench.links.attempts.peer_joined(PeerId("z-2"), now=0.0)
    assert bench.waiting == ["z-2"]


# ---- who goes


def test_attempt_ends_when_its_peer_is_gone() -> None:
    """There is nobody to link to; the same by a roster without it."""
    for is_told_by_roster in (False, True):
        bench = Bench()
        link = bench.offering()
        if is_told_by_roster:
            bench.roster()
        else:
            bench.links.attempts.peer_left(PeerId(LARGER), now=0.0)
        assert bench.take(CloseLink) == [CloseLink(link, "gone")]
        assert bench.links.next_deadline() is None


def test_departure_of_a_stranger_says_nothing() -> None:
    """The server may name anybody."""
    bench = Bench()
    bench.links.attempts.peer_left(PeerId("nobody"), now=0.0)
    assert bench.drain() == []


def test_proven_link_outlives_the_servers_word_also_in_the_lobby() -> None:
    """And a bye, which is for attempts that came to nothing."""
    bench, other = Bench(membership=membership_of("ann")), bob()
    link = bench.answering(other)
    bench.shake(other, link, role=Role.INITIATOR)
    bench.links.attempts.peer_left(other.peer_id, now=0.0)
    bench.hear(other, "bye")
    assert bench.take(CloseLink) == []
    assert bench.links.attempts.peers_of(other.member_id) == [other.peer_id]


# ---- who is still to be met


def test_peer_is_to_be_met_until_its_first_handshake_is_done_or_has_failed() -> None:
    """Then whoever is new may conclude that nobody knows its invite."""
    bench, other = Bench(membership=membership_of("ann")), bob()
    attempts = bench.links.attempts
    assert not attempts.is_meeting
    link = bench.answering(other)
    assert attempts.is_meeting
    assert not attempts.has_tried_all
    bench.shake(other, link, role=Role.INITIATOR)
    assert not attempts.is_meeting
    assert attempts.has_tried_all
    bench.offering("z-cy")
    bench.roster(LARGER, "z-cy")
    assert attempts.is_meeting
    bench.wait(bench.config.link_timeout_s)
    assert attempts.has_tried_all


def test_nothing_is_owed_to_who_is_outside() -> None:
    """Whom an admin has yet to let in, and whom we removed: what is said now is none of their business."""
    ann = membership_of("ann", approve=True)
    bench, other = Bench(membership=ann), bob()
    link = bench.answering(other)
    bench.shake(other, link, role=Role.INITIATOR)
    assert bench.waiting == [other.peer_id]
    guest = membership_of("bob", approve=True)
    guest.learn(ann.genesis)
    guest.take_in(ann.export(), relay=ann.me, now_ms=START_MS)
    join = guest.maybe_join(now_ms=START_MS)
    assert join is not None
    bench.say(other, link, ControlEvents(b"", (join,), False))
    assert ann.is_waiting(other.member_id)
    assert bench.waiting == []
    assert ann.authority is not None
    ann.write(acts.kick(ann.authority, ann.me, other.member_id), now_ms=START_MS)
    assert ann.is_barred(other.member_id)
    assert bench.waiting == []


@pytest.mark.parametrize("is_back", [False, True])
def test_peer_whose_path_broke_and_who_left_during_a_new_attempt_is_lost_once(is_back: bool) -> None:
    """The server, restarted perhaps, does not name it; whether it does so later, the user is told."""
    bench = Bench()
    link = bench.linked(bob())
    bench.links.link_closed(link, now=bench.now)
    bench.wait(0.6)
    assert bench.take(CreateOffer)
    bench.roster()
    if is_back:
        bench.hear(bob(), "offer", attempt=b"another.")
    bench.wait(30)
    assert [unlinked.reason for unlinked in bench.take(Unlinked)] == ["lost"]
