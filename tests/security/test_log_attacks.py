"""Attacker does X, the room sees Y: what somebody with the room's secret does to the control logs of members.

The attacker writes events by hand; the lobbies are ours, wired to each other without links.
"""

from __future__ import annotations

import hashlib

import pytest

from peer.config import Config
from peer.core.governance import Full, TurnedAway
from peer.core.machine import LinkId
from peer.crypto.identity import Identity
from peer.ids import MemberId, PeerId
from peer.keys.room_keys import derive_invite_key
from peer.log.authority import InviteVerdict
from peer.log.control import Ban, Control, Grant, encode_control, kind_of, sign_join
from peer.log.event import EventId, Header, Plane, hlc_at, seal_event
from peer.wire.frames import ControlEvents

from ..support.keys import OPEN_INVITE, START_MS, identity, private_room
from ..support.lobbies import Hall, Inmate

ROOM = private_room()[0]
INVITE = derive_invite_key(OPEN_INVITE.seed, ROOM)


def made_up(number: int) -> Identity:
    return Identity.from_seed(hashlib.sha256(b"made up %d" % number).digest())


def event_of(author: Identity, control: Control, *, auth: EventId, ms: int, log: bytes = b"incarnat") -> bytes:
    """The first event of a log."""
    body = encode_control(control)
    header = Header(
        version=1,
        author=author.public_key,
        incarnation=log,
        plane=Plane.CONTROL,
        seq=1,
        prev=b"",
        hlc=hlc_at(ms),
        kind=kind_of(control),
        auth=auth,
        ref=None,
        body_hash=hashlib.sha256(body).digest(),
    )
    return seal_event(header, body, identity=author, room_id=ROOM).encoded


def join_of(author: Identity, inmate: Inmate, *, ms: int = START_MS + 5, log: bytes = b"incarnat") -> bytes:
    """By the room's open invite."""
    join = sign_join(INVITE, room_id=ROOM, newcomer=author.public_key)
    return event_of(author, join, auth=invite_of(inmate), ms=ms, log=log)


def invite_of(inmate: Inmate) -> EventId:
    assert inmate.membership.authority is not None
    return inmate.membership.authority.invites[INVITE.public_key].id


def give(hall: Hall, inmate: Inmate, link: LinkId, *events: bytes) -> None:
    inmate.lobby.receive(link, ControlEvents(b"", events, False), now=hall.now)
    hall.settle(inmate)


def link_between(one: Inmate, other: Inmate) -> LinkId:
    return next(link for link, wire in one.wires.items() if wire.other(one) is other)


def hall_of(*names: str) -> tuple[Hall, list[Inmate]]:
    hall = Hall()
    inmates = [hall.enter(name) for name in names]
    hall.connect_all()
    hall.run()
    return hall, inmates


def equivocate(author: Identity, *, right: EventId) -> tuple[bytes, bytes]:
    """Two events for one place."""
    someone = made_up(77).public_key
    return (
        event_of(author, Grant(someone, 1), auth=right, ms=START_MS + 500, log=b"evilevil"),
        event_of(author, Ban(someone), auth=right, ms=START_MS + 501, log=b"evilevil"),
    )


def admin_of(hall: Hall, owner: Inmate, other: Inmate) -> EventId:
    """Make it one; what it relies on then."""
    owner.governance.promote(other.id, "admin", now=hall.now)
    hall.settle(owner)
    hall.run()
    assert owner.membership.authority is not None
    return owner.membership.authority.standings_of(other.id)[0].id


def test_proof_of_equivocation_reaches_everybody() -> None:
    """Who is told two things by one author tells the others both; and it is a change that is kept."""
    hall, (ann, bob, cy) = hall_of("ann", "bob", "cy")
    one, other = equivocate(identity("bob"), right=admin_of(hall, ann, bob))
    hall.now = 10.0
    give(hall, ann, link_between(ann, bob), one)
    hall.run()
    assert cy.membership.is_member(made_up(77).member_id)
    version = ann.membership.version
    give(hall, ann, link_between(ann, bob), other)
    assert ann.membership.version > version
    hall.run()
    for inmate in (ann, cy):
        assert not inmate.membership.is_member(made_up(77).member_id)
    assert ann.membership.digest() == cy.membership.digest()


def test_what_was_kept_from_a_member_is_found_when_logs_are_compared() -> None:
    """Within half a minute in a room of two, though no link was made anew and nobody spoke."""
    hall, (ann, bob, cy) = hall_of("ann", "bob", "cy")
    one, other = equivocate(identity("bob"), right=admin_of(hall, ann, bob))
    hall.now = 10.0
    give(hall, ann, link_between(ann, bob), one, other)
    for wire in ann.wires.values():
        for waiting in wire.on_its_way.values():
            waiting.clear()
    assert ann.membership.digest() != cy.membership.digest()
    hall.wait(120)
    assert ann.membership.digest() == cy.membership.digest()


