"""The links of one room, driven by hand: who offers, what is retried, what a link's end means.

The others are insiders (tests/support): real handshakes, real seals. Whole rooms are in tests/network/.
"""

from __future__ import annotations

import pytest

from peer.config import Config
from peer.core.contact import Changed, Linked, Received, Unlinked
from peer.core.machine import (
    AcceptOffer,
    CloseLink,
    CreateOffer,
    LinkId,
    Transmit,
)
from peer.crypto.handshake import Role
from peer.ids import PeerId
from peer.log import acts
from peer.ports import Channel, PeerInfo, PeerJoinedRoom, PeerLeftRoom, Roster
from peer.wire.frames import (
    ControlDigest,
    ControlEvents,
    ControlFrame,
    FloodNotice,
    Goodbye,
    Heartbeat,
    Introduction,
    Knock,
    PresenceUpdate,
)

from ...support.insider import Insider
from ...support.keys import START_MS, membership_of
from ...support.links import ANN, CHAT, LARGER, SMALLER, Bench, bob

# ---- the end of a link


def test_goodbye_is_told_as_left_and_nobody_is_called_back() -> None:
    """At once, before the server says anything."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    bench.say(other, link, Goodbye())
    assert bench.take(Unlinked) == [Unlinked(other.member_id, "left")]
    assert bench.take(CloseLink) == [CloseLink(link, "left")]
    assert bench.links.next_deadline() is None


def test_silence_is_told_as_lost() -> None:
    """After four and a half seconds; suspect before."""
    bench, other = Bench(), bob()
    bench.linked(other)
    bench.take(Changed)
    bench.wait(4.49)
    assert bench.take(Unlinked) == []
    assert [change.state for change in bench.take(Changed)] == ["suspect"]
    bench.wait(0.01)
    assert [change.state for change in bench.take(Changed)] == ["lost"]
    assert bench.take(Unlinked) == [Unlinked(other.member_id, "lost")]


def test_link_that_ends_without_goodbye_is_lost_even_if_the_server_saw_its_peer_leave() -> None:
    """Only a goodbye is one: a process that was killed did not say it."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    bench.links.attempts.peer_left(other.peer_id, now=0.0)
    bench.links.link_closed(link, now=0.0)
    assert bench.take(Unlinked) == [Unlinked(other.member_id, "lost")]


def test_open_link_outlives_what_the_server_says() -> None:
    """The server may be wrong, or lie."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    bench.seen.clear()
    bench.links.attempts.peer_left(other.peer_id, now=0.0)
    bench.roster()
    assert bench.drain() == []
    bench.say(other, link, CHAT)
    assert bench.take(Received) == [Received(other.peer_id, other.member_id, CHAT)]


def test_member_with_two_processes_is_unlinked_by_the_last() -> None:
    """A member is here while one of its links is."""
    bench, one, two = Bench(), bob("z-1"), bob("z-2")
    links = [bench.linked(each) for each in (one, two)]
    bench.links.link_closed(links[0], now=0.0)
    for _ in range(10):
        bench.say(two, links[1], Heartbeat(), channel=Channel.EPHEMERAL)
        bench.wait(1.0)
    assert bench.take(Unlinked) == []
    bench.say(two, links[1], Goodbye())
    assert bench.take(Unlinked) == [Unlinked(one.member_id, "left")]


def test_leaving_says_goodbye_to_everybody_and_forgets_them() -> None:
    """Links, attempts and plans alike; after that nothing is awaited."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    attempt = bench.offering("z-cy")
    bench.links.attempts.peer_joined(PeerId("z-dan"), now=0.0)
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


# ---- the lobby


def in_lobby(*, role: Role = Role.INITIATOR) -> tuple[Bench, Insider, LinkId]:
    """Ann owns a private room; bob's handshake is done."""
    bench, other = Bench(membership=membership_of("ann")), bob()
    link = bench.answering(other)
    bench.shake(other, link, role=role)
    return bench, other, link


