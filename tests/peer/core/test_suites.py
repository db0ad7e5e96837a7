"""What is remembered of suites, and what is accepted."""

from __future__ import annotations

import pytest

from peer.core.suites import Suites
from peer.errors import BadSetting
from peer.ids import MemberId

ANN, BOB = MemberId("ann"), MemberId("bob")


def test_both_suites_are_accepted_unless_a_minimum_is_set() -> None:
    assert Suites().accepted == (1, 2)
    assert Suites(minimum=2).accepted == (2,)


@pytest.mark.parametrize("minimum", [-1, 0, 3])
def test_minimum_that_is_no_suite_is_refused(minimum: int) -> None:
    with pytest.raises(BadSetting, match="min_suite"):
        Suites(minimum=minimum)


def test_best_suite_rises_and_never_falls() -> None:
    suites = Suites()
    seen = []
    for suite in (1, 2, 1):
        suites.note(ANN, suite)
        seen.append(suites.best(ANN))
    assert seen == [0, 2, 2]
    assert suites.best(BOB) == 0


def test_what_is_remembered_survives_a_restart() -> None:
    suites = Suites()
    suites.note(ANN, 2)
    assert Suites(known=dict(suites.best_known)).best(ANN) == 2


def test_full_memory_forgets_nobody_and_takes_in_nobody() -> None:
    """However many identities somebody makes up."""
    suites = Suites(limit=1)
    suites.note(ANN, 2)
    for number in range(100):
        suites.note(MemberId(str(number)), 2)
    assert dict(suites.best_known) == {ANN: 2}


def test_only_what_is_new_is_to_be_kept() -> None:
    """The lowest suite, or one that was used before, is written nowhere."""
    told: list[str] = []
    suites = Suites(on_change=lambda: told.append("new"))
    for suite in (1, 2, 2, 1):
        suites.note(ANN, suite)
    assert told == ["new"]
