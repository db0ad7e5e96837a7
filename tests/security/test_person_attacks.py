"""Somebody poses as a person whom we know: by claim, by name, or from the middle.

E2EE.md, "Insider in the middle", "second key for a subject" and "expected-key check". Nothing of it is prevented, since
keys are all that tells people apart; it must be seen.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

import peer
from peer.core.claims import Standing
from peer.core.people import People
from peer.core.safety import encode_code
from peer.events import KeyChanged, Message
from peer.testing import Network as PeerNetwork
from peer.wire.frames import Introduction

from ..support.attestations import Notary
from ..support.insider import Insider
from ..support.keys import identity, public_room
from ..support.network import Network, Node
from ..support.rooms import linked
from ..support.spoken import Speech
from ..support.visitor import Visitor

NOTARY = Notary()
ALICE, MALLORY = identity("alice"), identity("mallory")


def room() -> tuple[Network, Node]:
    """Ann, who knows the server's keys, in a public room."""
    network = Network()
    [ann] = network.room_of("ann", is_public=True)
    ann.do(lambda mesh: mesh.receive_standing(Standing(NOTARY.keys), now=network.now))
    return network, ann


def enter(network: Network, node: Node, key: str, name: str, attestation: str = "") -> Visitor:
    visitor = Visitor(network, node, Insider(key, keys=public_room()[1]), attempt=key.encode()[:8].ljust(8, b"."))
    visitor.shake()
    visitor.say(Introduction(name, "lobby", "online", attestation))
    return visitor


def people_of(node: Node) -> People:
    return node.mesh._company._recognition._people


def test_second_key_for_a_subject_is_an_unverified_newcomer() -> None:
    """The provider, or whoever has her JWT, makes another key Alice: shown as such, told, and merged with nobody."""
    network, ann = room()
    enter(network, ann, "alice", "Alice", NOTARY.attest(ALICE, "alice"))
    people_of(ann).verify(ALICE.member_id, "Alice")
    mallory = enter(network, ann, "mallory", "Al", NOTARY.attest(MALLORY, "alice"))
    [event] = ann.events_of(KeyChanged)
    assert (event.member.id, event.member.verified) == (MALLORY.member_id, False)
    assert (event.known.id, event.known.verified) == (ALICE.member_id, True)
    mallory.say(Speech("mallory", ann.mesh.membership).say("it is me"))
    sender = ann.events_of(Message)[-1].sender
    assert (sender.id, sender.verified, sender.changed_from) == (MALLORY.member_id, False, event.known)


def test_name_of_a_public_room_is_pinned_to_the_first_key() -> None:
    """The server, who can enter as everybody can, comes back as Alice when she has left."""
    network, ann = room()
    alice = enter(network, ann, "alice", "Alice")
    alice.node.do(lambda mesh: mesh.link_closed(alice.link, now=network.now))
    enter(network, ann, "mallory", "ALICE")
    [event] = ann.events_of(KeyChanged)
    assert (event.member.id, event.known.id) == (MALLORY.member_id, ALICE.member_id)


def test_pins_survive_a_restart() -> None:
    """What was kept is what tells the second key from the first."""
    network, ann = room()
    enter(network, ann, "alice", "Alice", NOTARY.attest(ALICE, "alice"))
    kept = People(limit=100, encoded=people_of(ann).encode())
    met = kept.meet(peer.Member(id=MALLORY.member_id, name="Alice"), public_room=public_room()[0], today=30_000)
    assert met.changed_from is not None
    assert met.changed_from.id == ALICE.member_id


def test_crowd_of_newcomers_does_not_wash_away_whom_we_know() -> None:
    """Memory stays bounded; who was verified, or met in a private room, is known as before."""
    people = People(limit=64)
    people.verify(ALICE.member_id, "Alice")
    claim = peer.Claim(subject="u-2", name="Ben", issuer="server")
    ben = peer.Member(id=identity("ben").member_id, name="Ben", claim=claim)
    people.meet(ben, public_room=None, today=1)
    for number in range(500):
        guest = peer.Member(id=identity(f"guest {number}").member_id, name=f"guest {number}")
        people.meet(guest, public_room=public_room()[0], today=2)
    assert len(people) == 64
    assert people.is_verified(ALICE.member_id)
    second = people.meet(replace(ben, id=MALLORY.member_id), public_room=None, today=2)
    assert second.changed_from is not None
    assert second.changed_from.id == ben.id


async def test_insider_in_the_middle_shows_its_own_key_and_fails_the_check() -> None:
    """Mallory calls himself Ben: number and code say that he is not, and nothing is verified."""
    async with PeerNetwork() as network:
        ann, ben, mallory = [await network.peer(name) for name in ("ann", "Ben", "Ben")]
        deck = await ann.create_room("Deck")
        assert deck.invite is not None
        middle = await mallory.join_room(deck.invite)
        await linked(deck, middle)
        [shown] = deck.members[1:]
        assert (shown.name, shown.id) == ("Ben", mallory.id)
        assert deck.safety_number(shown) != peer.safety_number(ann.id, ben.id)
        genuine = ben.verification_code(deck.me)
        with pytest.raises(peer.VerificationFailed, match="another key than that of Ben"):
            ann.verify(shown, code=genuine)
        forwarded = encode_code(ours=shown.id, theirs=identity("what ben sees").member_id)
        with pytest.raises(peer.VerificationFailed, match="another key for you"):
            ann.verify(shown, code=forwarded)
        assert not deck.members[1].verified