def pass_lobby(bench: Bench, other: Insider, link: LinkId) -> None:
    """Bob comes in by the open invite, and introduces himself."""
    told = other.enter_lobby(membership_of("bob"), bench.membership.me)
    heard = [frame for frame in other.heard if isinstance(frame, ControlFrame)]
    while told or heard:
        for frame in told:
            bench.say(other, link, frame)
        told = [reply for frame in heard for reply in other.answer(frame)]
        seen = len(other.heard)
        for sent in bench.take(Transmit):
            other.receive(sent.channel, sent.data)
        heard = [frame for frame in other.heard[seen:] if isinstance(frame, ControlFrame)]
    bench.say(other, link, other.introduction())


def test_guest_is_linked_once_both_are_members() -> None:
    """Nobody is told of who is in the lobby, and ours is the first introduction."""
    bench, other, link = in_lobby()
    assert bench.take(Linked) == []
    assert other.heard == [ControlDigest(bench.membership.digest())]
    pass_lobby(bench, other, link)
    [linked] = bench.take(Linked)
    assert linked.member == other.member_id
    assert [type(frame) for frame in other.heard].count(Introduction) == 1


def test_introduction_of_a_ghost_ends_the_link() -> None:
    """It holds the room's secret, and nothing more."""
    bench, other, link = in_lobby()
    bench.say(other, link, other.introduction())
    assert bench.take(Linked) == []
    assert bench.take(CloseLink) == [CloseLink(link, "UnexpectedFrame")]
    assert [type(frame) for frame in other.heard] == [ControlDigest]


def test_goodbye_in_the_lobby_is_heard() -> None:
    """Whoever gives up waiting says so; there was no member to miss."""
    bench, other, link = in_lobby()
    bench.say(other, link, Goodbye())
    assert bench.take(CloseLink) == [CloseLink(link, "left")]
    assert bench.take(Unlinked) == []
    assert not bench.links.lobby.knows(link)


def test_ghost_is_let_go_of_when_its_time_is_over() -> None:
    """The timer of the links wakes the lobby."""
    bench, other, link = in_lobby()
    for _ in range(9):
        bench.wait(1.0)
        bench.say(other, link, Heartbeat(), channel=Channel.EPHEMERAL)
    bench.wait(0.9)
    assert bench.take(CloseLink) == []
    bench.wait(0.2)
    assert bench.take(CloseLink) == [CloseLink(link, "nothing to wait for")]


def test_removed_member_is_unlinked_at_once_and_not_called_back() -> None:
    """What is in flight from it is not heard; it is not let into the lobby again."""
    bench, other, link = in_lobby()
    pass_lobby(bench, other, link)
    in_flight = other.seal(CHAT)
    ann = bench.membership
    assert ann.authority is not None
    bench.links.lobby.publish(
        ann.write(acts.kick(ann.authority, ann.me, other.member_id), now_ms=START_MS), now=bench.now
    )
    bench.links.obey(now=bench.now)
    bench.links.receive(link, Channel.EVENTS, in_flight, now=bench.now)
    assert bench.take(Received) == []
    assert bench.take(Unlinked) == [Unlinked(other.member_id, "removed")]
    assert bench.take(CloseLink) == [CloseLink(link, "removed")]
    for sent in bench.take(Transmit):
        other.receive(sent.channel, sent.data)
    assert isinstance(other.heard[-1], ControlEvents), "it is told why"
    bench.wait(60)
    assert bench.take(CreateOffer) == []
    again = bob()
    new = bench.answering(again, attempt=b"another.")
    bench.shake(again, new, role=Role.INITIATOR)
    assert bench.take(CloseLink) == [CloseLink(new, "HandshakeFailed")]


def test_orders_for_links_that_are_gone_are_passed_over() -> None:
    """The lobby may speak of a link that has ended meanwhile."""
    bench, other, link = in_lobby()
    bench.links.lobby.publish([b"anything"], now=0.0)
    bench.links.attempts.contacts.forget(other.peer_id)
    bench.drain()
    bench.seen.clear()
    bench.links.obey(now=0.0)
    assert bench.drain() == []
    assert bench.links.lobby.knows(link)


