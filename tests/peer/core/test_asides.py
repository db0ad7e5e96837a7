"""What members tell each other beside a room, over a whole simulated one."""

from __future__ import annotations

from peer.ids import MemberId
from peer.wire.aside_frames import AsideFrame, DirectGate

from ...support.keys import identity
from ...support.network import Network, Node

GATE = DirectGate(b"s" * 16, is_answer=False)
ANN, BOB, CY = (identity(name).member_id for name in ("ann", "bob", "cy"))


def listening(node: Node) -> list[tuple[MemberId, AsideFrame]]:
    heard: list[tuple[MemberId, AsideFrame]] = []
    node.mesh.asides.on_heard = lambda *said: heard.append(said)
    return heard


def test_word_reaches_one_member_alone() -> None:
    """From whom it comes is what the link has proven; who is not linked cannot be told."""
    network = Network()
    ann, bob, cy = [network.join(network.node(name)) for name in ("ann", "bob", "cy")]
    network.run(1.0)
    bob_heard, cy_heard = listening(bob), listening(cy)
    told: list[bool] = []
    for member in (BOB, identity("dan").member_id, ANN):
        ann.do(lambda mesh, member=member: told.append(mesh.asides.tell(member, GATE, now=network.now)))  # type: ignore[misc]
    ann.do(lambda mesh: mesh.settle(now=network.now))
    network.run(1.0)
    assert told == [True, False, False]
    assert bob_heard == [(ANN, GATE)]
    assert cy_heard == []


def test_word_that_nobody_listens_to_is_passed_over() -> None:
    """As in a room that no peer has put beside others."""
    network = Network()
    ann, bob = [network.join(network.node(name)) for name in ("ann", "bob")]
    network.run(1.0)
    ann.do(lambda mesh: mesh.asides.tell(BOB, GATE, now=network.now))
    ann.do(lambda mesh: mesh.settle(now=network.now))
    network.run(1.0)
    assert bob.mesh.link_to(ANN) is not None
