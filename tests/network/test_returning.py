"""Coming back: frozen processes, changed networks, servers that restart, and everybody at once."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peer.config import Config
from peer.core.connection import TRANSITIONS
from peer.events import ConnectionChanged, MemberJoined, MemberLeft
from peer.ids import PeerId
from peer.signaling.backoff import Backoff

from ..support.network import Network, Node


def leaves(node: Node) -> list[str]:
    return [event.member.name for event in node.events_of(MemberLeft)]


def states_of(node: Node, other: Node) -> list[str]:
    return [change.state for change in node.events_of(ConnectionChanged) if change.peer_id == other.peer_id]


# ---- frozen processes


def test_process_that_was_busy_for_two_seconds_leaves_not() -> None:
    """Suspect at most, and linked again; it blames nobody itself."""
    network = Network()
    ann, bob, _ = nodes = network.room_of("ann", "bob", "cy")
    for _ in range(5):
        network.run(3.3)
        bob.freeze()
        network.run(2.5)
        bob.thaw()
        network.run(1)
    for node in nodes:
        assert leaves(node) == []
        assert all(member.connection == "linked" for member in node.mesh.members)
    assert set(states_of(ann, bob)[3:]) <= {"suspect", "linked"}


def test_frozen_process_is_lost_in_time_and_comes_back_when_it_thaws() -> None:
    """It accuses nobody; the others miss it, and see it again within seconds of its return."""
    network = Network()
    ann, bob, cy = nodes = network.room_of("ann", "bob", "cy")
    bob.freeze()
    network.run(5)
    assert leaves(ann) == leaves(cy) == ["bob"]
    network.run(55)
    bob.thaw()
    network.run(5)
    network.check_full_mesh(nodes)
    assert leaves(bob) == []
    assert len(bob.events_of(MemberJoined)) == 2
    assert ann.member(bob).connection == "linked"


def test_nothing_is_lost_or_shown_twice_around_a_freeze() -> None:
    """What was said before, meanwhile and after, in order."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    for number in range(60):
        if number == 10:
            bob.freeze()
        if number == 40:
            bob.thaw()
        ann.send(str(number))
        network.run(0.3)
    network.run(5)
    assert bob.texts() == [str(number) for number in range(60)]


# ---- our own network changes


def test_dead_path_is_replaced_soon_after_our_network_changed() -> None:
    """Nobody leaves: it is probed, given up after two seconds, and made anew."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    network.run(5)
    for end in [*ann.ends.values(), *bob.ends.values()]:
        end.path = None  # packets leave from, and for, an address that is gone
    ann.do(lambda mesh: mesh.probe(now=network.now))
    network.run(4)
    network.check_full_mesh()
    ann.send("from elsewhere")
    network.run(1)
    assert bob.texts() == ["from elsewhere"]
    assert leaves(bob) == []


def test_probe_of_links_that_live_changes_nothing() -> None:
    """A false alarm costs a heartbeat; one that comes after we left, nothing."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    ann.events.clear()
    ann.do(lambda mesh: mesh.probe(now=network.now))
    network.run(10)
    assert ann.events == []
    ann.leave()
    ann.do(lambda mesh: mesh.probe(now=network.now))
    network.run(0.1)
    assert bob.here == []


# ---- back under another peer id