def test_word_of_the_server_makes_and_ends_attempts() -> None:
    """Whoever is named is met; whoever left is given up; an envelope reaches the attempt that it is for."""
    bench, other = Bench(), bob()
    info = PeerInfo(other.peer_id, "", "")
    bench.links.receive_signaling(PeerJoinedRoom(info), now=0.0)
    assert bench.waiting == [other.peer_id]
    bench.links.receive_signaling(other.signal("offer", "sdp", attempt=b"attempt.", to=ANN), now=0.0)
    assert [accept.sdp for accept in bench.take(AcceptOffer)] == ["sdp"]
    bench.links.receive_signaling(Roster((info,)), now=0.0)
    assert bench.take(CloseLink) == []
    bench.links.receive_signaling(PeerLeftRoom(other.peer_id, "timeout"), now=0.0)
    assert [closed.reason for closed in bench.take(CloseLink)] == ["gone"]


def test_link_to_a_member_is_the_open_one() -> None:
    """None before it is open, and after."""
    bench, other = Bench(), bob()
    attempt = bench.answering(other)
    assert bench.links.link_to(other.member_id) is None
    bench.shake(other, attempt, role=Role.INITIATOR)
    bench.say(other, attempt, other.introduction())
    assert bench.links.link_to(other.member_id) == attempt
    bench.links.link_closed(attempt, now=bench.now)
    assert bench.links.link_to(other.member_id) is None


# ---- floods


def flooded(bench: Bench, other: Insider) -> LinkId:
    """One frame more than it may send."""
    link = bench.linked(other)
    for _ in range(bench.config.receive_burst + 1):
        bench.say(other, link, PresenceUpdate("away"))
    return link


def test_flood_is_cut_and_told_why() -> None:
    """It may be an honest program with a mistake; nothing that it sent beyond is heard."""
    bench, other = Bench(config=Config(receive_burst=5)), bob()
    link = flooded(bench, other)
    assert [closed.reason for closed in bench.take(CloseLink)] == ["flooded"]
    assert bench.take(Unlinked) == [Unlinked(other.member_id, "flooded")]
    assert len(bench.take(Received)) == 4  # its introduction was the first
    for output in bench.take(Transmit):
        other.receive(output.channel, output.data)
    assert other.heard[-1] == FloodNotice(30)
    bench.say(other, link, CHAT)
    assert bench.take(Received) == []


@pytest.mark.parametrize("is_member", [True, False])
def test_flood_of_control_frames_is_told_and_paused_as_well(is_member: bool) -> None:
    """From the lobby or from a member: no kind of flood is forgotten with its link."""
    bench, other = Bench(membership=membership_of("ann"), config=Config(control_burst=60)), bob()
    link = bench.answering(other)
    bench.shake(other, link, role=Role.INITIATOR)
    if is_member:
        pass_lobby(bench, other, link)
    for _ in range(61):
        bench.say(other, link, Knock("bob"))
    assert [closed.reason for closed in bench.take(CloseLink)] == ["flooded"]
    assert bench.take(Unlinked) == ([Unlinked(other.member_id, "flooded")] if is_member else [])
    for output in bench.take(Transmit):
        other.receive(output.channel, output.data)
    assert other.heard[-1] == FloodNotice(30)
    disguised = bob("z-other")
    bench.shake(disguised, bench.answering(disguised, attempt=b"disguise"), role=Role.INITIATOR)
    assert [closed.reason for closed in bench.take(CloseLink)] == ["HandshakeFailed"]


def test_flooder_is_not_linked_again_for_a_while() -> None:
    """Neither by an offer of its own, nor under another peer id, nor by an offer of ours."""
    bench, other = Bench(config=Config(receive_burst=5)), bob()
    flooded(bench, other)
    bench.now += 1.0
    bench.hear(other, "offer", attempt=b"another!")
    assert bench.take(AcceptOffer) == []
    disguised = bob("z-other")
    bench.take(Transmit)
    link = bench.answering(disguised, attempt=b"disguise")
    bench.shake(disguised, link, role=Role.INITIATOR)
    assert [closed.reason for closed in bench.take(CloseLink)] == ["flooded", "HandshakeFailed"]
    bench.wait(20.0)
    assert [create.link.peer for create in bench.take(CreateOffer) if create.link.peer == LARGER] == []
    bench.wait(40.0)
    assert LARGER in {create.link.peer for create in bench.take(CreateOffer)}


