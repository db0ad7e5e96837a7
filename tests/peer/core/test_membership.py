"""What is known of a room's founding."""

from __future__ import annotations

import pytest

from peer.core.membership import Charter
from peer.errors import MalformedFrame
from peer.log.genesis import room_id_of

from ...support.keys import identity, private_room, public_room

ROOM_ID, GENESIS, _ = private_room()
ANN, BOB = identity("ann"), identity("bob")


def test_founder_knows_the_owner_at_once() -> None:
    """And guests after the first member who has the genesis."""
    charter = Charter(ROOM_ID, is_public=False, encoded=GENESIS)
    assert charter.role_of(ANN.member_id) == "owner"
    assert charter.role_of(BOB.member_id) == "member"


def test_guest_learns_the_owner_from_the_first_member_who_has_the_genesis() -> None:
    """Two guests may meet before that: an empty genesis says nothing, and is fine."""
    charter = Charter(ROOM_ID, is_public=False)
    assert charter.admits(b"")
    assert charter.role_of(ANN.member_id) == "member"
    assert charter.admits(GENESIS)
    assert charter.encoded == GENESIS
    assert charter.role_of(ANN.member_id) == "owner"


def test_founding_with_the_wrong_genesis_is_refused() -> None:
    """Ours would be the mistake; it is found before anybody is linked."""
    with pytest.raises(MalformedFrame):
        Charter(ROOM_ID, is_public=False, encoded=b"\x90")


def test_member_of_another_room_is_not_admitted() -> None:
    """And nothing is learned from it."""
    charter = Charter(ROOM_ID, is_public=False)
    _, other, _ = private_room("bob")
    assert not charter.admits(other)
    assert charter.encoded == b""


def test_right_hash_over_nonsense_is_not_admitted() -> None:
    """Who makes an invite to a room whose genesis nobody can read gains nothing."""
    nonsense = b"\xc1 nonsense"
    charter = Charter(room_id_of(nonsense), is_public=False)
    assert not charter.admits(nonsense)
    assert charter.encoded == b""


def test_public_room_has_no_genesis() -> None:
    """Its id derives from its name; whoever shows one means another room. Nobody owns it."""
    room_id, _ = public_room()
    charter = Charter(room_id, is_public=True)
    assert charter.admits(b"")
    assert not charter.admits(GENESIS)
    assert charter.role_of(ANN.member_id) == "member"
