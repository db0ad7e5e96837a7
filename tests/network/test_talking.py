"""What is said in a room reaches everybody who was present, once, and in each sender's order."""

from __future__ import annotations

import pytest

from peer.events import StatusChanged, TypingChanged

from ..support.network import Faults, Network

NAMES = ("ann", "bob", "cy", "dan", "eve")


def test_messages_written_while_links_are_made_reach_everybody_once_and_in_order() -> None:
    """At any moment of the handshakes: some by a link, some by the outbox."""
    network = Network(faults=Faults(delay_s=(0.0, 0.05)))
    nodes = [network.join(network.node(name)) for name in NAMES]
    for number in range(40):
        for node in nodes:
            node.send(f"{node.name} {number}")
        network.run(0.01)
    network.run(5)
    for reader in nodes:
        for writer in nodes:
            expected = [] if reader is writer else [f"{writer.name} {number}" for number in range(40)]
            assert reader.texts(writer) == expected


def test_message_written_while_one_of_two_is_on_its_way_reaches_both() -> None:
    """Cy was present when it was written, bob was linked."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    cy = network.join(network.node("cy"))
    network.run(0.02)
    assert ann.here == ["bob"]
    assert ann.send("both of you").status == "sent"
    network.run(2)
    assert bob.texts() == cy.texts() == ["both of you"]


def test_draft_goes_to_the_first_comer_and_becomes_sent() -> None:
    """Told once, though two came at the same time; the second one gets them as well."""
    network = Network()
    [ann] = network.room_of("ann")
    drafts = [ann.send(str(number)) for number in range(3)]
    bob, cy = (network.join(network.node(name)) for name in ("bob", "cy"))
    network.run(2)
    sent = [change for change in ann.events_of(StatusChanged) if change.status == "sent"]
    assert [change.draft_id for change in sent] == [draft.id for draft in drafts]
    assert bob.texts() == cy.texts() == ["0", "1", "2"]


def test_draft_written_to_two_who_are_on_their_way_reaches_both() -> None:
    """Both were present."""
    network = Network()
    [ann] = network.room_of("ann")
    bob, cy = (network.join(network.node(name)) for name in ("bob", "cy"))
    assert ann.send("welcome").status == "draft"
    network.run(2)
    assert bob.texts() == cy.texts() == ["welcome"]


def test_message_written_while_a_broken_path_is_made_anew_arrives() -> None:
    """The peer is present all the time."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    network.cut(ann, bob)
    assert ann.send("in between").status == "draft"
    network.run(2)
    assert bob.texts() == ["in between"]


def test_who_left_before_it_was_linked_gets_what_was_said_when_it_comes_back() -> None:
    """Once, like everybody else."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    cy = network.join(network.node("cy"))
    ann.send("hello cy")
    cy.leave()
    network.run(1)
    again = network.join(network.node("cy"))
    network.run(2)
    assert again.texts() == ["hello cy"]
    assert bob.texts() == ["hello cy"]


@pytest.mark.parametrize("seed", range(3))
def test_typing_notices_survive_a_lossy_channel(seed: int) -> None:
    """Lost, late and out of order: whoever typed is shown typing at most three seconds longer than they did."""
    network = Network(seed=seed, faults=Faults(ephemeral_loss=0.3, delay_s=(0.0, 0.3)))
    ann, bob = network.room_of("ann", "bob")
    for _ in range(100):
        ann.set_typing()
        network.run(0.1)
    network.run(3.5)
    changes = [event.typing for event in bob.events_of(TypingChanged)]
    assert changes
    assert changes[-1] is False
    assert changes == [index % 2 == 0 for index in range(len(changes))]
