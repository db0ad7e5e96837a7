"""Attacker does X, the room sees Y: the specification's rows on membership, as links live them.

The attacker passed the gate, so it holds the room's secret. It is a ghost whom nobody let in, somebody who was removed,
or a founder of another room; the machines are ours, the network is simulated.
"""

from __future__ import annotations

import pytest

from peer.core.lobby import Cut, Lobby, Tell
from peer.core.machine import LinkId
from peer.core.membership import Membership
from peer.events import MemberJoined, MemberLeft, Message, RoomState, StateChanged
from peer.ids import PeerId
from peer.log import acts
from peer.log.control import Level
from peer.ports import Channel
from peer.wire.frames import (
    AttestationUpdate,
    ControlDigest,
    ControlEvents,
    ControlFrame,
    Frame,
    Heartbeat,
    Introduction,
    Knock,
    MessageEvents,
    PresenceUpdate,
    TypingNotice,
)

from ..support.insider import Insider
from ..support.keys import START_MS, identity, membership_of, private_room
from ..support.network import Network, Node
from ..support.visitor import Visitor

CHAT = MessageEvents((b"hello",), False)


def ghost_at(name: str = "ann") -> Visitor:
    """In the lobby of a node that is alone: it has the secret, and no invite that anybody made."""
    network = Network()
    visitor = Visitor(network, network.join(network.node(name)), Insider())
    visitor.enter(membership_of("mallory", invite=None))
    return visitor


def kick(node: Node, other: str) -> None:
    node.mesh.govern().kick(identity(other).member_id, now=node.network.now)
    node.do(lambda mesh: mesh.settle(now=node.network.now))


def knows_founding(node: Node) -> bool:
    return bool(node.mesh.membership.genesis)


# A ghost


def test_ghost_without_a_grant_is_told_no_name_and_no_word() -> None:
    """What it can fetch is the control log; it is never shown, and after ten seconds the link is dead."""
    ghost = ghost_at("ann")
    ghost.node.send("are we alone?")
    ghost.node.set_presence("away")
    ghost.node.set_typing()
    ghost.linger()
    assert ghost.insider.heard
    assert all(isinstance(frame, ControlFrame) for frame in ghost.insider.heard)
    assert not any(isinstance(frame, Knock) for frame in ghost.insider.heard)
    for _ in range(11):
        ghost.say(Heartbeat(), channel=Channel.EPHEMERAL)
        ghost.network.run(1)
        if ghost.closed:
            break
    assert ghost.closed == ["nothing to wait for"]
    assert ghost.node.events_of(MemberJoined) == []


@pytest.mark.parametrize(
    "frame",
    [
        Introduction("mallory", "", "online"),
        CHAT,
        PresenceUpdate("away"),
        AttestationUpdate("x.y.z"),
        TypingNotice(True),
    ],
    ids=lambda frame: type(frame).__name__,
)
def test_words_in_the_lobby_are_not_delivered(frame: Frame) -> None:
    """They end the link; nobody is shown, and nothing of ours was told for them."""
    ghost = ghost_at("ann")
    before = list(ghost.node.news)
    ghost.say(frame)
    assert ghost.closed == ["UnexpectedFrame"]
    ghost.say(CHAT)
    assert ghost.node.news == before
    ghost.linger()
    assert all(isinstance(each, ControlFrame) for each in ghost.insider.heard)


def test_ghost_that_a_guest_meets_first_learns_neither_name_nor_invite() -> None:
    """Mallory has the genesis to show, and by it he is no member: the guest says nothing but that it knows nothing."""
    ghost = ghost_at("bob")
    ghost.say(ControlEvents(private_room()[1], (), is_last=True))
    ghost.linger()
    assert knows_founding(ghost.node)
    told = [frame for frame in ghost.insider.heard if isinstance(frame, Introduction | Knock | ControlEvents)]
    assert [frame for frame in told if not isinstance(frame, ControlEvents) or frame.events] == []
    assert ghost.node.here == []


# Another founder


def test_swapped_genesis_is_seen_by_its_hash() -> None:
    """A newcomer knows the room's id alone, and that is enough: the link ends, and nothing of it is believed."""
    ghost = ghost_at("bob")
    genesis, log = private_room("mallory")[1], membership_of("mallory", owner="mallory")
    ghost.say(ControlEvents(genesis, log.export(), is_last=True))
    assert ghost.closed == ["MalformedFrame"]
    assert not knows_founding(ghost.node)
    assert ghost.node.events_of(StateChanged) == []


# Removal


def test_removed_member_is_cut_in_both_directions_at_once() -> None:
    """Its frame that is in flight is refused, and none of ours follows it; the others go on."""
    removed = Visitor.in_room_of("ann")
    in_flight = removed.insider.seal(CHAT)
    kick(removed.node, "mallory")
    assert removed.closed == ["removed"]
    removed.linger()
    removed.insider.heard.clear()
    removed.say_raw(in_flight)
    removed.say_raw(removed.insider.seal(TypingNotice(True), channel=Channel.EPHEMERAL), channel=Channel.EPHEMERAL)
    removed.node.send("at last")
    removed.linger()
    assert removed.insider.heard == []
    assert removed.node.events_of(Message) == []
    assert [(event.member.name, event.reason) for event in removed.node.events_of(MemberLeft)] == [
        ("mallory", "removed")
    ]