@pytest.mark.long
def test_different_floods_of_joins_split_no_honest_members() -> None:
    """Each takes what its quota allows and passes over the rest; neither cuts the other, now or later."""
    hall, (ann, bob) = hall_of("ann", "bob")
    for wire in list(ann.wires.values()):
        hall.part(wire)
    for inmate, first in ((ann, 0), (bob, 5000)):
        events = [join_of(made_up(number), inmate) for number in range(first, first + 300)]
        inmate.membership.take_in(events, relay=identity("ann").member_id, now_ms=hall.wall_ms())
    hall.connect(ann, bob)
    hall.run()
    hall.wait(60)
    assert not ann.cut
    assert not bob.cut
    assert ann.greets(bob)
    assert bob.greets(ann)


def test_made_up_identities_do_not_come_in_by_one_link() -> None:
    """Whoever stands in the lobby brings the join of the identity that its handshake has proven, once."""
    hall, (ann,) = hall_of("ann")
    ghost, link = made_up(1), LinkId(PeerId("ghost"), b"attempt.")
    ann.lobby.enter(link, ghost.member_id, now=hall.now)
    give(hall, ann, link, *(join_of(made_up(number), ann) for number in range(2, 50)))
    assert members_of(ann) == {ann.id}
    give(hall, ann, link, *(join_of(ghost, ann, log=b"log %4d" % number) for number in range(50)))
    assert members_of(ann) == {ann.id, ghost.member_id}
    assert len(ann.membership.export()) == len([b"invite", b"join", b"grant"])


def members_of(inmate: Inmate) -> set[MemberId]:
    assert inmate.membership.authority is not None
    return set(inmate.membership.authority.members)


def test_flood_of_made_up_identities_leaves_the_owner_its_word() -> None:
    """Its client lets in as many as a room has, ends the open link, and can still remove and promote."""
    hall = Hall(config=Config(max_members=20, automatic_grants_burst=5, automatic_grants_per_s=10.0))
    ann = hall.enter("ann")
    for number in range(100):
        ghost = made_up(number)
        link = LinkId(PeerId(f"ghost {number}"), b"attempt.")
        ann.lobby.enter(link, ghost.member_id, now=hall.now)
        give(hall, ann, link, join_of(ghost, ann))
    hall.wait(10)
    assert ann.membership.judge_invite(now_ms=hall.wall_ms()) is InviteVerdict.REVOKED
    assert [fact for fact in ann.facts if isinstance(fact, Full)] == [Full(20)]
    assert len(members_of(ann)) == 20
    assert len(ann.membership.export()) < 150
    ann.governance.kick(made_up(0).member_id, now=hall.now)
    ann.governance.promote(made_up(1).member_id, "admin", now=hall.now)
    assert made_up(0).member_id not in members_of(ann)


def test_expired_link_lets_nobody_in_who_dates_a_join_back() -> None:
    """Not by itself, not by a member who tells of it: the owner's client has ended the link for all by then."""
    hall, (ann, bob) = hall_of("ann", "bob")
    expires_ms = hall.wall_ms() + 60_000
    made = ann.governance.invite(is_open=True, expires_ms=expires_ms, now=hall.now)
    hall.settle(ann)
    hall.run()
    hall.wait(3600)
    assert ann.membership.authority is not None
    key = derive_invite_key(made.seed, ROOM)
    standing = ann.membership.authority.invites[key.public_key]
    ghost = made_up(1)
    proof = sign_join(key, room_id=ROOM, newcomer=ghost.public_key)
    back_dated = event_of(ghost, proof, auth=standing.id, ms=expires_ms - 1000)
    give(hall, ann, link_between(ann, bob), back_dated)
    hall.run()
    for inmate in (ann, bob):
        assert ghost.member_id not in members_of(inmate)


def test_kick_by_a_moderator_ends_the_link_that_the_kicked_knows() -> None:
    """It comes back under no new key: the owner's client has put another link in its place."""
    hall, (ann, bob, cy) = hall_of("ann", "bob", "cy")
    ann.governance.promote(bob.id, "moderator", now=hall.now)
    hall.settle(ann)
    hall.run()
    bob.governance.kick(cy.id, now=hall.now)
    hall.settle(bob)
    hall.run()
    assert cy.id not in members_of(ann)
    again = hall.enter("cy under another key")
    hall.connect(ann, again)
    hall.run()
    assert TurnedAway("revoked") in again.facts
    assert ann.governance.open_invite not in (None, OPEN_INVITE)
