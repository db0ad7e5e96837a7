"""How we stand in a room, what we do to others' standing, and what our client does unasked."""

from __future__ import annotations

import pytest

from peer.core.governance import Entered, Removed, RolesChanged, Stage, TurnedAway, Waiting
from peer.core.membership import InviteSeed, Membership
from peer.errors import BadSetting, NotAllowed
from peer.log.control import Ban, Cut, Level, Revoke
from peer.log.event import Plane
from peer.log.facts import decode_fact

from ...support.keys import everybody, membership_of
from ...support.lobbies import Hall, Inmate


def hall_of(*names: str, approve: bool = False) -> tuple[Hall, list[Inmate]]:
    """Everybody linked to everybody, and quiet; the first one owns the room."""
    hall = Hall()
    inmates = [hall.enter(name, membership_of(name, approve=approve)) for name in names]
    hall.connect_all()
    hall.run()
    return hall, inmates


def settle(hall: Hall, inmate: Inmate) -> None:
    hall.settle(inmate)
    hall.run()


def stages(*inmates: Inmate) -> list[Stage]:
    return [each.governance.stage for each in inmates]


# ---- how we stand


def test_guest_of_an_open_room_comes_in_and_the_owner_makes_it_last() -> None:
    """The grant outlives the invite: who came by it stays when it is withdrawn."""
    hall, (ann, bob) = hall_of("ann", "bob")
    assert stages(ann, bob) == [Stage.IN, Stage.IN]
    assert bob.facts.count(Entered()) == 1
    invite = ann.governance.open_invite
    assert invite is not None
    ann.governance.uninvite(invite.seed, now=hall.now)
    settle(hall, ann)
    assert bob.greets(ann)
    assert ann.governance.open_invite is None
    assert bob.governance.open_invite is None


def test_public_room_is_governed_by_nobody() -> None:
    """We are in, nothing is new, and every act is refused."""
    hall = Hall()
    ann = hall.enter("ann", everybody("ann"))
    assert stages(ann) == [Stage.IN]
    assert ann.facts == []
    assert ann.governance.waiting == ()
    assert not ann.governance.may_admit
    assert ann.governance.open_invite is None
    with pytest.raises(NotAllowed):
        ann.governance.kick(ann.id, now=0.0)


def test_removed_member_is_out_for_good() -> None:
    """It hears of it once, and nothing after it."""
    hall, (ann, bob) = hall_of("ann", "bob")
    ann.governance.kick(bob.id, now=hall.now)
    settle(hall, ann)
    assert stages(bob) == [Stage.OUT]
    assert bob.facts.count(Removed()) == 1
    assert bob.governance.review(is_meeting=False, has_tried_all=True, now=hall.now) == []


def test_role_goes_down_only_by_demotion() -> None:
    """A role that is no lower is a slip of the caller's."""
    hall, (ann, bob) = hall_of("ann", "bob")
    ann.governance.promote(bob.id, "admin", now=hall.now)
    settle(hall, ann)
    ann.governance.demote(bob.id, "moderator", now=hall.now)
    settle(hall, ann)
    assert bob.governance.membership.role_of(bob.id) == "moderator"
    for role in ("moderator", "admin", "owner"):
        with pytest.raises(BadSetting, match="this member is moderator now"):
            ann.governance.demote(bob.id, role, now=hall.now)


def test_who_leaves_for_good_is_no_member_any_more() -> None:
    """By its own word, and without being told that it was removed; owners cannot."""
    hall, (ann, bob) = hall_of("ann", "bob")
    bob.governance.resign(now=hall.now)
    settle(hall, bob)
    assert stages(ann, bob) == [Stage.IN, Stage.OUT]
    assert Removed() not in bob.facts
    assert not ann.governance.membership.is_member(bob.id)
    with pytest.raises(NotAllowed, match="everybody else can"):
        ann.governance.resign(now=hall.now)


def newcomer(hall: Hall, ann: Inmate, membership: Membership) -> Inmate:
    one = hall.enter("cy", membership)
    hall.connect(ann, one)
    hall.run()
    return one


