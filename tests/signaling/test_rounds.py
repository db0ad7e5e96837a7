"""Whose turn it is."""

from signaling.ids import PeerId, PeerKey, RoomId
from signaling.rounds import Rounds

P, Q = (PeerKey(RoomId("room"), PeerId(each)) for each in "pq")


def test_turns_come_in_order_after_the_pause() -> None:
    """Each once, until it is planned again."""
    rounds = Rounds({P: "one", Q: "other"}, pause_s=10)
    rounds.plan(P, "one", now=0)
    rounds.plan(Q, "other", now=3)
    assert list(rounds.due(9.9)) == []
    assert list(rounds.due(10)) == [(P, "one")]
    assert list(rounds.due(20)) == [(Q, "other")]
    assert len(rounds) == 0


def test_who_has_ended_or_was_replaced_is_passed_over() -> None:
    """Nothing is searched when it goes; its turn is its end."""
    rounds = Rounds({P: "newer"}, pause_s=10)
    rounds.plan(P, "older", now=0)
    rounds.plan(Q, "gone", now=0)
    rounds.plan(P, "newer", now=0)
    assert list(rounds.due(10)) == [(P, "newer")]
