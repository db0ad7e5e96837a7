"""Names in Redis, without Redis."""

from binascii import crc_hqx

import pytest

from signaling.ids import RoomId
from signaling.store.port import Cursor
from signaling.store.redis.keys import (
    BUCKETS,
    DUE_KEYS,
    SLOTS,
    after_cursor,
    channel,
    decode_bell,
    due_key,
    listing,
    names_of,
    room_at,
    room_key,
)
from signaling.store.shared import Bell, Summons

from ..support import a_key, a_room


def slot(key: str) -> int:
    """As Redis Cluster counts it: of what stands in braces."""
    return crc_hqx(key[key.index("{") + 1 : key.index("}")].encode(), 0) % SLOTS


def test_slots_are_those_of_redis() -> None:
    """CRC16 of "123456789" as the cluster specification has it."""
    assert crc_hqx(b"123456789", 0) == 0x31C3


def test_tags_are_spread_evenly() -> None:
    """One in each 64th of the slots, which is how clusters share them out."""
    assert [slot(key) * BUCKETS // SLOTS for key in DUE_KEYS] == list(range(BUCKETS))


def test_room_and_its_due_list_share_a_slot() -> None:
    """A room named like a list does not meet it."""
    for name in ("due", "room", "a_room-1"):
        assert slot(room_key(RoomId(name))) == slot(due_key(RoomId(name)))
        assert room_key(RoomId(name)) not in DUE_KEYS


def test_public_rooms_are_ordered_by_time_then_id() -> None:
    """As text, whatever the size of the number."""
    cursors = [Cursor(0.5, RoomId("b")), Cursor(2, RoomId("a")), Cursor(2, RoomId("b")), Cursor(1e9, RoomId("a"))]
    places = [after_cursor(each) for each in cursors]
    assert places == sorted(places)
    assert [room_at(place) for place in places] == ["b", "a", "b", "a"]


@pytest.mark.parametrize(("is_by_guest", "owner"), [(False, b"u"), (True, b"")])
def test_listing_says_what_to_count_and_where_to_find(is_by_guest: bool, owner: bytes) -> None:
    """A guest's rooms are nobody's."""
    packed = listing(a_room("r", is_by_guest=is_by_guest), "token")
    assert b"token" in packed
    assert (b"\xa1u" in packed) == (owner == b"u")
    assert names_of("b").encode() in packed


def test_private_room_has_no_place() -> None:
    """Neither in the list nor under a name."""
    assert names_of("b").encode() not in listing(a_room(is_public=False), "token")


def test_bells_are_read() -> None:
    """One message may be for several peers."""
    assert decode_bell("mail room p q") == Bell(Summons.MAIL, (a_key("p"), a_key("q")))
    assert decode_bell("replaced room p 7") == Bell(Summons.REPLACED, (a_key("p"),), 7)
    assert decode_bell("left room p 0") == Bell(Summons.LEFT, (a_key("p"),))
    assert channel("one") != channel("two")
