"""Servers that make things up and members that break the rules: no event is shown, and nothing grows past its bound."""

from __future__ import annotations

import pytest

from peer.config import Config
from peer.events import Event, MemberAdded, MemberJoined, MemberLeft, Message
from peer.ids import PeerId
from peer.ports import Channel, PeerInfo, PeerJoinedRoom, PeerLeftRoom, Roster, Signal
from peer.wire.frames import (
    Frame,
    Goodbye,
    Heartbeat,
    Introduction,
    MessageEvents,
    PresenceUpdate,
    TypingNotice,
    encode,
)

from ..support.insider import Insider
from ..support.keys import SECRET, credentials, membership_of, private_room
from ..support.network import Network, Node
from ..support.spoken import Speech
from ..support.visitor import Visitor

CHAT = MessageEvents((b"hello",), False)


def alone() -> tuple[Network, Node]:
    network = Network()
    [ann] = network.room_of("ann")
    return network, ann


def events_since_join(visit: Visitor) -> list[Event]:
    return [event for event in visit.node.news if not isinstance(event, MemberAdded | MemberJoined)]


# ---- the server


def test_server_that_makes_up_thousands_grows_nothing_past_the_bound() -> None:
    """Peers, rosters and offers; its peers are tried, given up, and never shown."""
    network = Network(config=Config(max_peers=8))
    [ann] = network.room_of("ann")
    fakes = [PeerInfo(PeerId(f"fake{number}"), "", "ghost") for number in range(3000)]
    for fake in fakes:
        ann.do(lambda mesh, fake=fake: mesh.receive_signaling(PeerJoinedRoom(fake), now=network.now))  # type: ignore[misc]
        offer = Signal("offer", fake.peer_id, "made up")
        ann.do(lambda mesh, offer=offer: mesh.receive_signaling(offer, now=network.now))  # type: ignore[misc]
    ann.do(lambda mesh: mesh.receive_signaling(Roster(tuple(fakes)), now=network.now))
    network.run(300)
    assert ann.news == []
    at_a_time, attempt_s = 8, 10
    assert len(ann.sent_signals) <= at_a_time * 300 / attempt_s
    assert len(ann.ends) <= at_a_time


def test_ghosts_do_not_keep_a_room_apart() -> None:
    """Outsiders who know no more than the room's id fill the server's list, before and after the members came."""
    network = Network(config=Config(max_peers=8))
    [ann] = network.room_of("ann")
    ghosts = [PeerInfo(PeerId(f"ghost{number}"), "", "ghost") for number in range(40)]
    for ghost in ghosts:
        ann.do(lambda mesh, ghost=ghost: mesh.receive_signaling(PeerJoinedRoom(ghost), now=network.now))  # type: ignore[misc]
    network.run(1)
    bob = network.node("bob")
    bob.do(lambda mesh: mesh.receive_signaling(Roster(tuple(ghosts)), now=network.now))
    network.join(bob)
    network.run(120)
    assert [member.name for member in ann.mesh.members] == ["ann", "bob"]


def test_fakes_give_way_when_the_server_takes_them_back() -> None:
    """An honest peer finds a place again."""
    network = Network(config=Config(max_peers=1))
    [ann] = network.room_of("ann")
    fake = PeerInfo(PeerId("fake"), "", "ghost")
    ann.do(lambda mesh: mesh.receive_signaling(PeerJoinedRoom(fake), now=network.now))
    ann.do(lambda mesh: mesh.receive_signaling(PeerLeftRoom(fake.peer_id, "timeout"), now=network.now))
    network.join(network.node("bob"))
    network.run(2)
    network.check_full_mesh()


def test_server_that_plays_old_offers_again_disturbs_no_link() -> None:
    """Every signal of the meeting, once more, at any later time."""
    network = Network()
    nodes = network.room_of("ann", "bob", "cy")
    for node in nodes:
        node.events.clear()
        for signal in list(node.sent_signals):
            network.deliver(node.peer_id, signal)
    network.run(60)
    network.check_full_mesh()
    nodes[0].send("undisturbed")
    network.run(4)
    assert [node.texts() for node in nodes[1:]] == [["undisturbed"]] * 2
    assert [len(node.news) for node in nodes] == [1, 1, 1]  # delivered, heard, heard


def test_offers_of_the_past_bring_nobody_back() -> None:
    """Bob has left; the server still has what he once sent. Nobody is shown, and the attempts end."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    bob.leave()
    network.run(1)
    ann.events.clear()
    for signal in bob.sent_signals:
        network.deliver(bob.peer_id, signal)
    network.run(300)
    assert ann.news == []
    assert ann.ends == {}


def test_server_without_the_secret_lets_nobody_in() -> None:
    """It can seat anybody under the room's topic; what that one seals opens for nobody."""
    network = Network()
    _, _, other_keys = private_room("ann", secret=bytes(reversed(SECRET)))
    ann = network.join(network.node("ann"))
    ghost = network.join(network.node("mallory", keys=other_keys))
    network.run(300)
    assert ann.news == ghost.news == []
    assert all(signal.kind == "offer" for signal in ann.sent_signals)


