"""Who flooded us, and until when it is not linked again."""

from __future__ import annotations

from peer.config import Config
from peer.core.floods import Floods
from peer.ids import MemberId

BOB = MemberId("bob")


def test_pause_grows_each_time_and_has_an_end() -> None:
    floods, now, pauses = Floods(Config(flood_pause_s=30.0, flood_pause_max_s=100.0)), 0.0, []
    for _ in range(4):
        pauses.append(floods.punish(BOB, now=now))
        now += pauses[-1]
    assert pauses == [30.0, 60.0, 100.0, 100.0]


def test_paused_until_it_is_over() -> None:
    floods = Floods(Config(flood_pause_s=30.0))
    assert not floods.is_paused(BOB, now=0.0)
    floods.punish(BOB, now=0.0)
    assert floods.is_paused(BOB, now=29.9)
    assert not floods.is_paused(BOB, now=30.0)
    assert not floods.is_paused(MemberId("ann"), now=0.0)


def test_old_floods_are_forgiven() -> None:
    floods = Floods(Config(flood_pause_s=30.0, flood_pause_max_s=100.0))
    floods.punish(BOB, now=0.0)
    assert floods.punish(BOB, now=131.0) == 30.0


def test_memory_is_bounded() -> None:
    """Whoever was punished longest ago is forgotten."""
    floods = Floods(Config())
    for number in range(1025):
        floods.punish(MemberId(str(number)), now=0.0)
    assert not floods.is_paused(MemberId("0"), now=0.0)
    assert floods.is_paused(MemberId("1"), now=0.0)
