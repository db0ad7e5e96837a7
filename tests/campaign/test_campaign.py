"""Seeded lives of whole rooms, with every fault there is: what must hold, holds (DESIGN, section 7).

Each is 30 to 70 steps of four to eight members in a public or a private room of any policy, one or two of whom keep to
no rule, over a network that loses three frames in ten, doubles, delays and parts them; processes are killed, disks set
back, be it noticed or not, clocks turned, members removed by several at once. More: `make campaign`.
"""

from __future__ import annotations

import pytest

from .world import World

SEEDS = range(240)


@pytest.mark.parametrize("seed", SEEDS)
def test_life_of_a_room_keeps_its_promises(seed: int) -> None:
    """A failure names the seed; `make campaign SEED=…` shows it step by step."""
    World(seed).live()


def test_same_seed_lives_the_same_life() -> None:
    traces: list[list[str]] = [[], []]
    for trace in traces:
        World(7, trace=trace.append).live()
    assert traces[0] == traces[1]
    assert len(traces[0]) > 50
