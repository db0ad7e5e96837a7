"""Who is a member of a room, from the room's id alone to all that there is to know."""

from __future__ import annotations

import pytest

from peer.core.membership import Founding, InviteSeed, Membership, Taken, pack, role_of_level
from peer.errors import MalformedFrame, NotAllowed, UnexpectedFrame
from peer.log import acts
from peer.log.authority import InviteVerdict
from peer.log.control import Level
from peer.log.genesis import room_id_of

from ...support.keys import (
    OPEN_INVITE,
    START_MS,
    Chance,
    everybody,
    identity,
    membership_of,
    private_room,
    public_room,
)

ANN, BOB, CY = (identity(name).member_id for name in ("ann", "bob", "cy"))
ROOM_ID, GENESIS, _ = private_room()
NOW_MS = START_MS + 1000
SINGLE = InviteSeed(b"seed for one....", is_open=False)


def tell(source: Membership, to: Membership, *, now_ms: int = NOW_MS) -> None:
    """All that one knows."""
    to.learn(source.genesis)
    to.take_in(source.export(), relay=source.me, now_ms=now_ms)


def joined(name: str, *, invite: InviteSeed = OPEN_INVITE) -> tuple[Membership, Membership]:
    """Ann, and a guest who has come by this invite; both know."""
    ann, guest = membership_of("ann", invite=invite), membership_of(name, invite=invite)
    tell(ann, guest)
    join = guest.maybe_join(now_ms=NOW_MS)
    assert join is not None
    assert ann.take_in([join], relay=guest.me, now_ms=NOW_MS).new == [join]
    return ann, guest


# ---- public rooms


def test_in_a_public_room_everybody_is_a_member() -> None:
    """Nothing is known of them, nobody governs, and a genesis is a lie."""
    room = everybody("ann")
    assert room.are_we_in
    assert room.admits(BOB)
    assert room.may_knock(BOB)
    assert not room.may_knock(ANN)
    assert not room.is_barred(BOB)
    assert not room.is_waiting(BOB)
    assert room.role_of(ANN) == "member"
    assert room.authority is None
    assert room.export() == ()
    with pytest.raises(UnexpectedFrame, match="no genesis"):
        room.learn(GENESIS)
    with pytest.raises(NotAllowed):
        room.write([], now_ms=NOW_MS)
    assert room.write_due(now_ms=NOW_MS) == []


# ---- what a newcomer knows


def test_newcomer_knows_the_rooms_id_and_its_invite() -> None:
    """It is nobody, and so is everybody else; what it is told without the genesis means nothing yet."""
    room = membership_of("bob")
    assert not room.are_we_in
    assert not room.is_member(ANN)
    assert room.judge_invite(now_ms=NOW_MS) is InviteVerdict.UNKNOWN
    assert room.maybe_join(now_ms=NOW_MS) is None
    taken = room.take_in([b"anything"], relay=ANN, now_ms=NOW_MS)
    assert taken == Taken([])
    assert (room.genesis, room.incarnation, room.version) == (b"", b"", 0)


def test_genesis_of_another_room_is_refused() -> None:
    """A server cannot swap rooms: the id is its hash. Ours would be the mistake where it was kept."""
    other = private_room("mallory")[1]
    with pytest.raises(MalformedFrame):
        membership_of("bob").learn(other)
    with pytest.raises(MalformedFrame):
        Membership(
            ROOM_ID, is_public=False, identity=identity("bob"), random_bytes=Chance("x"), founding=Founding(other)
        )
    assert room_id_of(other) != ROOM_ID


def test_genesis_is_learned_once() -> None:
    """Whoever shows it again tells nothing new."""
    ann = membership_of("ann")
    version = ann.version
    ann.learn(GENESIS)
    assert ann.version == version


# ---- coming in


def test_guest_with_the_open_invite_is_a_member_at_once() -> None:
    """For itself, and for whoever takes in its join; an owner's client then grants it."""
    ann, bob = joined("bob")
    assert ann.admits(BOB)
    assert bob.admits(ANN)
    assert (ann.role_of(ANN), ann.role_of(BOB)) == ("owner", "member")
    granted = ann.write_due(now_ms=NOW_MS)
    assert len(granted) == 1
    assert ann.write_due(now_ms=NOW_MS) == []
    assert bob.write_due(now_ms=NOW_MS) == []


def test_guest_joins_once() -> None:
    """Not again while it is in, and not again once it is out: a new invite is a new object."""
    _, bob = joined("bob")
    assert bob.maybe_join(now_ms=NOW_MS) is None


