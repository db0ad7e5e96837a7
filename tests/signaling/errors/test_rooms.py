"""Refusals by the state of rooms and peers."""

from signaling.errors import NoSuchPeer, NoSuchRoom, PeerGone, RoomExists, RoomFull


def test_a_full_room_says_how_many_it_holds() -> None:
    """And names the setting."""
    error = RoomFull(256)
    assert error.max_peers == 256
    assert "256" in error.message


def test_each_says_what_to_do() -> None:
    """S21."""
    assert all(each.hint for each in (NoSuchRoom, NoSuchPeer, RoomFull, RoomExists, PeerGone))
