"""Members who show attestations that are not theirs: no name is shown, and the link lives on.

E2EE.md, "Server, JWT, disk". The attacker is an insider: it holds the room's secret and an identity of its own, has
seen the attestations of others, and says what it likes. The names that count are those of the server they all use.
"""

from __future__ import annotations

import pytest

from peer.core.claims import Standing
from peer.events import ClaimChanged, MemberJoined, Message
from peer.ports import Channel
from peer.wire.frames import AttestationUpdate, Frame, Goodbye, Introduction

from ..support.attestations import NOW_S, Notary
from ..support.insider import Insider
from ..support.keys import identity, public_room
from ..support.network import Network, Node
from ..support.spoken import Speech
from ..support.visitor import Visitor

NOTARY = Notary()
ALICE, MALLORY = identity("alice"), identity("mallory")
GENUINE = NOTARY.attest(ALICE)

NOT_HIS: dict[str, str] = {
    "another member's": GENUINE,
    "his own, expired": NOTARY.attest(MALLORY, exp=NOW_S),
    "his own, for a year": NOTARY.attest(MALLORY, life_s=31_536_000),
    "of another type": NOTARY.attest(MALLORY, header={"typ": "JWT"}),
    "for another audience": NOTARY.attest(MALLORY, aud="speaktube room"),
    "of another server": Notary(2).attest(MALLORY),
    "of another server that calls itself ours": Notary(2).attest(MALLORY, header={"kid": NOTARY.kid}),
    "in another server's name": NOTARY.attest(MALLORY, iss="https://evil.example"),
    "with crit": NOTARY.attest(MALLORY, header={"crit": ["cnf"]}),
    "spliced": ".".join([*NOTARY.attest(MALLORY).split(".")[:2], GENUINE.split(".")[2]]),
    "unsigned": ".".join([*NOTARY.attest(MALLORY).split(".")[:2], ""]),
    "a user's JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.AAAA",
    "rubbish": "x" * 4096,
}


def room() -> tuple[Network, Node]:
    """Ann, who knows the server's keys, in a public room."""
    network = Network()
    [ann] = network.room_of("ann", is_public=True)
    ann.do(lambda mesh: mesh.receive_standing(Standing(NOTARY.keys), now=network.now))
    return network, ann


def enter(network: Network, node: Node, name: str, attestation: str = "") -> Visitor:
    """Somebody with the room's secret, who calls itself Alice and shows this."""
    visitor = Visitor(network, node, Insider(name, keys=public_room()[1]), attempt=name.encode()[:8].ljust(8, b"."))
    visitor.shake()
    visitor.say(Introduction("Alice", "lobby", "online", attestation))
    return visitor


def talks(visitor: Visitor, node: Node, text: str) -> bool:
    """Whether the link lives: a message gets through."""
    visitor.say(Speech(visitor.insider.name, node.mesh.membership, process=len(node.events)).say(text))
    return node.events_of(Message)[-1].text == text and not visitor.closed


@pytest.mark.parametrize("attestation", NOT_HIS.values(), ids=NOT_HIS.keys())
@pytest.mark.parametrize("late", [False, True], ids=["introduced", "later"])
def test_attestation_that_is_not_theirs_shows_no_name(attestation: str, late: bool) -> None:
    """In the introduction or in a frame of its own; who it is says its key alone."""
    network, ann = room()
    mallory = enter(network, ann, "mallory", "" if late else attestation)
    if late:
        mallory.say(AttestationUpdate(attestation))
    [joined] = ann.events_of(MemberJoined)
    assert (joined.member.id, joined.member.claim) == (MALLORY.member_id, None)
    assert ann.mesh.members[1].claim is None
    assert ann.events_of(ClaimChanged) == []
    assert talks(mallory, ann, "still here")


def test_stolen_attestation_does_not_touch_its_owner() -> None:
    """Mallory shows Alice's beside her: hers stands alone, and is not flagged."""
    network, ann = room()
    alice = enter(network, ann, "alice", GENUINE)
    mallory = enter(network, ann, "mallory", GENUINE)
    mallory.say(AttestationUpdate(GENUINE))
    shown = {member.id: member.claim for member in ann.mesh.members[1:]}
    assert shown[MALLORY.member_id] is None
    claim = shown[ALICE.member_id]
    assert claim is not None
    assert (claim.subject, claim.is_contested) == ("alice", False)
    assert talks(alice, ann, "it is me")


def test_second_key_of_a_user_is_a_newcomer_and_flagged() -> None:
    """Whoever has Alice's JWT, or the provider, can have another key attested: it is another member, seen as such."""
    network, ann = room()
    enter(network, ann, "alice", GENUINE)
    enter(network, ann, "mallory", NOTARY.attest(MALLORY))
    members = ann.mesh.members[1:]
    assert [member.id for member in members] == [ALICE.member_id, MALLORY.member_id]
    assert [member.claim and member.claim.is_contested for member in members] == [True, True]
    assert [event.member.id for event in ann.events_of(ClaimChanged)] == [ALICE.member_id]
    assert len(ann.events_of(MemberJoined)) == 2


def test_flood_of_attestations_costs_little_and_ends_nothing() -> None:
    """Ten are looked at; a good one behind them waits for its turn."""
    network, ann = room()
    mallory = enter(network, ann, "mallory")
    for number in range(990):  # with what else is said, no flood yet
        mallory.say(AttestationUpdate(NOTARY.attest(MALLORY, f"user {number}")))
    claim = ann.mesh.members[1].claim
    assert claim is not None
    assert claim.subject == "user 9"
    assert len(ann.events_of(ClaimChanged)) == 10
    assert talks(mallory, ann, "and on")


@pytest.mark.parametrize(
    ("frame", "channel"),
    [
        (AttestationUpdate("x" * 4097), Channel.EVENTS),
        (b"\x92\x07\xc4\x01x", Channel.EVENTS),
        (Introduction("Alice", "lobby", "online", "again"), Channel.EVENTS),
    ],
    ids=["too long", "bytes", "second introduction"],
)
def test_malformed_attestation_ends_the_link(frame: Frame | bytes, channel: Channel) -> None:
    """As any frame that we would not have sent."""
    network, ann = room()
    mallory = enter(network, ann, "mallory")
    mallory.say(frame, channel=channel)
    assert mallory.closed
    assert ann.here == []


def test_attestation_on_the_channel_of_whispers_is_dropped() -> None:
    """Unordered and unreliable: an older one could overtake."""
    network, ann = room()
    mallory = enter(network, ann, "mallory")
    mallory.say(AttestationUpdate(NOTARY.attest(MALLORY)), channel=Channel.EPHEMERAL)
    assert ann.mesh.members[1].claim is None
    assert talks(mallory, ann, "still here")


def test_crowd_that_comes_and_goes_leaves_bounded_memory() -> None:
    """Of members who left, as many are remembered as are shown, and no claim of the others."""
    network, ann = room()
    for number in range(260):
        name = f"mallory {number}"
        visitor = enter(network, ann, name, NOTARY.attest(identity(name), name))
        visitor.say(Goodbye())
    assert len(ann.mesh._company._claims._heard) <= len(ann.mesh.members) < 260
