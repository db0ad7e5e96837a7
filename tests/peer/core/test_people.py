"""Whom we know: verified keys, and keys that come under the claim or name of somebody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core.people import People
from peer.errors import MalformedFrame
from peer.events import Acquaintance, Claim, Member
from peer.ids import RoomId

from ...support.keys import identity

LOBBY, KITCHEN = RoomId(b"L" * 32), RoomId(b"K" * 32)
TODAY = 20_000


def member(key: str, *, name: str | None = None, subject: str | None = None, issuer: str = "server") -> Member:
    """Somebody with this key, who goes by its name unless told otherwise."""
    claim = None if subject is None else Claim(subject=subject, name=subject, issuer=issuer)
    return Member(id=identity(key).member_id, name=name or key, claim=claim)


class Circle:
    """People, and how they are met."""

    def __init__(self, *, limit: int = 100) -> None:
        self.limit = limit
        self.changes = 0
        self.people = People(limit=limit)
        self.people.on_change = self._count

    def meet(self, who: Member, *, room: RoomId | None = None, today: int = TODAY) -> Member:
        return self.people.meet(who, public_room=room, today=today)

    def verify(self, who: Member) -> None:
        self.people.verify(who.id, who.name)

    def restart(self) -> None:
        self.people = People(limit=self.limit, encoded=self.people.encode())
        self.people.on_change = self._count

    def _count(self) -> None:
        self.changes += 1


def known(key: str, *, verified: bool = False) -> Acquaintance:
    return Acquaintance(id=identity(key).member_id, name=key, verified=verified)


def test_stranger_is_neither_verified_nor_doubted() -> None:
    """And is one again who comes with the same key."""
    circle = Circle()
    for _ in range(2):
        met = circle.meet(member("ann", subject="u-1"), room=LOBBY)
        assert (met.verified, met.changed_from) == (False, None)
        circle.restart()


def test_second_key_for_a_subject_is_a_newcomer() -> None:
    """In any room, at once and after a restart; the first key is not doubted."""
    circle = Circle()
    circle.meet(member("ann", subject="u-1"), room=LOBBY)
    for _ in range(2):
        assert circle.meet(member("eve", subject="u-1")).changed_from == known("ann")
        assert circle.meet(member("ann", subject="u-1")).changed_from is None
        circle.restart()


def test_subject_of_another_issuer_is_somebody_else() -> None:
    """And nothing in one can be read as part of the other."""
    circle = Circle()
    circle.meet(member("ann", subject="u-1", issuer="server"))
    for subject, issuer in (("u-1", "other"), ("-1", "serveru"), ("1", "serveru-")):
        assert circle.meet(member("eve", subject=subject, issuer=issuer)).changed_from is None


def test_second_key_for_a_name_of_a_public_room_is_a_newcomer() -> None:
    """However it is written; in that room alone, and never in a private one."""
    circle = Circle()
    circle.meet(member("ann"), room=LOBBY)
    for name in ("ann", "Ann", "ＡＮＮ"):
        assert circle.meet(member("eve", name=name), room=LOBBY).changed_from == known("ann")
    assert circle.meet(member("eve", name="ann"), room=KITCHEN).changed_from is None
    assert circle.meet(member("eve", name="ann")).changed_from is None


def test_claim_says_more_than_a_name() -> None:
    """Where both belong to others, the bearer of the claim is named."""
    circle = Circle()
    circle.meet(member("ann", subject="u-1"))
    circle.meet(member("ben"), room=LOBBY)
    assert circle.meet(member("eve", name="ben", subject="u-1"), room=LOBBY).changed_from == known("ann")


def test_verified_key_is_never_doubted() -> None:
    """A second device of Ann's, once we made sure of it; the first goes on as before."""
    circle = Circle()
    circle.meet(member("ann", subject="u-1"))
    doubted = circle.meet(member("new", subject="u-1"))
    assert doubted.changed_from == known("ann")
    circle.verify(doubted)
    trusted = circle.meet(doubted)
    assert (trusted.verified, trusted.changed_from) == (True, None)
    assert circle.meet(member("ann", subject="u-1")).changed_from == known("new", verified=True)
    circle.verify(member("ann"))
    for name in ("ann", "new"):
        assert circle.meet(member(name, subject="u-1")).changed_from is None


def test_verification_lasts_until_it_is_taken_back() -> None:
    """Across restarts; of somebody unknown there is none."""
    circle = Circle()
    circle.verify(member("ann"))
    circle.restart()
    assert circle.people.is_verified(identity("ann").member_id)
    assert circle.people.regard(member("ann"), public_room=None).verified
    circle.people.unverify(identity("ann").member_id)
    circle.people.unverify(identity("eve").member_id)
    circle.restart()
    assert not circle.people.is_verified(identity("ann").member_id)


def test_meeting_somebody_twice_a_day_is_nothing_to_write_down() -> None:
    """The next day is, and another name."""
    circle = Circle()
    ann = member("ann", subject="u-1")
    circle.meet(ann, room=LOBBY)
    before = circle.changes
    circle.meet(ann, room=LOBBY)
    assert circle.changes == before
    circle.meet(ann, room=LOBBY, today=TODAY + 1)
    circle.meet(member("ann", name="Anna", subject="u-1"))
    assert circle.changes > before + 1


def test_of_too_many_those_of_public_rooms_go_first() -> None:
    """Longest ago first; whoever was verified or met in a private room stays, however many come."""
    circle = Circle(limit=4)
    circle.meet(member("private", subject="u-1"), today=TODAY - 100)
    circle.meet(member("verified"), room=LOBBY, today=TODAY - 100)
    circle.verify(member("verified"))
    for number in range(20):
        circle.meet(member(f"guest {number}"), room=LOBBY, today=TODAY + number)
    assert len(circle.people) == 4
    circle.restart()
    assert circle.meet(member("eve", subject="u-1")).changed_from == known("private")
    assert circle.people.is_verified(identity("verified").member_id)
    assert circle.meet(member("eve", name="guest 19"), room=LOBBY, today=TODAY + 20).changed_from == known("guest 19")
    assert circle.meet(member("eve", name="guest 1"), room=LOBBY, today=TODAY + 20).changed_from is None


def test_what_we_verified_ourselves_is_not_bounded() -> None:
    """Nobody but us makes it grow."""
    circle = Circle(limit=2)
    for name in ("ann", "ben", "cat"):
        circle.verify(member(name))
    assert [circle.people.is_verified(identity(name).member_id) for name in ("ann", "ben", "cat")] == [True] * 3


def test_one_key_holds_no_more_than_some_names() -> None:
    """Who changes names all day lets go of the first ones; what is kept of each is short."""
    circle = Circle()
    for number in range(100):
        circle.meet(member("eve", name=f"{number}" + "x" * 60), room=LOBBY)
    assert len(circle.people.encode()) < 600
    assert circle.meet(member("ann", name="0" + "x" * 60), room=LOBBY).changed_from is None
    assert circle.meet(member("ann", name="99" + "x" * 60), room=LOBBY).changed_from is not None


@given(st.binary(min_size=1, max_size=60))
def test_any_bytes_are_people_or_refused(encoded: bytes) -> None:
    """By the documented error alone."""
    try:
        People(limit=10, encoded=encoded)
    except MalformedFrame:
        return


def test_people_of_another_version_are_refused() -> None:
    with pytest.raises(MalformedFrame):
        People(limit=10, encoded=b"\x92\x02\x90")
    assert len(People(limit=10, encoded=b"\x92\x01\x90")) == 0