def test_guest_with_an_invite_for_one_waits_for_an_admin() -> None:
    """Whose client lets in the first who comes."""
    ann, bob = joined("bob", invite=SINGLE)
    assert bob.are_we_waiting
    assert ann.is_waiting(BOB)
    assert not ann.is_member(BOB)
    assert not bob.is_member(BOB)
    assert bob.maybe_join(now_ms=NOW_MS) is None
    bob.take_in(ann.write_due(now_ms=NOW_MS), relay=ANN, now_ms=NOW_MS)
    assert ann.admits(BOB)
    assert bob.are_we_in
    assert ann.judge_invite(now_ms=NOW_MS) is InviteVerdict.USED


def test_invite_that_is_worth_nothing_is_not_presented() -> None:
    """Nor is one presented that we do not have."""
    ann = membership_of("ann")
    for invite in (InviteSeed(b"never made......", is_open=True), None):
        bob = membership_of("bob", invite=invite)
        tell(ann, bob)
        assert bob.maybe_join(now_ms=NOW_MS) is None


def test_removed_guest_is_barred_and_does_not_present_its_invite() -> None:
    """Wherever it is known."""
    ann, bob = joined("bob")
    assert ann.authority is not None
    ann.write(acts.kick(ann.authority, ANN, BOB), now_ms=NOW_MS)
    fresh = membership_of("bob", process=2)
    for room in (bob, fresh):
        tell(ann, room)
        assert room.is_barred(BOB)
        assert not room.are_we_in
        assert room.maybe_join(now_ms=NOW_MS) is None


# ---- who vouches for a join's time


def expiring() -> tuple[Membership, bytes]:
    """Ann, and bob's join by an invite that has expired a minute later."""
    ann = membership_of("ann", invite=None)
    assert ann.authority is not None
    bob = membership_of("bob")
    key = bob._invite_key(OPEN_INVITE).public_key
    ann.write(acts.invite(ann.authority, ANN, key=key, is_open=True, expires_ms=NOW_MS + 60_000), now_ms=NOW_MS)
    tell(ann, bob)
    join = bob.maybe_join(now_ms=NOW_MS)
    assert join is not None
    return ann, join


def test_join_is_judged_by_our_clock_unless_a_member_has_taken_it_in() -> None:
    """Or an expired invite would be good for whoever writes an older date, alone or with a friend at the door."""
    late_ms = NOW_MS + 120_000
    for relay in (BOB, CY):
        ann, join = expiring()
        taken = ann.take_in([join], relay=relay, now_ms=late_ms)
        assert (taken.new, taken.has_left_over) == ([], True)
        assert not ann.is_member(BOB)
    ann, join = expiring()
    assert ann.take_in([join], relay=ANN, now_ms=late_ms).new == [join]
    assert ann.is_member(BOB)


@pytest.mark.parametrize("relay", [ANN, BOB])
def test_bytes_that_are_no_event_are_told_as_such(relay: str) -> None:
    """Nobody honest sends them."""
    ann = membership_of("ann")
    with pytest.raises(MalformedFrame):
        ann.take_in([b"rubbish"], relay=relay, now_ms=NOW_MS)  # type: ignore[arg-type]


# ---- keeping


def test_what_was_kept_is_known_again() -> None:
    """The next run goes on where this one stopped, in the same log."""
    ann, bob = joined("bob")
    bob.take_in(ann.write_due(now_ms=NOW_MS), relay=ANN, now_ms=NOW_MS)
    again = Membership(
        ROOM_ID,
        is_public=False,
        identity=identity("bob"),
        random_bytes=Chance("another run"),
        founding=Founding(bob.genesis, bob.export(), bob.incarnation),
    )
    assert again.are_we_in
    assert again.digest() == bob.digest()
    assert again.incarnation == bob.incarnation


def test_incarnation_is_that_which_was_kept_until_the_room_is_known() -> None:
    """It is of no use before."""
    room = Membership(
        ROOM_ID,
        is_public=False,
        identity=identity("bob"),
        random_bytes=Chance("x"),
        founding=Founding(incarnation=b"8 bytes."),
    )
    assert room.incarnation == b"8 bytes."


def test_missing_events_are_all_for_who_knows_nothing() -> None:
    """And those that a summary does not name for everybody else."""
    ann, bob = joined("bob")
    everything = [event for batch in ann.missing(b"") for event in batch]
    assert everything == list(ann.export())
    assert [event for part in ann.summary() for batch in ann.missing(part) for event in batch] == []
    lacking = [event for part in membership_of("ann").summary() for batch in ann.missing(part) for event in batch]
    assert len(lacking) == len(everything) - 1
    assert bob.digest() == ann.digest()


