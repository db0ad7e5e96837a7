"""Who is in a room, as a value."""

from __future__ import annotations

from peer.ids import MemberId
from peer.member import Member


def test_member_is_who_its_key_is_and_equal_by_every_field() -> None:
    """A name is for people to read."""
    ann = Member(id=MemberId("ann"), name="ann")
    assert (ann.role, ann.presence, ann.is_me) == ("member", "online", False)
    assert ann != Member(id=MemberId("ann"), name="Ann")
