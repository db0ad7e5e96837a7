"""The books: a soak is worth what its ledger finds, so it must find each fault, and nothing where nothing is wrong."""

from __future__ import annotations

import math

import pytest

from .ledger import Author, Fault, Finding, Ledger

ANNA, BEN = Author("anna", 1), Author("ben", 1)
ANNA_AGAIN, BEN_AGAIN = Author("anna", 2), Author("ben", 2)
CALM: dict[str, list[tuple[float, float]]] = {}


@pytest.fixture
def ledger() -> Ledger:
    """Anna is linked to ben from her number 1 on, and says 0 to 3, one a second."""
    ledger = Ledger()
    ledger.say(ANNA, 0, at=0)
    ledger.link(ANNA, "ben", first=1)
    for number in (1, 2, 3):
        ledger.say(ANNA, number, at=number)
    return ledger


def hears(ledger: Ledger, who: Author, *numbers: int) -> None:
    for number in numbers:
        ledger.hear(who, ANNA, number, at=number + 0.1)


def faults(ledger: Ledger, *present: Author, disturbed: dict[str, list[tuple[float, float]]] = CALM) -> list[object]:
    return [(found.fault, found.number) for found in ledger.findings(present, disturbed=disturbed)]


def test_all_is_well_when_all_was_heard(ledger: Ledger) -> None:
    """What was said before the link is owed to nobody."""
    hears(ledger, BEN, 1, 2, 3)
    assert faults(ledger, ANNA, BEN) == []
    assert (ledger.said, ledger.heard, ledger.again) == (4, 3, 0)
    assert ledger.waits_s == pytest.approx([0.1] * 3)


def test_a_lost_message_is_named(ledger: Ledger) -> None:
    """By whom, whose, which and when."""
    hears(ledger, BEN, 1, 3)
    assert ledger.findings([ANNA, BEN], disturbed={}) == [Finding(Fault.LOST, ANNA, 2, "ben", 2)]


def test_the_last_words_of_the_present_are_owed(ledger: Ledger) -> None:
    hears(ledger, BEN, 1, 2)
    assert faults(ledger, ANNA, BEN) == [(Fault.LOST, 3)]


def test_the_last_words_of_the_killed_are_owed_once_it_is_back(ledger: Ledger) -> None:
    """What it was told to be sent lies on its disk; until then there are no holes before the last that was heard."""
    ledger.kill(ANNA, at=4)
    hears(ledger, BEN, 1, 2)
    assert faults(ledger, BEN) == []
    assert faults(ledger, BEN, ANNA_AGAIN) == [(Fault.LOST, 3)]
    hears(ledger, BEN, 4)
    assert faults(ledger, BEN) == [(Fault.LOST, 3)]


def test_who_says_goodbye_is_heard_to_the_end_by_those_who_were_there(ledger: Ledger) -> None:
    hears(ledger, BEN, 1, 2)
    ledger.end_life(ANNA, full_hearers=())
    assert faults(ledger, BEN) == []
    ledger.end_life(ANNA, full_hearers=("ben",))
    assert faults(ledger, BEN) == [(Fault.LOST, 3)]


def test_two_lives_hear_it_together(ledger: Ledger) -> None:
    """And neither what the other has heard."""
    hears(ledger, BEN, 1, 2)
    hears(ledger, BEN_AGAIN, 2, 3)
    assert faults(ledger, ANNA, BEN_AGAIN) == [(Fault.TWICE, 2)]
    assert ledger.again == 0


def test_what_was_at_work_when_a_life_was_killed_may_be_heard_again(ledger: Ledger) -> None:
    """Which is counted."""
    hears(ledger, BEN, 1, 2)
    ledger.kill(BEN, at=2.5)
    hears(ledger, BEN_AGAIN, 2, 3)
    assert faults(ledger, ANNA, BEN_AGAIN) == []
    assert ledger.again == 1
    ledger.kill(BEN, at=9)
    assert faults(ledger, ANNA, BEN_AGAIN) == [(Fault.TWICE, 2)]


def test_who_was_away_is_owed_what_was_said_meanwhile(ledger: Ledger) -> None:
    """Be it lost or gone with a goodbye."""
    hears(ledger, BEN, 1)
    ledger.connect(ANNA, "ben", is_linked=False, number=2)
    ledger.link(ANNA, "ben", first=3)
    hears(ledger, BEN_AGAIN, 3)
    assert faults(ledger, ANNA, BEN_AGAIN) == [(Fault.LOST, 2)]


def test_nothing_is_heard_twice_in_one_life(ledger: Ledger) -> None:
    hears(ledger, BEN, 1, 2, 2, 3)
    assert faults(ledger, ANNA, BEN) == [(Fault.TWICE, 2)]


def test_order_is_kept(ledger: Ledger) -> None:
    hears(ledger, BEN, 1, 3, 2)
    assert faults(ledger, ANNA, BEN) == [(Fault.DISORDER, 2)]


def test_nothing_is_heard_that_was_not_said(ledger: Ledger) -> None:
    """Who was killed may have had no time to tell of its last."""
    hears(ledger, BEN, 1, 2, 3, 4)
    assert faults(ledger, ANNA, BEN) == [(Fault.INVENTED, 4)]
    ledger.kill(ANNA, at=4)
    assert faults(ledger, BEN) == []


def test_what_is_reported_as_delivered_was_heard(ledger: Ledger) -> None:
    """By whoever was there undisturbed when it was said."""
    ledger.kill(ANNA, at=4)
    hears(ledger, BEN, 1, 2)
    ledger.deliver(ANNA, 3)
    assert faults(ledger, BEN) == [(Fault.UNDELIVERED, 3)]
    assert faults(ledger, BEN, disturbed={"ben": [(2.5, math.inf)]}) == []


def test_delivered_says_nothing_of_those_who_were_lost_then(ledger: Ledger) -> None:
    """Only while they were, or while their link was in doubt."""
    ledger.kill(ANNA, at=4)
    ledger.connect(ANNA, "ben", is_linked=False, number=1)
    ledger.deliver(ANNA, 1)
    ledger.connect(ANNA, "ben", is_linked=False, number=2)
    ledger.link(ANNA, "ben", first=3)
    ledger.deliver(ANNA, 2)
    assert faults(ledger, BEN) == []
    ledger.deliver(ANNA, 3)
    assert faults(ledger, BEN) == [(Fault.UNDELIVERED, 3)]


def test_the_slowest_message_is_known(ledger: Ledger) -> None:
    ledger.hear(BEN, ANNA, 1, at=1.5)
    ledger.hear(BEN, ANNA, 2, at=9)
    ledger.hear(BEN, ANNA, 3, at=9)
    assert ledger.slowest == Finding(Fault.LATE, ANNA, 2, "ben (life 1)", 2)
