"""Who is here, who was, and what they said of themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from peer.core.presence import Presences
from peer.events import Claim, Member, Role
from peer.ids import MemberId

ME = Member(id=MemberId("me"), name="me", is_me=True)
BOB = Member(id=MemberId("bob"), name="bob")
CY = Member(id=MemberId("cy"), name="cy")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_members_are_ourselves_then_who_is_here_then_who_left() -> None:
    """The order in which lists are shown."""
    room = Presences(ME)
    for member in (BOB, CY):
        room.arrive(member)
    room.depart(BOB.id, at=NOON)
    assert [member.id for member in room.members] == ["me", "cy", "bob"]


def test_second_link_of_a_member_is_no_second_arrival() -> None:
    """Their name may be new all the same."""
    room = Presences(ME)
    assert room.arrive(BOB)
    renamed = Member(id=BOB.id, name="robert")
    assert not room.arrive(renamed)
    assert room.get(BOB.id) == renamed
    assert len(room.members) == 2


def test_who_is_gone_and_no_member_any_more_leaves_the_list() -> None:
    """Who is here, or ourselves, is not asked."""
    room = Presences(ME)
    room.arrive(BOB)
    room.depart(BOB.id, at=NOON)
    room.forget(lambda _: True)
    assert [each.id for each in room.members] == [ME.id, BOB.id]
    room.forget(lambda member: member != BOB.id)
    assert [each.id for each in room.members] == [ME.id]
    room.arrive(BOB)
    room.forget(lambda _: False)
    assert [each.id for each in room.members] == [ME.id, BOB.id]


def test_who_left_is_offline_with_the_time_it_was_last_seen() -> None:
    """And is online again, without that time, when it comes back."""
    room = Presences(ME)
    room.arrive(BOB)
    gone = room.depart(BOB.id, at=NOON)
    assert gone is not None
    assert (gone.presence, gone.last_seen) == ("offline", NOON)
    assert room.get(BOB.id) is None
    assert room.arrive(BOB)
    assert room.members == (ME, BOB)


def test_departure_of_a_stranger_is_no_news() -> None:
    """A link may end before its member counted."""
    assert Presences(ME).depart(BOB.id, at=NOON) is None


def test_only_changes_of_presence_are_news() -> None:
    """Saying the same again, or being a stranger, changes nothing."""
    room = Presences(ME)
    assert room.update(BOB.id, "away") is None
    room.arrive(BOB)
    assert room.update(BOB.id, "online") is None
    away = room.update(BOB.id, "away")
    assert away is not None
    assert away.presence == "away"
    assert room.get(BOB.id) == away


def test_our_own_presence_is_kept_the_same_way() -> None:
    """So that the others are told once."""
    room = Presences(ME)
    assert not room.set_ours("online")
    assert room.set_ours("away")
    assert room.me.presence == "away"


def test_roles_reach_everybody_known() -> None:
    """A guest learns who founded the room only after it has met some."""
    room = Presences(ME)
    for member in (BOB, CY):
        room.arrive(member)
    room.depart(CY.id, at=NOON)

    def role_of(member_id: MemberId) -> Role:
        return "owner" if member_id in (BOB.id, CY.id) else "member"

    assert [member.id for member in room.rank(role_of)] == [BOB.id]
    assert room.rank(role_of) == []
    assert [member.role for member in room.members] == ["member", "owner", "owner"]


def test_memory_of_those_who_left_is_bounded() -> None:
    """A room that lives for months does not grow with everybody who ever came; the oldest go."""
    room = Presences(ME)
    for number in range(300):
        room.arrive(Member(id=MemberId(str(number)), name="passer-by"))
        room.depart(MemberId(str(number)), at=NOON)
    assert len(room.members) == 257
    assert room.members[-1].id == "299"


def test_claims_are_given_to_everybody_we_know() -> None:
    """It is news for who is here, and for ourselves; those who left are shown with theirs, and nobody is told."""
    room = Presences(ME)
    room.arrive(BOB)
    room.arrive(CY)
    room.depart(CY.id, at=NOON)
    claims = {name: Claim(subject=name, name=None, issuer="us") for name in (ME.id, BOB.id, CY.id, MemberId("nobody"))}
    assert [member.id for member in room.claim(claims)] == [ME.id, BOB.id]
    assert [member.claim for member in room.members] == [claims[ME.id], claims[BOB.id], claims[CY.id]]
    assert room.me.claim == claims[ME.id]
    assert room.claim(claims) == []
    assert [member.id for member in room.claim({ME.id: claims[ME.id]})] == [BOB.id]
    assert [member.claim for member in room.members] == [claims[ME.id], None, None]


def test_look_at_everybody_answers_who_is_seen_otherwise() -> None:
    """Those who left included, ourselves never; what was seen is kept."""
    room = Presences(ME)
    for member in (BOB, CY):
        room.arrive(member)
    room.depart(CY.id, at=NOON)
    news = room.regard(lambda member: replace(member, verified=True))
    assert [(before.verified, after.verified, after.name) for before, after in news] == [
        (False, True, "bob"),
        (False, True, "cy"),
    ]
    assert [member.verified for member in room.members] == [False, True, True]
    assert room.regard(lambda member: replace(member, verified=True)) == []


def test_connection_is_shown_for_those_who_are_here_and_those_who_are_gone() -> None:
    """Nothing is made up for strangers."""
    presences = Presences(Member(id=MemberId("ann"), name="ann", is_me=True))
    presences.arrive(Member(id=MemberId("bob"), name="bob"))
    changed = presences.connect(MemberId("bob"), "suspect")
    assert changed is not None
    assert changed.connection == "suspect"
    presences.depart(MemberId("bob"), at=datetime(2026, 1, 31, tzinfo=UTC))
    assert presences.members[1].connection == "suspect"
    gone = presences.connect(MemberId("bob"), "lost")
    assert (gone, gone and gone.connection) == (presences.members[1], "lost")
    assert presences.connect(MemberId("cy"), "linked") is None
