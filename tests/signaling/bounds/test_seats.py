"""Where guests come from, as the store gets to see it."""

from signaling.bounds.seats import Origins
from signaling.ids import RoomId

from ..store.support import a_peer

ROOM, OTHER = RoomId("room"), RoomId("other")


def origin_of(room_id: RoomId, address: str, key: bytes = b"k") -> str:
    return Origins(key * 32).place(a_peer(is_guest=True), room_id, address).origin


def test_origin_is_the_same_on_all_servers_of_a_store() -> None:
    """And means nothing elsewhere: neither in another room nor at another store."""
    origin = origin_of(ROOM, "192.0.2.1")
    assert origin == origin_of(ROOM, "192.0.2.1", b"k")
    assert origin not in {origin_of(ROOM, "192.0.2.1", b"l"), origin_of(OTHER, "192.0.2.1")}
    assert origin_of(ROOM, "192.0.2.2") != origin


def test_origin_does_not_show_the_address() -> None:
    """16 characters of base64url, whatever it is of."""
    for address in ("192.0.2.1", "2001:db8::/64", "unknown"):
        origin = origin_of(ROOM, address)
        assert len(origin) == 16
        assert address not in origin


def test_networks_of_one_site_are_one_origin() -> None:
    """Or who has a /48 could sit down 65,536 times."""
    here = origin_of(ROOM, "2001:db8:1:2::/64")
    assert here == origin_of(ROOM, "2001:db8:1:ffff::/64")
    assert here != origin_of(ROOM, "2001:db8:2:2::/64")


def test_user_has_no_origin() -> None:
    """Who is known by name is counted by name, wherever from: an office may be full of users."""
    assert Origins(b"k" * 32).place(a_peer(), ROOM, "192.0.2.1") == a_peer()
