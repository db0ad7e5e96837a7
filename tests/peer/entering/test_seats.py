"""Which seat a topic or a name leads to; entering whole rooms is in test_peer.py."""

from __future__ import annotations

import pytest

from peer import JoinRefused
from peer.entering.seats import seat_in_private, seat_in_public, seat_in_public_again
from peer.ids import Topic
from peer.keys.room_keys import derive_public_room
from peer.ports import Seat, Signaling
from peer.testing import Network

TOPIC = Topic("t" * 22)


class Racing:
    """A server on which another member is quicker: the room that is missing exists once we want to create it."""

    def __init__(self, signaling: Signaling, code: str) -> None:
        self._signaling = signaling
        self._code = code

    async def join_room(self, *, topic: Topic | None = None, broadcaster_name: str | None = None) -> Seat:
        return await self._signaling.join_room(topic=topic, broadcaster_name=broadcaster_name)

    async def create_room(self, *, topic: Topic | None, custom_name: str | None, is_public: bool) -> Seat:
        await self._signaling.create_room(topic=topic, custom_name=custom_name, is_public=is_public)
        raise JoinRefused(self._code, "too late")


def server() -> Signaling:
    return Network().transport("ann").signaling


async def test_member_opens_a_room_again_that_the_server_forgot() -> None:
    """Its members outlive that; the next one finds it."""
    signaling = server()
    for count in (0, 1):
        seat = await seat_in_private(signaling, TOPIC, was_member=True)
        assert (seat.room.topic, len(seat.peers)) == (TOPIC, count)


async def test_guest_is_told_what_a_missing_room_means() -> None:
    """The server cannot: it knows nothing of invites."""
    with pytest.raises(JoinRefused, match="nobody is in the room of this invite"):
        await seat_in_private(server(), TOPIC, was_member=False)


async def test_member_who_was_slower_joins_what_another_opened() -> None:
    """Both found the room missing."""
    racing: Signaling = Racing(server(), "room_exists")  # type: ignore[assignment]
    seat = await seat_in_private(racing, TOPIC, was_member=True)
    assert len(seat.peers) == 1


async def test_other_refusals_are_passed_on() -> None:
    """To the caller, as they are."""
    racing: Signaling = Racing(server(), "too_many_rooms")  # type: ignore[assignment]
    with pytest.raises(JoinRefused, match="too late"):
        await seat_in_private(racing, TOPIC, was_member=True)


@pytest.mark.parametrize("by", ["name", "id", "broadcaster"])
async def test_public_room_is_found_by(by: str) -> None:
    """In this order; its keys follow from its name, whichever way it was found."""
    signaling = server()
    room_id, keys = derive_public_room("Lobby")
    await signaling.create_room(topic=keys.topic, custom_name="Lobby", is_public=True)
    where = {"name": "Lobby", "id": keys.topic, "broadcaster": "ann"}[by]
    _, name, *rest = await seat_in_public(signaling, where)
    assert (name, *rest) == ("Lobby", room_id, keys)


async def test_private_room_is_not_entered_by_its_id() -> None:
    """And the seat is given back."""
    signaling = server()
    first = await signaling.create_room(topic=TOPIC, custom_name=None, is_public=False)
    with pytest.raises(JoinRefused, match="this room is private"):
        await seat_in_public(signaling, TOPIC)
    seat = await signaling.join_room(topic=TOPIC)
    assert [each.peer_id for each in seat.peers] == [first.peer_id]


async def test_refusal_of_a_public_room_is_passed_on() -> None:
    """Only a missing one is looked for elsewhere."""

    class Full(Racing):
        async def join_room(self, *, topic: Topic | None = None, broadcaster_name: str | None = None) -> Seat:
            raise JoinRefused("room_full", "this room is full")

    full: Signaling = Full(server(), "")  # type: ignore[assignment]
    for attempt in (seat_in_public(full, "Lobby"), seat_in_private(full, TOPIC, was_member=False)):
        with pytest.raises(JoinRefused, match="this room is full"):
            await attempt


async def test_public_room_that_we_were_in_is_opened_again() -> None:
    """Under its name; the next one finds it."""
    signaling = server()
    for count in (0, 1):
        seat, name, room_id, keys = await seat_in_public_again(signaling, "Lobby")
        assert (seat.room.custom_name, seat.room.is_public, len(seat.peers)) == ("Lobby", True, count)
        assert (name, room_id, keys.topic) == ("Lobby", derive_public_room("Lobby")[0], seat.room.topic)