def test_who_was_cut_for_a_flood_waits() -> None:
    """The other side would refuse it before."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    bench.say(other, link, FloodNotice(30))
    assert bench.take(Unlinked) == [Unlinked(other.member_id, "cut")]
    bench.wait(29.0)
    assert bench.take(CreateOffer) == []
    bench.wait(31.0)
    assert len(bench.take(CreateOffer)) >= 1


def test_garbage_on_the_ephemeral_channel_is_not_free() -> None:
    """It is dropped, and counted."""
    bench, other = Bench(config=Config(passing_burst=5)), bob()
    link = bench.linked(other)
    for _ in range(6):
        bench.links.receive(link, Channel.EPHEMERAL, b"garbage", now=bench.now)
    assert bench.take(Unlinked) == [Unlinked(other.member_id, "flooded")]


def test_link_that_is_gone_is_passed_over() -> None:
    """Whoever still has something for it, or against it, is late."""
    bench, other = Bench(), bob()
    link = bench.linked(other)
    assert bench.links.is_open(link)
    assert bench.links.link_to(other.member_id) == link
    bench.links.cut(link, "enough", now=bench.now)
    assert [closed.reason for closed in bench.take(CloseLink)] == ["enough"]
    bench.take(Transmit)
    bench.links.cut(link, "again", now=bench.now)
    bench.links.dismiss(link, now=bench.now)
    bench.links.send_on(link, CHAT, now=bench.now)
    assert bench.take(CloseLink) == []
    assert bench.take(Transmit) == []
    assert not bench.links.is_open(link)
    assert bench.links.link_to(other.member_id) is None


def test_probed_link_that_shows_nothing_is_made_anew_and_a_nap_is_forgiven() -> None:
    """Both try those at once who are present and not linked."""
    bench, other = Bench(), bob()
    bench.linked(other)
    bench.roster(other.peer_id)
    bench.links.probe(now=bench.now)
    bench.wait(2.01)
    assert [closed.reason for closed in bench.take(CloseLink)] == ["lost"]
    napping, late = Bench(), bob()
    napping.linked(late)
    assert napping.links.next_deadline() is not None
    napping.now += 60
    napping.links.handle_timeout(now=napping.now)
    assert napping.take(Unlinked) == []
    napping.wait(2.01)
    assert napping.take(Unlinked) == [Unlinked(late.member_id, "lost")]


def test_path_that_breaks_makes_suspect_and_then_lost_if_none_takes_its_place() -> None:
    """At once, where the server says that the peer has left as well."""
    for is_gone in (False, True):
        bench, other = Bench(), bob()
        link = bench.linked(other)
        bench.take(Changed)
        bench.links.link_closed(link, now=0.0)
        assert [change.state for change in bench.take(Changed)] == ["suspect"]
        assert bench.take(Unlinked) == []
        if is_gone:
            bench.links.attempts.peer_left(other.peer_id, now=0.0)
        bench.wait(0.0 if is_gone else 4.5)
        assert bench.take(Unlinked) == [Unlinked(other.member_id, "lost")]


@pytest.mark.parametrize(("late_s", "is_given_up"), [(2.0, False), (6.0, True)])
def test_attempt_outlives_a_pause_of_ours_that_the_others_outlive(late_s: float, is_given_up: bool) -> None:
    """A busy machine is late again and again: begun anew each time, no attempt would come to its end."""
    bench = Bench()
    bench.linked(bob(SMALLER))
    link = bench.offering()
    deadline = bench.links.next_deadline()
    assert deadline is not None
    bench.now = deadline + late_s
    bench.links.handle_timeout(now=bench.now)
    assert (link in [close.link for close in bench.take(CloseLink)]) is is_given_up