def test_mirror_of_ourselves_is_refused() -> None:
    """The server seats our own identity once more: another process of ours, or a trick."""
    network = Network()
    ann = network.join(network.node("ann"))
    network.join(network.node("ann"))
    network.run(120)
    assert ann.news == []


def test_member_of_another_room_behind_the_same_gate_is_refused() -> None:
    """Same keys, another genesis: the server swapped the room."""
    network = Network()
    ann = network.join(network.node("ann"))
    swapped = network.join(
        network.node("mallory", membership=membership_of("mallory", owner="mallory"), act_as=credentials("mallory"))
    )
    network.run(120)
    assert ann.news == swapped.news == []


# ---- members


@pytest.mark.parametrize("frame", [CHAT, PresenceUpdate("away"), Goodbye(), Heartbeat(), TypingNotice(True)])
@pytest.mark.parametrize("channel", list(Channel))
def test_nothing_before_the_introduction_is_shown(frame: Frame, channel: Channel) -> None:
    """Neither it nor what follows it, if that ended the link."""
    network, ann = alone()
    visit = Visitor(network, ann, Insider())
    visit.shake()
    visit.say(frame, channel=channel)
    assert ann.news == []
    tolerated = channel is Channel.EPHEMERAL or isinstance(frame, Heartbeat)
    assert bool(visit.closed) is not tolerated


@pytest.mark.parametrize("data", [b"", encode(CHAT), b"\x04" + bytes(40), b"\x00speaktube\x01"])
def test_frames_before_the_handshake_is_done_end_the_link(data: bytes) -> None:
    """Plain, made up, or a hello without a suite: nothing is shown."""
    network, ann = alone()
    visit = Visitor(network, ann, Insider())
    visit.offer()
    visit.say_raw(data, channel=Channel.EPHEMERAL)
    assert visit.closed == []
    visit.say_raw(data)
    assert visit.closed == ["HandshakeFailed"]
    assert ann.news == []


@pytest.mark.parametrize(
    ("frame", "channel", "is_closed"),
    [
        (Introduction("again", "", "online"), Channel.EVENTS, True),
        (Introduction("again", "", "online"), Channel.EPHEMERAL, False),
        (CHAT, Channel.EPHEMERAL, False),
        (Goodbye(), Channel.EPHEMERAL, False),
        (TypingNotice(True), Channel.EVENTS, True),
        (b"\x93\x10\x01\x02", Channel.EVENTS, True),
        (b"\x93\x10\x01\x02", Channel.EPHEMERAL, False),
        (b"\x91\x2a", Channel.EVENTS, False),
        (MessageEvents((bytes(300),), False), Channel.EVENTS, True),
    ],
)
def test_what_breaks_the_rules_is_not_shown(frame: Frame | bytes, channel: Channel, is_closed: bool) -> None:
    """On the events channel it ends the link; on the ephemeral one, or if merely too long or unknown, it is dropped."""
    visit = Visitor.in_room_of("ann")
    visit.say(frame, channel=channel)
    assert bool(visit.closed) is is_closed
    assert [event for event in events_since_join(visit) if isinstance(event, Message)] == []
    if not is_closed:
        assert events_since_join(visit) == []
        visit.say(Speech("mallory", visit.node.mesh.membership).say("hello"))
        assert visit.node.texts() == ["hello"]


def test_another_identity_under_the_same_peer_id_is_refused() -> None:
    """While the first one is linked, and while it is being made anew."""
    visit = Visitor.in_room_of("ann")
    impostor = Visitor(visit.network, visit.node, Insider("eve", peer_id="mallory"), attempt=b"another.")
    impostor.shake()
    assert impostor.closed == ["HandshakeFailed"]
    assert impostor.insider.heard == []
    visit.node.do(lambda mesh: mesh.link_closed(visit.link, now=visit.network.now))
    impostor = Visitor(visit.network, visit.node, Insider("eve", peer_id="mallory"), attempt=b"athird..")
    impostor.shake()
    assert impostor.closed == ["HandshakeFailed"]
    assert [member.name for member in visit.node.mesh.members] == ["ann", "mallory"]


def test_member_that_floods_grows_only_what_is_bounded() -> None:
    """Typing, presence and unknown frames by the thousand: a handful of events, and then it is cut."""
    visit = Visitor.in_room_of("ann")
    for _ in range(1000):
        visit.say(TypingNotice(True), channel=Channel.EPHEMERAL)
        visit.say(PresenceUpdate("away"))
        visit.say(b"\x91\x2a")
    *_, last = events = events_since_join(visit)
    assert len(events) == 3
    assert isinstance(last, MemberLeft)
    assert last.reason == "flooded"