def test_invites_that_are_worth_nothing_are_told_apart() -> None:
    """Unknown, expired, withdrawn, used; and a key that was removed."""
    hall, (ann, bob) = hall_of("ann", "bob")
    over = ann.governance.invite(is_open=True, expires_ms=hall.wall_ms() + 1000, now=hall.now)
    gone = ann.governance.invite(is_open=False, expires_ms=0, now=hall.now)
    ann.governance.uninvite(gone.seed, now=hall.now)
    used = ann.governance.invite(is_open=False, expires_ms=0, now=hall.now)
    settle(hall, ann)
    newcomer(hall, ann, membership_of("dan", invite=used))
    hall.now += 2
    for invite, code in (
        (InviteSeed(b"never made......", is_open=True), "unknown"),
        (over, "expired"),
        (gone, "revoked"),
        (used, "used"),
    ):
        cy = newcomer(hall, ann, membership_of("cy", invite=invite))
        assert cy.facts[-1] == TurnedAway(code)
        assert stages(cy) == [Stage.OUT]
    ann.governance.kick(bob.id, now=hall.now)
    settle(hall, ann)
    fresh = membership_of("bob", process=2)
    fresh.learn(ann.membership.genesis)
    fresh.take_in(ann.membership.export(), relay=ann.id, now_ms=hall.wall_ms())
    assert hall.enter("bob", fresh).governance.review(is_meeting=False, has_tried_all=True, now=hall.now)[
        0
    ] == TurnedAway("banned")


def test_unknown_invite_is_not_refused_while_somebody_may_know_it() -> None:
    """A member who was away when it was made is not the last word."""
    hall, (ann, _) = hall_of("ann", "bob")
    cy = hall.enter("cy", membership_of("cy", invite=InviteSeed(b"never made......", is_open=True)))
    wire = hall.connect(ann, cy)
    while wire.on_its_way[ann]:
        ann.lobby.receive(wire.link, wire.on_its_way[ann].popleft(), now=0.0)
        for order in ann.lobby.orders():
            cy.lobby.receive(wire.link, order.frame, now=0.0)  # type: ignore[union-attr]
    assert cy.governance.review(is_meeting=True, has_tried_all=True, now=0.0) == [RolesChanged()]
    assert cy.governance.can_enter_soon(is_meeting=True)
    assert cy.governance.review(is_meeting=False, has_tried_all=True, now=0.0) == [TurnedAway("unknown")]
    assert not cy.governance.can_enter_soon(is_meeting=True)


# ---- waiting


def test_every_newcomer_waits_where_an_admin_approves() -> None:
    """All members know; the guest knows that time alone will not do."""
    hall, (ann, bob) = hall_of("ann", "bob", approve=True)
    assert stages(bob) == [Stage.WAITING]
    assert not bob.governance.can_enter_soon(is_meeting=True)
    assert ann.governance.may_admit
    assert Waiting(bob.id) in ann.facts
    ann.governance.admit(bob.id, now=hall.now)
    settle(hall, ann)
    assert stages(bob) == [Stage.IN]
    cy = newcomer(hall, bob, membership_of("cy", approve=True))
    assert Waiting(cy.id) in bob.facts
    assert not bob.governance.may_admit
    with pytest.raises(NotAllowed, match="admins"):
        bob.governance.admit(cy.id, now=hall.now)


def test_guest_with_an_invite_for_one_comes_in_soon_where_an_admin_is_linked() -> None:
    """Whose client does it by itself; another member cannot."""
    hall, (ann, bob) = hall_of("ann", "bob")
    single = ann.governance.invite(is_open=False, expires_ms=0, now=hall.now)
    settle(hall, ann)
    for wire in list(ann.wires.values()):
        hall.part(wire)
    cy = newcomer(hall, bob, membership_of("cy", invite=single))
    assert stages(cy) == [Stage.WAITING]
    assert not cy.governance.can_enter_soon(is_meeting=False)
    assert cy.governance.can_enter_soon(is_meeting=True)
    hall.connect(ann, cy)
    assert cy.governance.can_enter_soon(is_meeting=False)
    hall.run()
    assert stages(cy) == [Stage.IN]


def test_name_that_comes_late_is_told_again() -> None:
    """The join may reach an admin before the one who made it does."""
    hall, (ann, bob) = hall_of("ann", "bob", approve=True)
    ann.governance.admit(bob.id, now=hall.now)
    settle(hall, ann)
    cy = newcomer(hall, bob, membership_of("cy", approve=True))
    assert ann.facts.count(Waiting(cy.id)) == 1
    assert ann.lobby.names() == {bob.id: "bob"}
    hall.connect(ann, cy)
    hall.run()
    assert ann.facts.count(Waiting(cy.id)) == 2
    assert ann.lobby.names()[cy.id] == "cy"


# ---- acts


