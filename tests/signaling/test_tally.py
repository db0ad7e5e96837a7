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


def test_answers_count_by_call_and_duration() -> None:
    """A bound belongs to its bucket, as in Prometheus; the status counts as its class."""
    tally = Tally()
    for seconds in (0.0005, BUCKETS_S[0], 0.002, 100.0):
        tally.answered("GET", "/healthz", 204, seconds)
    tally.answered("GET", "/healthz", 404, 1.0)
    durations = tally.answers[Call("GET", "/healthz", 2)]
    assert (durations.counts[:2], durations.counts[-1], sum(durations.counts)) == ([2, 1], 1, 4)
    assert round(durations.total_s, 4) == 100.0035
    assert set(tally.answers) == {Call("GET", "/healthz", 2), Call("GET", "/healthz", 4)}