def test_batches_stay_small() -> None:
    """A frame has at most 48 KiB; one event that is larger than a batch is a batch."""
    events = [bytes([number]) * 15_000 for number in range(5)]
    assert [len(batch) for batch in pack(events)] == [2, 2, 1]
    assert list(pack([])) == []
    assert [len(batch) for batch in pack([bytes(50_000), b"x"])] == [1, 1]


def test_levels_have_the_names_that_people_know() -> None:
    """Who is nobody is shown as a member: it is not shown at all, most of the time."""
    assert [role_of_level(level) for level in Level] == ["member", "member", "moderator", "admin", "owner"]


def test_seed_of_an_invite_is_not_shown() -> None:
    """It is the way in."""
    assert "seed" not in repr(OPEN_INVITE).lower().replace("inviteseed", "")
    assert public_room()[0] != ROOM_ID


def test_newcomer_for_whom_the_log_has_no_place_says_nothing() -> None:
    """Somebody made as many keys as there is place for; what others did is no error of ours."""
    owner = membership_of("ann")
    log = list(owner.export())
    for number in range(2):
        guest = membership_of(f"guest {number}")
        guest.learn(private_room()[1])
        guest.take_in(log, relay=owner.me, now_ms=START_MS)
        join = guest.maybe_join(now_ms=START_MS)
        assert join is not None
        log.append(join)
    late = Membership(
        private_room()[0],
        is_public=False,
        identity=identity("late"),
        random_bytes=Chance("late"),
        invite=OPEN_INVITE,
        max_events=2,
    )
    late.learn(private_room()[1])
    late.take_in(log, relay=owner.me, now_ms=START_MS)
    assert late.maybe_join(now_ms=START_MS) is None
    assert not late.are_we_in
    assert len(late.export()) == len(log)


def test_who_waits_is_known_with_its_invite() -> None:
    """Nobody while nothing is known; and what is drawn is below what was asked for."""
    ann, bob = membership_of("ann", approve=True), membership_of("bob", approve=True)
    assert bob.invites_of_waiting() == {}
    assert bob.uninvites_due(now_ms=NOW_MS) == []
    tell(ann, bob)
    join = bob.maybe_join(now_ms=NOW_MS)
    assert join is not None
    ann.take_in([join], relay=BOB, now_ms=NOW_MS)
    assert ann.authority is not None
    assert ann.invites_of_waiting() == {BOB: ann.authority.invitations[0].id}
    assert ann.uninvites_due(now_ms=NOW_MS) == []
    assert {ann.draw(2) for _ in range(64)} == {0, 1}


# ---- direct rooms


def pair_of(name: str, other: str) -> Membership:
    return Membership.of_pair(
        identity(other).member_id, identity=identity(name), random_bytes=Chance(f"pair of {name}")
    )


def test_direct_room_has_two_members_from_the_beginning() -> None:
    """The same one, whoever asks; nobody else may knock."""
    ann, bob = pair_of("ann", "bob"), pair_of("bob", "ann")
    assert ann.room_id == bob.room_id
    assert (ann.other, bob.other) == (BOB, ANN)
    assert (ann.are_we_in, ann.is_member(BOB), ann.is_member(CY)) == (True, True, False)
    assert [ann.may_knock(each) for each in (BOB, CY, ANN)] == [True, False, False]
    assert joined("bob")[0].other is None


def test_nobody_is_let_into_a_direct_room() -> None:
    """Not by us, and what its other owner writes to that end comes from a program that is none of ours."""
    ann, bob = pair_of("ann", "bob"), pair_of("bob", "ann")
    assert ann.authority is not None
    admission = acts.admit(ann.authority, ANN, CY)
    with pytest.raises(NotAllowed, match="change who is in a direct room: nobody can"):
        ann.write(admission, now_ms=NOW_MS)
    ann.other = None
    [event] = ann.write(admission, now_ms=NOW_MS)
    with pytest.raises(MalformedFrame, match="no control events"):
        bob.take_in([event], relay=ANN, now_ms=NOW_MS)
    assert bob.take_in([], relay=ANN, now_ms=NOW_MS) == Taken([])
    assert not bob.is_member(CY)


def test_no_link_leads_into_a_direct_room() -> None:
    """Who makes one up wants us to meet where it sees us; nor do we enter a room of two others."""
    direct = pair_of("ann", "bob")
    for name, invite in (("ann", OPEN_INVITE), ("cy", OPEN_INVITE), ("cy", None)):
        made_up = Membership(
            direct.room_id, is_public=False, identity=identity(name), random_bytes=Chance("c"), invite=invite
        )
        with pytest.raises(MalformedFrame, match="by a link"):
            made_up.learn(direct.genesis)
        assert (made_up.genesis, made_up.authority, made_up.other) == (b"", None, None)
