"""Whose envelopes a lagging reader has not taken yet."""

from signaling.ids import PeerId
from signaling.lag import Lag

ALICE, BOB = PeerId("alice"), PeerId("bob")


def test_shares_shrink_as_the_reader_takes_them() -> None:
    """In the order of sending, and only by whole envelopes."""
    lag = Lag(taken=100, now=0)
    lag.add(ALICE, 10, end=210)
    lag.add(BOB, 5, end=215)
    lag.add(ALICE, 20, end=235)
    assert (lag.share_of(ALICE), lag.share_of(BOB)) == (30, 5)
    lag.look(taken=214, now=1)
    assert (lag.share_of(ALICE), lag.share_of(BOB)) == (20, 5)
    lag.look(taken=235, now=2)
    assert (lag.share_of(ALICE), lag.share_of(BOB)) == (0, 0)
    assert not lag._shares


def test_time_without_progress_is_told() -> None:
    """Any byte is progress; what is merely sent is none."""
    lag = Lag(taken=100, now=0)
    assert lag.look(taken=100, now=3) == 3
    assert lag.look(taken=101, now=5) == 0
    lag.add(ALICE, 10, end=300)
    assert lag.look(taken=101, now=7) == 2


def test_envelope_without_a_byte_takes_no_share() -> None:
    """And is not remembered."""
    lag = Lag(taken=0, now=0)
    lag.add(ALICE, 0, end=0)
    assert lag.share_of(ALICE) == 0
    assert not lag._waiting