def test_member_whose_process_was_replaced_gets_what_it_missed() -> None:
    """Killed, started again with the same identity and without a disk: all that was said, once and in order."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    ann.send("heard")
    network.run(1)
    bob.crash()
    for text in ("on its way", "after the crash"):
        ann.send(text)
        network.run(4)
    network.remove_seat(bob, "timeout")
    ann.send("while it was away")
    again = network.join(network.node("bob"))
    network.run(5)
    ann.send("welcome back")
    network.run(1)
    assert again.texts() == ["heard", "on its way", "after the crash", "while it was away", "welcome back"]
    assert [event.member.id for event in ann.events_of(MemberJoined)] == [again.mesh.membership.me] * 2


# ---- everybody at once


def test_fifty_peers_do_not_stampede_a_server_that_restarts() -> None:
    """Full jitter: of fifty that lost it at one moment, few ask in any tenth of a second; links are left alone."""
    for outage_s in (0.0, 3.0, 120.0):
        asked = Counter[int]()
        for seed in range(50):
            backoff, dice, now = Backoff(base_s=Config().signaling_backoff_base_s, max_s=30.0), Random(seed), 0.0  # noqa: S311
            while True:
                now += backoff.next_delay_s(now=now, chance=dice.random())
                asked[int(now * 10)] += 1
                if now >= outage_s:
                    break
        assert max(asked.values()) <= 15
        back_s = max(asked) / 10
        assert back_s <= outage_s + 31
    network = Network()
    nodes = network.room_of(*(f"m{number}" for number in range(8)), is_public=True)
    before = [len(node.sent_signals) for node in nodes]
    network.stop_server()
    network.run(30)
    network.start_server()
    network.run(30)
    assert [len(node.sent_signals) for node in nodes] == before


def test_whole_room_that_lost_all_paths_offers_one_after_the_other() -> None:
    """Each link once, spread over the first pause; whose turn it is not keeps quiet."""
    network = Network()
    nodes = network.room_of(*(f"m{number}" for number in range(8)), is_public=True)
    before = {node.peer_id: len(node.sent_signals) for node in nodes}
    started = network.now
    for index, node in enumerate(nodes):
        for other in nodes[:index]:
            network.cut(node, other)
    offered = Counter[int]()
    for tenth in range(15):
        network.run(0.1)
        sent = sum(len(node.sent_signals) - before[node.peer_id] for node in nodes)
        offered[tenth] = sent
    network.check_full_mesh()
    each = [later - earlier for earlier, later in pairwise([0, *offered.values()])]
    assert sum(each) == 2 * 28  # an offer and an answer for each link
    assert max(each) <= 28
    assert network.now - started < 4
    assert all(leaves(node) == [] for node in nodes)


# ---- any faults

people = st.integers(0, 3)
fault = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([0.1, 1.0, 3.0, 6.0])),
    st.tuples(st.just("say"), people),
    st.tuples(st.just("freeze"), people),
    st.tuples(st.just("thaw"), people),
    st.tuples(st.just("cut"), st.tuples(people, people)),
    st.tuples(st.just("wall"), people),
    st.tuples(st.just("unwall"), people),
    st.tuples(st.just("stop"), people),
    st.tuples(st.just("start"), people),
    st.tuples(st.just("probe"), people),
)


def inflict(  # noqa: C901 - one case for each fault
    network: Network, nodes: list[Node], verb: str, what: object
) -> str | None:
    """One step; the text that was said, if any was."""
    chosen = nodes[what % len(nodes)] if isinstance(what, int) else nodes[0]
    match verb:
        case "wait":
            network.run(float(str(what)))
        case "say" if not chosen.is_frozen:
            text = f"{chosen.name} at {network.now} #{network.after(0, lambda: None)}"
            chosen.send(text)
            return text
        case "freeze":
            chosen.freeze()
        case "thaw":
            chosen.thaw()
        case "cut" if isinstance(what, tuple):
            left, right = (nodes[each % len(nodes)] for each in what)
            network.cut(left, right)
        case "wall":
            network.wall_off(chosen)
        case "unwall":
            network.tear_down_walls()
        case "stop" if network.is_serving:
            network.stop_server()
        case "start" if not network.is_serving:
            network.start_server()
        case "probe":
            chosen.do(lambda mesh: mesh.probe(now=network.now))
    return None


def mend(network: Network, nodes: list[Node]) -> None:
    network.tear_down_walls()
    for node in nodes:
        node.thaw()
    if not network.is_serving:
        network.start_server()
    network.run(50)


def check_states(node: Node, peers: set[PeerId]) -> None:
    """What was told of each peer follows the table."""
    steps = {(before, after) for (before, _), after in TRANSITIONS.items()}
    for peer in peers:
        told = [change.state for change in node.events_of(ConnectionChanged) if change.peer_id == peer]
        assert told[:1] == ["new"] or told[:1] == ["connecting"]
        lives = " ".join(told).replace("closed new", "closed / new").split(" / ")
        assert all(set(pairwise(life.split())) <= steps for life in lives), told


@settings(derandomize=True, max_examples=20, deadline=None)
@given(count=st.integers(2, 3), seed=st.integers(0, 2**16), steps=st.lists(fault, max_size=14))
def test_after_any_faults_all_are_linked_and_each_message_was_shown_once(
    count: int, seed: int, steps: list[tuple[str, object]]
) -> None:
    """To each of those who were members throughout; the states told are steps of the table."""
    network = Network(seed=seed)
    nodes = network.room_of(*("ann", "bob", "cy", "dan")[:count])
    said: list[tuple[Node, str]] = []
    for verb, what in steps:
        speaker = nodes[what % len(nodes)] if isinstance(what, int) else nodes[0]
        if text := inflict(network, nodes, verb, what):
            said.append((speaker, text))
    mend(network, nodes)
    network.check_full_mesh(nodes)
    for node in nodes:
        for other in nodes:
            if other is not node:
                assert node.texts(other) == [text for by, text in said if by is other]
                assert node.member(other).connection == "linked"
        check_states(node, {other.peer_id for other in nodes if other is not node})


@pytest.mark.parametrize("outage_s", [10, 400])
def test_room_is_whole_after_its_server_was_gone_for_minutes(outage_s: float) -> None:
    """And every path broke meanwhile, which nobody could mend without it."""
    network = Network()
    nodes = network.room_of("ann", "bob", "cy")
    network.stop_server()
    network.run(1)
    network.cut(nodes[0], nodes[1])
    network.cut(nodes[1], nodes[2])
    nodes[1].send("alone")
    network.run(outage_s)
    network.start_server()
    network.run(8)
    network.check_full_mesh()
    assert nodes[0].texts() == nodes[2].texts() == ["alone"]
