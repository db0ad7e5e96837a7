"""How the invites of a room are written and read."""

from __future__ import annotations

import pytest

from peer.core.membership import InviteSeed
from peer.entering.doors import PrivateDoor, PublicDoor
from peer.errors import BadInvite, BadSetting
from peer.invite import Invite, parse_invite
from peer.keys.room_keys import derive_public_room

from ...support.keys import SECRET, private_room

SERVER = "http://memory.invalid"
ROOM_ID, _, KEYS = private_room()
DOOR = PrivateDoor(SERVER, ROOM_ID, SECRET)
SEED = InviteSeed(b"sixteen bytes...", is_open=False)


@pytest.mark.parametrize("is_open", [True, False])
def test_private_door_writes_links_that_open_it(is_open: bool) -> None:
    """With the seed of one invite each."""
    link = DOOR.write(InviteSeed(SEED.seed, is_open))
    assert link is not None
    assert parse_invite(link) == Invite(SERVER, ROOM_ID, SECRET, SEED.seed, is_open=is_open)
    assert DOOR.read(f"  <{link}>\n") == SEED.seed
    assert DOOR.keys == KEYS


def test_private_door_is_not_opened_without_an_invite() -> None:
    """And hides its secret."""
    assert DOOR.write(None) is None
    assert repr(SECRET) not in repr(DOOR)


def test_links_to_elsewhere_are_not_read() -> None:
    """To another room, to a public one, or to nowhere."""
    other = PrivateDoor(SERVER, private_room("mallory")[0], SECRET).write(SEED)
    for link in (str(other), f"{SERVER}/j#pub.Lobby"):
        with pytest.raises(BadSetting, match="another room"):
            DOOR.read(link)
    with pytest.raises(BadInvite):
        DOOR.read(str(other)[:-1])


def test_public_door_has_one_link_and_nothing_to_withdraw() -> None:
    """Everybody can write it."""
    door = PublicDoor(SERVER, "The Lobby", *derive_public_room("The Lobby"))
    assert door.write(None) == door.write(SEED) == f"{SERVER}/j#pub.The%20Lobby"
    with pytest.raises(BadSetting, match="cannot be withdrawn"):
        door.read(str(door.write(None)))
