"""Who is in the room whatever the network does: guests come, wait, are admitted and removed while links break."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peer.core.governance import Governance, Stage
from peer.core.membership import Membership
from peer.errors import NotAllowed
from peer.events import MemberLeft, RoomState, StateChanged
from peer.ids import MemberId

from ..support.keys import identity, membership_of
from ..support.network import Faults, Network, Node


def govern(node: Node, act: Callable[[Governance], None]) -> None:
    act(node.mesh.govern())
    node.do(lambda mesh: mesh.settle(now=node.network.now))


def kick(node: Node, name: str) -> None:
    govern(node, lambda room: room.kick(identity(name).member_id, now=node.network.now))


def test_removal_reaches_those_behind_a_wall_when_it_falls() -> None:
    """Until then they cannot know; nobody is heard of twice, and the removed one is out of both halves."""
    network = Network()
    ann, bob, eve = network.room_of("ann", "bob", "eve")
    network.wall_off(ann)
    network.run(20)
    kick(ann, "eve")
    eve.send("to those who do not know yet")
    network.run(1)
    assert bob.texts() == ["to those who do not know yet"]
    assert ann.texts() == []
    network.tear_down_walls()
    network.run(60)
    assert (ann.here, bob.here) == (["bob"], ["ann"])
    assert [event.reason for event in bob.events_of(MemberLeft)][-1] == "removed"
    assert eve.mesh.state is RoomState.LEFT
    eve_id = eve.mesh.membership.me
    assert all(not node.mesh.membership.is_member(eve_id) for node in (ann, bob))


@pytest.mark.parametrize("milliseconds", range(0, 120, 10))
def test_member_that_is_removed_while_a_link_is_made_stays_outside(milliseconds: int) -> None:
    """At any moment between the offer and the introduction."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    eve = network.join(network.node("eve"))
    network.run(milliseconds / 1000)
    kick(ann, "eve")
    ann.send("without eve")
    network.run(30)
    assert bob.texts() == ["without eve"]
    assert eve.texts() == []
    assert (ann.here, bob.here, eve.here) == (["bob"], ["ann"], [])
    assert eve.mesh.stage is not Stage.IN


class GhostMembership(Membership):
    """Of somebody who takes itself and everybody for a member."""

    def is_member(self, member: MemberId) -> bool:
        return True


@pytest.mark.parametrize("comes_first", [True, False])
def test_ghost_with_the_secret_learns_nothing_in_either_role(comes_first: bool) -> None:
    """Whoever offers: no name, title, presence, word, and no sign of life that anybody shows."""
    network = Network()
    membership = membership_of("ghost", invite=None)
    membership.__class__ = GhostMembership
    ghost = network.node("ghost", membership=membership)
    nodes = [network.node("ann"), network.node("bob")]
    for node in [ghost, *nodes] if comes_first else [*nodes, ghost]:
        network.join(node)
    network.run(1)
    with suppress(NotAllowed):  # once it has learned who is a member
        ghost.send("let me in")
    ghost.set_presence("away")
    nodes[0].send("are we alone?")
    network.run(120)
    assert ghost.events_of(StateChanged) == ghost.news == []
    assert ghost.mesh.title == ""
    assert ghost.here == []
    network.check_full_mesh(nodes)
    assert nodes[1].texts() == ["are we alone?"]


members = st.integers(0, 3)
step = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.02, 0.1, 1.0, 11.0])),
    st.tuples(st.just("send"), members),
    st.tuples(st.just("cut"), st.tuples(members, members)),
    st.tuples(st.just("kick"), st.integers(1, 3)),
    st.tuples(st.just("admit"), members),
)


@settings(derandomize=True, max_examples=25, deadline=None)
@given(
    approve=st.booleans(),
    seed=st.integers(0, 2**16),
    longest_delay_s=st.sampled_from([0.0, 0.05]),
    steps=st.lists(step, max_size=15),
)
def test_any_interleaving_ends_with_members_linked_and_all_others_outside(
    approve: bool, seed: int, longest_delay_s: float, steps: list[tuple[str, object]]
) -> None:
    """Everybody is told of the same members; what is said at the end is heard by them and nobody else."""
    network = Network(seed=seed, faults=Faults(delay_s=(0.0, longest_delay_s)))
    names = ("ann", "bob", "cy", "dan")
    nodes = [
        network.join(network.node(name, membership=membership_of(name, process=number, approve=approve)))
        for number, name in enumerate(names)
    ]
    ann = nodes[0]
    for verb, argument in steps:
        _do(network, nodes, verb, argument)
    for _ in range(30):
        network.run(2)
        if _is_settled(nodes):
            break
    network.run(6)  # and so it stays
    inside = [node for node in nodes if ann.mesh.membership.is_member(node.mesh.membership.me)]
    for node in inside:
        assert node.here == sorted(other.name for other in inside if other is not node)
        assert node.mesh.membership.digest() == ann.mesh.membership.digest()
        assert node.mesh.state is RoomState.JOINED
    for node in nodes:
        if node not in inside:
            is_waiting = node.mesh.state is RoomState.LOBBY
            assert node.here == [] if is_waiting else node.ends == {}
            assert is_waiting or node.mesh.state is RoomState.LEFT
    ann.send("the last word")
    network.run(1)
    assert {node.name for node in nodes if "the last word" in node.texts()} == {node.name for node in inside[1:]}


def _is_settled(nodes: list[Node]) -> bool:
    """All members hold the same and are linked, and all others are out or wait: it need not last, so look again."""
    inside = [node for node in nodes if nodes[0].mesh.membership.is_member(node.mesh.membership.me)]
    names = {node.name for node in inside}
    are_level = len({node.mesh.membership.digest() for node in inside}) == 1
    are_linked = all({node.name, *node.here} == names for node in inside)
    return are_level and are_linked and all(node.ends == {} or not node.here for node in nodes if node not in inside)


def _do(network: Network, nodes: list[Node], verb: str, argument: object) -> None:
    ann = nodes[0]
    if verb == "wait":
        network.run(float(str(argument)))
    elif verb == "cut" and isinstance(argument, tuple):
        network.cut(nodes[argument[0]], nodes[argument[1]])
    elif isinstance(argument, int):
        node = nodes[argument]
        if verb == "send" and node.mesh.state is not RoomState.LEFT:
            node.send(f"{node.name} at {network.now}")
        elif verb == "kick" and ann.mesh.membership.is_member(node.mesh.membership.me):
            kick(ann, node.name)
        elif verb == "admit" and ann.mesh.waiting:
            govern(ann, lambda room: room.admit(ann.mesh.waiting[0].id, now=network.now))
