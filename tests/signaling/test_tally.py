"""Counting is one step, and its labels are ours."""

from signaling.errors import NoSuchPeer, RoomFull
from signaling.tally import BUCKETS_S, Call, Tally


def test_a_refusal_counts_under_its_code() -> None:
    """So that an operator sees what clients run into."""
    tally = Tally()
    tally.refused(NoSuchPeer())
    assert (dict(tally.refusals), dict(tally.bounds)) == ({"no_such_peer": 1}, {})


def test_a_reached_bound_counts_under_its_setting() -> None:
    """Which is the one to look at."""
    tally = Tally()
    tally.refused(RoomFull(2))
    tally.refused(RoomFull(2))
    assert (dict(tally.refusals), dict(tally.bounds)) == ({"room_full": 2}, {"room_peers": 2})