def test_removed_member_is_cut_by_everybody_who_hears_of_it() -> None:
    """Within one journey of the event, whoever removed it; its next handshake with any of them fails."""
    network = Network()
    ann, bob, cy = network.room_of("ann", "bob", "cy")
    kick(ann, "bob")
    network.run(0.05)
    for node in (ann, cy):
        assert node.here == [name for name in ("ann", "cy") if name != node.name]
        assert bob.peer_id not in node.open_links
    bob.events.clear()
    ann.send("without bob")
    network.run(1)
    assert cy.texts() == ["without bob"]
    assert bob.events_of(Message) == []
    back = Visitor(network, cy, Insider("bob", peer_id="bob again"))
    back.shake()
    assert back.closed == ["HandshakeFailed"]
    assert back.insider.heard == []


def test_removed_member_leaves_the_list_of_everybody() -> None:
    """Whether it was here or gone already; a member who is gone stays."""
    network = Network()
    ann, bob, cy, dan = network.room_of("ann", "bob", "cy", "dan")
    for node in (cy, dan):
        node.leave()
    network.run(0.1)
    for other in ("bob", "cy"):
        kick(ann, other)
        network.run(0.05)
    assert {member.name for member in ann.mesh.members} == {"ann", "dan"}
    assert bob.mesh.state is RoomState.LEFT


def test_kick_applies_on_links_when_a_partition_heals() -> None:
    """Cy heard the removed one meanwhile; from the moment where he hears of it, neither does the other."""
    network = Network()
    ann, bob, cy = network.room_of("ann", "bob", "cy")
    network.wall_off(ann)
    network.run(30)
    kick(ann, "bob")
    assert cy.here == ["bob"]
    network.tear_down_walls()
    network.run(120)
    assert cy.here == ["ann"]
    heard = bob.texts(cy)
    cy.send("without bob")
    network.run(2)
    assert ann.texts(cy)[-1:] == ["without bob"]
    assert bob.texts(cy) == heard


# A relay


def grant(owner: Membership, name: str, level: Level = Level.MEMBER) -> list[bytes]:
    assert owner.authority is not None
    member = identity(name).member_id
    return owner.write(acts.set_level(owner.authority, owner.me, member, level), now_ms=START_MS)


def relay_of(membership: Membership) -> tuple[Lobby, LinkId, LinkId]:
    """Of a member with two links: ann, who is founder, and dan, whom it knows as a member."""
    lobby = Lobby(membership, our_name="cy", config=Network().config, wall_ms=lambda: START_MS + 60_000)
    links = [LinkId(PeerId(name), b"attempt.") for name in ("ann", "dan")]
    for link, name in zip(links, ("ann", "dan"), strict=True):
        lobby.enter(link, identity(name).member_id, now=0.0)
    assert [order for order in lobby.orders() if not isinstance(order, Tell)] == []
    return lobby, links[0], links[1]


def test_lagging_relay_does_not_forward() -> None:
    """It lacks the grant by which eve may invite: what she says is passed on to nobody until it has that."""
    owner, eve, relay = membership_of("ann"), membership_of("eve"), membership_of("cy")
    for member in (eve, relay):
        member.learn(private_room()[1])
    [right] = grant(owner, "eve", Level.ADMIN)
    everything = owner.export()
    eve.take_in(everything, relay=owner.me, now_ms=START_MS)
    assert eve.authority is not None
    key = identity("an invite").public_key
    said = eve.write(acts.invite(eve.authority, eve.me, key=key, is_open=True, expires_ms=0), now_ms=START_MS)
    lobby, to_ann, to_dan = relay_of(relay)
    lobby.receive(to_dan, ControlEvents(b"", tuple(said), is_last=False), now=0.0)
    assert events_told(lobby, to_ann) == []
    assert relay.export() == ()
    lobby.receive(to_ann, ControlEvents(b"", (*everything, *said), is_last=False), now=0.0)
    assert events_told(lobby, to_dan)[-2:] == [right, *said]


def events_told(lobby: Lobby, link: LinkId) -> list[bytes]:
    frames = [order.frame for order in lobby.orders() if isinstance(order, Tell) and order.link == link]
    return [event for frame in frames if isinstance(frame, ControlEvents) for event in frame.events]


def test_member_is_greeted_only_when_its_news_were_heard() -> None:
    """They may be that it was removed: it is told no name before that, though it was a member by all that we knew."""
    owner, relay = membership_of("ann"), membership_of("cy")
    for name in ("cy", "dan"):
        grant(owner, name)
    relay.learn(private_room()[1])
    relay.take_in(owner.export(), relay=owner.me, now_ms=START_MS)
    assert relay.is_member(identity("dan").member_id)
    assert owner.authority is not None
    kick = owner.write(acts.kick(owner.authority, owner.me, identity("dan").member_id), now_ms=START_MS)
    lobby, _, to_dan = relay_of(relay)
    lobby.receive(to_dan, ControlDigest(owner.digest()), now=0.0)
    assert [order for order in lobby.orders() if not isinstance(order, Tell)] == []
    lobby.receive(to_dan, ControlEvents(b"", tuple(kick), is_last=True), now=0.0)
    assert [order for order in lobby.orders() if order.link == to_dan] == [Cut(to_dan, "removed", is_removal=True)]
