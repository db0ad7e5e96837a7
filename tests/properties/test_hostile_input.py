"""Whatever a server or a member sends, in any state: nothing raises, nothing is shown, and honest links live on."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from peer.core.machine import LinkId
from peer.events import MemberJoined, Message
from peer.ids import PeerId
from peer.ports import (
    Channel,
    PeerInfo,
    PeerJoinedRoom,
    PeerLeftRoom,
    Roster,
    Signal,
    SignalingEvent,
    SignalingLost,
)

from ..support.insider import Insider
from ..support.network import Network, Node
from ..support.visitor import Visitor

peer_ids = st.sampled_from(["peer00", "peer01", "peer02", "mallory", "ghost"]).map(PeerId)
infos = st.builds(PeerInfo, peer_ids, st.text(max_size=8), st.text(max_size=8))
kinds = st.sampled_from(["offer", "answer", "candidate", "bye"])
events = st.one_of(
    st.builds(Signal, kinds, peer_ids, st.text(max_size=80)),
    st.builds(Roster, st.lists(infos, max_size=6).map(tuple)),
    st.builds(PeerJoinedRoom, infos),
    st.builds(PeerLeftRoom, peer_ids, st.text(max_size=8)),
    st.builds(SignalingLost, st.text(max_size=8)),
)


def feed(network: Network, node: Node, event: SignalingEvent) -> None:
    node.do(lambda mesh: mesh.receive_signaling(event, now=network.now))


@settings(derandomize=True, max_examples=80, deadline=None)
@given(st.lists(st.tuples(events, st.sampled_from([0.0, 0.02, 1.0, 12.0])), max_size=15))
def test_server_can_say_anything(script: list[tuple[SignalingEvent, float]]) -> None:
    """An open link and what is said on it are none of its business; made-up peers are never shown."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    for event, pause in script:
        feed(network, ann, event)
        network.run(pause)
    bob.send("undisturbed")
    network.run(1)
    assert ann.texts() == ["undisturbed"]
    assert len(ann.events_of(MemberJoined)) == 1
    assert ann.here == ["bob"]


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), peer_ids, kinds), max_size=12))
def test_server_can_play_any_signal_again_as_anything(script: list[tuple[int, PeerId, str]]) -> None:
    """To any kind, from anybody, while links are being made and later."""
    network = Network()
    nodes = network.room_of("ann", "bob")
    nodes.append(network.join(network.node("cy")))
    for number, sender, kind in script:
        network.run(0.005)
        sent = [signal for node in nodes for signal in node.sent_signals]
        signal = sent[number % len(sent)]
        for node in nodes:
            feed(network, node, Signal(kind, sender, signal.body))  # type: ignore[arg-type]
            feed(network, node, Signal(signal.kind, sender, signal.body))
    network.run(30)
    nodes[0].send("heard by all")
    network.run(1)
    assert [node.texts() for node in nodes[1:]] == [["heard by all"]] * 2
    network.check_full_mesh()


@settings(derandomize=True, max_examples=100, deadline=None)
@given(
    how_far=st.sampled_from(["offered", "shaken", "introduced"]),
    frames=st.lists(
        st.tuples(st.sampled_from(list(Channel)), st.booleans(), st.binary(max_size=60)), min_size=1, max_size=6
    ),
)
def test_member_can_send_any_bytes(how_far: str, frames: list[tuple[Channel, bool, bytes]]) -> None:
    """Sealed by the right key or not, at any stage: at worst its own link ends, and the honest one lives on."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    visit = Visitor(network, ann, Insider())
    visit.offer() if how_far == "offered" else visit.shake()
    if how_far == "introduced":
        visit.say(visit.insider.introduction())
    for channel, is_sealed, data in frames:
        if is_sealed and how_far != "offered":
            visit.say(data, channel=channel)
        else:
            visit.say_raw(data, channel=channel)
    ann.do(lambda mesh: mesh.receive(LinkId(PeerId("nobody"), bytes(8)), Channel.EVENTS, b"", now=network.now))
    bob.send("undisturbed")
    network.run(20)
    assert [message.text for message in ann.events_of(Message)] == ["undisturbed"]
    assert ann.here == ["bob"]
