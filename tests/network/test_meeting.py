"""How rooms come together: who offers, glare, lost signals, peers that vanish on the way."""

from __future__ import annotations

from collections import Counter

import pytest

from peer.events import MemberJoined, MemberLeft
from peer.ids import PeerId
from peer.ports import PeerLeftRoom, Signal

from ..support.network import Faults, Network, Node

NAMES = ("ann", "bob", "cy", "dan", "eve", "fay", "gus", "hal", "ida", "jo")


def signals(nodes: list[Node]) -> Counter[str]:
    return Counter(signal.kind for node in nodes for signal in node.sent_signals)


@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_room_becomes_a_full_mesh_exactly(count: int) -> None:
    """One link a pair, held by both ends; one offer and one answer for each, and each is told once of each other."""
    network = Network()
    nodes = network.room_of(*NAMES[:count])
    network.check_full_mesh()
    pairs = count * (count - 1) // 2
    assert signals(nodes) == {"offer": pairs, "answer": pairs}
    for node in nodes:
        assert len(node.events_of(MemberJoined)) == count - 1
        assert node.events_of(MemberLeft) == []


@pytest.mark.parametrize("count", [3, 10])
def test_room_whose_members_come_all_the_while_becomes_a_full_mesh(count: int) -> None:
    """Each joins in the middle of the handshakes of those before."""
    network = Network(faults=Faults(delay_s=(0.0, 0.05)))
    for name in NAMES[:count]:
        network.join(network.node(name))
        network.run(0.03)
    network.run(5)
    network.check_full_mesh()


@pytest.mark.parametrize("joiner_id", ["a", "z"])
def test_joiner_offers_whatever_the_ids(joiner_id: str) -> None:
    """Those present answer."""
    network = Network()
    [ann] = network.room_of("ann")
    bob = network.join(network.node("bob", peer_id=joiner_id))
    network.run(1)
    network.check_full_mesh()
    assert [signal.kind for signal in bob.sent_signals] == ["offer"]
    assert [signal.kind for signal in ann.sent_signals] == ["answer"]


@pytest.mark.parametrize("ids", [("a", "z"), ("z", "a")])
def test_crossing_offers_make_one_link_in_both_orders_of_ids(ids: tuple[str, str]) -> None:
    """Both believe to be the joiner: the smaller id's offer stands, and only that one is answered."""
    network = Network()
    ann, bob = (network.node(name, peer_id=peer_id) for name, peer_id in zip(("ann", "bob"), ids, strict=True))
    network.seated = {node.peer_id: node for node in (ann, bob)}
    ann.do(lambda mesh: mesh.join([bob.info], now=network.now))
    bob.do(lambda mesh: mesh.join([ann.info], now=network.now))
    network.run(1)
    network.check_full_mesh()
    first, second = sorted((ann, bob), key=lambda node: node.peer_id)
    assert [signal.kind for signal in first.sent_signals] == ["offer"]
    assert [signal.kind for signal in second.sent_signals] == ["offer", "answer"]
    for node in (ann, bob):
        assert len(node.events_of(MemberJoined)) == 1


def test_after_an_outage_the_smaller_id_offers() -> None:
    """Both were there already and are told of each other at once: no glare, no waiting."""
    network = Network()
    nodes = [network.node(name) for name in NAMES[:3]]
    network.seated = {node.peer_id: node for node in nodes}
    network.start_server()
    network.run(1)
    network.check_full_mesh()
    for node in nodes:
        offered_to = [signal.remote for signal in node.sent_signals if signal.kind == "offer"]
        assert offered_to == sorted(other.peer_id for other in nodes if other.peer_id > node.peer_id)


# ---- signals that are lost


def _drop_first(kind: str, count: int) -> Faults:
    left = count

    def drop(_sender: PeerId, signal: Signal) -> bool:
        nonlocal left
        if signal.kind != kind or left == 0:
            return False
        left -= 1
        return True

    return Faults(drop_signal=drop)


@pytest.mark.parametrize("kind", ["offer", "answer"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_lost_signals_are_made_good_with_back_off(kind: str, count: int) -> None:
    """Ten seconds an attempt, then growing pauses; messages written meanwhile arrive once."""
    network = Network(faults=_drop_first(kind, count))
    ann, bob = network.room_of("ann", "bob")
    assert ann.here == []
    ann.send("are you there?")
    network.run(10 * count + 2 * 2**count)
    network.check_full_mesh()
    assert bob.texts() == ["are you there?"]


@pytest.mark.parametrize("seed", range(5))
def test_room_heals_while_a_third_of_all_signals_is_lost(seed: int) -> None:
    """With delays, reordering and doubled signals on top; the seed makes a failure repeatable."""
    faults = Faults(signal_loss=0.3, signal_copies=0.3, delay_s=(0.0, 0.4), reorder=True)
    network = Network(seed=seed, faults=faults)
    nodes = network.room_of(*NAMES[:5])
    network.run(120)
    network.faults.signal_loss = 0.0
    network.start_server()
    network.run(60)
    network.check_full_mesh()
    for node in nodes:
        joined, left = len(node.events_of(MemberJoined)), len(node.events_of(MemberLeft))
        assert joined - left == len(nodes) - 1


def test_peer_that_vanishes_before_it_is_linked_is_given_up_after_ten_seconds() -> None:
    """The attempt ends by itself; nobody was ever here, so nobody leaves."""
    network = Network()
    [ann] = network.room_of("ann")
    bob = network.join(network.node("bob"))
    network.run(0.025)
    bob.crash()
    network.run(9)
    assert len(ann.ends) == 1
    network.run(1.1)
    assert ann.ends == {}
    assert [type(event) for event in ann.news] == []


def test_peer_that_the_server_declares_gone_is_tried_no_more() -> None:
    """Before its link is open the server's word is all there is."""
    network = Network()
    [ann] = network.room_of("ann")
    bob = network.join(network.node("bob"))
    network.run(0.025)
    bob.crash()
    ann.do(lambda mesh: mesh.receive_signaling(PeerLeftRoom(bob.peer_id, "timeout"), now=network.now))
    assert ann.ends == {}
    assert ann.mesh.next_deadline() is None


def test_peers_that_found_no_path_go_on_trying_for_as_long_as_they_are_present() -> None:
    """With a pause of a minute at most; it need not be the server that tells them to."""
    network = Network()
    ann, bob = (network.node(name) for name in ("ann", "bob"))
    network.wall_off(ann)
    for node in (ann, bob):
        network.join(node)
    network.run(300)
    network.tear_down_walls()
    assert ann.here == []
    offers = signals([ann, bob])["offer"]
    assert offers < 60
    network.run(70)
    network.check_full_mesh()