def test_kick_takes_the_open_invite_along_and_leaves_a_new_one() -> None:
    """Or who was removed could hand it to its next identity."""
    hall, (ann, bob) = hall_of("ann", "bob")
    before = ann.governance.open_invite
    ann.governance.kick(bob.id, now=hall.now)
    settle(hall, ann)
    after = ann.governance.open_invite
    assert after is not None
    assert after != before
    old, new = newcomer(hall, ann, membership_of("eve", invite=before)), membership_of("dan", invite=after)
    assert old.facts[-1] == TurnedAway("revoked")
    assert stages(newcomer(hall, ann, new)) == [Stage.IN]


def test_kick_where_there_is_no_open_invite_makes_none() -> None:
    """Who wanted none gets none."""
    hall, (ann, bob) = hall_of("ann", "bob")
    invite = ann.governance.open_invite
    assert invite is not None
    ann.governance.uninvite(invite.seed, now=hall.now)
    ann.governance.kick(bob.id, now=hall.now)
    assert ann.governance.open_invite is None


def test_roles_go_up_and_down() -> None:
    """A moderator removes, an admin invites, and both can be plain members again; nobody becomes an owner."""
    hall, (ann, bob, cy) = hall_of("ann", "bob", "cy")
    for role, level in (("moderator", Level.MODERATOR), ("admin", Level.ADMIN), ("member", Level.MEMBER)):
        ann.governance.promote(bob.id, role, now=hall.now)  # type: ignore[arg-type]
        settle(hall, ann)
        assert [
            each.membership.authority and each.membership.authority.level_of(bob.id) for each in (ann, bob, cy)
        ] == [level] * 3
        assert cy.facts[-1] == RolesChanged()
    with pytest.raises(BadSetting, match="admin, moderator, member"):
        ann.governance.promote(bob.id, "owner", now=hall.now)
    with pytest.raises(NotAllowed):
        bob.governance.invite(is_open=True, expires_ms=0, now=hall.now)


def test_moderator_removes_and_leaves_the_invites_alone() -> None:
    """They are not its to end."""
    hall, (ann, bob, cy) = hall_of("ann", "bob", "cy")
    ann.governance.promote(bob.id, "moderator", now=hall.now)
    settle(hall, ann)
    bob.governance.kick(cy.id, now=hall.now)
    settle(hall, bob)
    assert stages(cy) == [Stage.OUT]
    assert ann.governance.open_invite is not None


def test_founder_makes_the_first_invite() -> None:
    """For any number of guests, and for ever."""
    hall = Hall()
    ann = hall.enter("ann", membership_of("ann", invite=None))
    assert ann.governance.open_invite is None
    ann.governance.found(now=0.0)
    invite = ann.governance.open_invite
    assert invite is not None
    assert invite.is_open


# ---- what was said before


def test_removal_says_how_far_the_removed_was_heard() -> None:
    """What it had said up to there stands, for everybody; the same where somebody is lowered."""
    hall, (ann, bob, cy) = hall_of("ann", "bob", "cy")
    cut = Cut(b"incarnat", Plane.MESSAGE, 7)
    ann.governance.cuts = lambda _: (cut,)
    ann.governance.promote(cy.id, "moderator", now=hall.now)
    ann.governance.promote(cy.id, "member", now=hall.now)
    ann.governance.kick(bob.id, now=hall.now)
    settle(hall, ann)
    room_id = ann.membership.room_id
    facts = [decode_fact(data, room_id=room_id) for data in ann.membership.export()]
    cuts = [fact.control.cuts for fact in facts if isinstance(fact.control, Revoke | Ban)]
    assert cuts
    assert all(each[-1] == cut for each in cuts)


# ---- bringing somebody in


def test_admin_makes_whom_it_adds_a_member() -> None:
    """Once; the seed that is handed over is of no invite, and another one each time."""
    hall, (ann, bob) = hall_of("ann", "bob")
    cy = membership_of("cy").me
    seeds = [ann.governance.add(cy, now=hall.now) for _ in range(2)]
    settle(hall, ann)
    assert ann.membership.is_member(cy)
    assert bob.membership.is_member(cy)
    assert len(ann.membership.export()) == len(bob.membership.export()) == 4
    assert seeds[0] != seeds[1]
    assert [seed.is_open for seed in seeds] == [False, False]


def test_member_passes_on_the_open_invite_if_there_is_one() -> None:
    """Else it is told who may add."""
    hall, (ann, bob) = hall_of("ann", "bob")
    invite = ann.governance.open_invite
    assert invite is not None
    assert bob.governance.add(membership_of("cy").me, now=hall.now) == invite
    ann.governance.uninvite(invite.seed, now=hall.now)
    settle(hall, ann)
    with pytest.raises(NotAllowed, match="add members: admins and owners can"):
        bob.governance.add(membership_of("cy").me, now=hall.now)
