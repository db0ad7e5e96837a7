"""Whom the server says the members are, as each of them comes to hear it."""

from __future__ import annotations

from dataclasses import replace

from peer.attestation import LEEWAY_S
from peer.core.claims import Standing
from peer.events import Claim, ClaimChanged, MemberJoined
from peer.wire.frames import AttestationUpdate, Introduction

from ..support.attestations import Notary
from ..support.insider import Insider
from ..support.keys import identity, public_room
from ..support.network import Network, Node
from ..support.visitor import Visitor

NOTARY = Notary()
SEALED = 0x04
"""First byte of each frame behind the handshake."""
ALICE = Claim(subject="alice", name="Alice", issuer="https://chat.example")


def vouch(node: Node, subject: str | None, *, life_s: float = 43_200) -> None:
    """The server's keys come to a node, and its word for the node's key if it has any."""
    attestation = NOTARY.attest(identity(node.name), subject, life_s=life_s) if subject else ""
    standing = Standing(NOTARY.keys, attestation)
    node.do(lambda mesh: mesh.receive_standing(standing, now=node.network.now))


def claims(node: Node) -> dict[str, Claim | None]:
    """By the names that members give themselves."""
    return {member.name: member.claim for member in node.mesh.members}


def test_claim_comes_with_the_introduction() -> None:
    """Both sides have been vouched for before they meet: nobody is told twice."""
    network = Network()
    ann, bob = network.node("ann"), network.node("bob")
    vouch(ann, "alice")
    vouch(bob, None)
    network.join(ann)
    network.join(bob)
    network.run(2)
    assert [event.member.claim for event in bob.events_of(MemberJoined)] == [ALICE]
    assert bob.events_of(ClaimChanged) == []
    assert claims(ann) == {"ann": ALICE, "bob": None}
    assert [event.member.name for event in ann.events_of(ClaimChanged)] == ["ann"]


def test_claim_that_comes_late_is_told() -> None:
    """By frames of their own, to whom it concerns and to whom it is news."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    vouch(ann, "alice")
    network.run(1)
    assert claims(bob) == {"bob": None, "ann": None}
    vouch(bob, None)
    assert claims(bob) == {"bob": None, "ann": ALICE}
    assert [event.member.claim for event in bob.events_of(ClaimChanged)] == [ALICE]
    vouch(ann, "alice")
    network.run(1)
    assert len(bob.events_of(ClaimChanged)) == 1


def test_newcomer_on_a_link_that_was_just_made_hears_it_too() -> None:
    """Our introduction was under way when the server's word came, and the link was not open yet."""
    network = Network()
    ann, bob = network.join(network.node("ann")), network.node("bob")
    vouch(ann, None)
    network.join(bob)
    while not any(data[0] == SEALED for _, data in bob.transmitted):
        network.run(0.001)
    assert bob.here == []
    vouch(bob, "alice")
    network.run(1)
    assert claims(ann)["bob"] == ALICE


def test_claim_lapses_with_its_attestation() -> None:
    """Where it is not renewed; the member and the link stay."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    vouch(bob, None)
    vouch(ann, "alice", life_s=2000)
    network.run(900 + LEEWAY_S)
    assert claims(bob)["ann"] == ALICE
    network.run(200)
    assert claims(bob)["ann"] is None
    assert [event.member.claim for event in bob.events_of(ClaimChanged)] == [ALICE, None]
    assert bob.here == ["ann"]


def test_renewed_claim_goes_on_unseen() -> None:
    """Nothing has changed for anybody."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    vouch(bob, None)
    vouch(ann, "alice", life_s=2000)
    network.run(800)
    vouch(ann, "alice", life_s=9000)
    network.run(800)
    assert claims(bob)["ann"] == ALICE
    assert len(bob.events_of(ClaimChanged)) == 1


def test_second_device_flags_the_first() -> None:
    """For all in the room, and for both holders themselves; gone, it is still remembered."""
    network = Network()
    ann, bob, cy = network.room_of("ann", "bob", "cy")
    vouch(cy, None)
    vouch(ann, "alice")
    vouch(bob, "alice")
    network.run(1)
    contested = replace(ALICE, is_contested=True)
    assert claims(cy) == {"cy": None, "ann": contested, "bob": contested}
    assert claims(ann)["ann"] == claims(bob)["bob"] == contested
    assert [event.member.name for event in cy.events_of(ClaimChanged)] == ["ann", "ann", "bob"]
    bob.leave()
    network.run(1)
    assert claims(cy)["ann"] == contested


def test_member_who_leaves_keeps_its_claim_in_the_list() -> None:
    """As its name."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    vouch(bob, None)
    vouch(ann, "alice")
    network.run(1)
    ann.leave()
    network.run(1)
    assert claims(bob)["ann"] == ALICE
    assert bob.here == []


def test_who_has_left_hears_of_claims_no_more() -> None:
    """Nothing is sent, told or waited for."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    vouch(ann, "alice")
    ann.leave()
    network.run(1)
    told, sent = len(ann.events), len(ann.transmitted)
    vouch(ann, "bob")
    network.run(100_000)
    assert (len(ann.events), len(ann.transmitted)) == (told, sent)
    assert ann.mesh.next_deadline() is None
    assert bob.here == []


def test_old_peer_without_attestations_is_understood() -> None:
    """Its introduction has a field less; it passes our frames over, whose type it does not know."""
    network = Network()
    [ann] = network.room_of("ann", is_public=True)
    vouch(ann, "alice")
    visitor = Visitor.in_public_room(network, ann)
    visitor.say(b"\x94\x01\xa3old\xa0\xa6online")
    assert ann.here == ["old"]
    assert visitor.closed == []
    [introduction] = [frame for frame in _heard(visitor) if isinstance(frame, Introduction)]
    assert introduction.attestation == ann.mesh._conversation._attestation


def test_second_link_of_a_member_shows_its_claim_anew() -> None:
    """A process that came back with a newer attestation."""
    network = Network()
    [ann] = network.room_of("ann", is_public=True)
    vouch(ann, None)
    mallory = identity("mallory")
    first = Visitor(network, ann, Insider(keys=public_room()[1], peer_id="one"), attempt=b"attempt1")
    first.shake()
    first.say(first.insider.introduction())
    second = Visitor(network, ann, Insider(keys=public_room()[1], peer_id="two"), attempt=b"attempt2")
    second.shake()
    second.say(replaced(second.insider.introduction(), NOTARY.attest(mallory, "mallory")))
    assert [event.member.claim for event in ann.events_of(MemberJoined)] == [None]
    [changed] = ann.events_of(ClaimChanged)
    assert changed.member.claim is not None
    assert changed.member.claim.subject == "mallory"
    first.say(AttestationUpdate("rubbish"))
    assert ann.mesh.members[1].claim is None


def replaced(introduction: Introduction, attestation: str) -> Introduction:
    return Introduction(introduction.name, introduction.title, introduction.presence, attestation)


def _heard(visitor: Visitor) -> list[object]:
    """What the node has said to a visitor, opened."""
    for frame in visitor._to_answer:
        visitor.insider.receive(frame.channel, frame.data)
    return list(visitor.insider.heard)
