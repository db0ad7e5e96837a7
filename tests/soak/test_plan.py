"""What happens to whom is chance, but the same chance each time, and within what the library promises."""

from __future__ import annotations

import itertools

from .plan import FIRST_S, LAST_S, REST_S, Act, Blow, make_plan

SEEDS = range(20)
STEADY, OTHERS = ("anna", "ben"), ("cleo", "dora", "emil")


def a_plan(seed: int, *, minutes: float = 30) -> list[Act]:
    return make_plan(seed, steady=STEADY, others=OTHERS, duration_s=minutes * 60)


def test_a_seed_is_a_plan() -> None:
    assert a_plan(1) == a_plan(1) != a_plan(2)


def test_two_minutes_hold_every_blow() -> None:
    """A goodbye may find no quiet moment there."""
    for seed in SEEDS:
        assert {act.blow for act in a_plan(seed, minutes=2)} >= {Blow.FREEZE, Blow.KILL, Blow.RESTART}


def test_all_have_met_before_and_are_back_at_the_end() -> None:
    for act in itertools.chain.from_iterable(map(a_plan, SEEDS)):
        assert act.at_s >= FIRST_S
        assert act.end_s <= 30 * 60 - LAST_S


def test_steady_members_never_die() -> None:
    for seed in SEEDS:
        assert {act.blow for act in a_plan(seed) if act.who in STEADY} == {Blow.FREEZE}


def test_a_member_rests_between_two_blows() -> None:
    for seed, who in itertools.product(SEEDS, (*STEADY, *OTHERS, "the server")):
        acts = [act for act in a_plan(seed) if act.who == who]
        assert all(after.at_s >= before.end_s + REST_S for before, after in itertools.pairwise(acts))


def test_nobody_says_goodbye_to_the_frozen() -> None:
    """Last words wait for them only so long."""
    for acts in map(a_plan, SEEDS):
        frozen = [act for act in acts if act.blow is Blow.FREEZE]
        for leave in (act for act in acts if act.blow is Blow.LEAVE):
            assert not any(act.at_s < leave.at_s + REST_S and leave.at_s < act.end_s + REST_S for act in frozen)
