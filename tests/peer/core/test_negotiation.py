"""Offer and answer with one peer: every cell of the table, and what a repeated signal does."""

from __future__ import annotations

import pytest

from peer.core.negotiation import Negotiation, Stage, Verdict
from peer.ids import PeerId

OURS, THEIRS, LATER = b"ours....", b"theirs..", b"later..."
SMALL, LARGE = PeerId("a"), PeerId("b")


def negotiation(stage: Stage, *, polite: bool) -> Negotiation:
    """In this stage, by the way that leads there."""
    ids = (LARGE, SMALL) if polite else (SMALL, LARGE)
    made = Negotiation(our_id=ids[0], their_id=ids[1])
    if stage is Stage.OFFERING:
        made.start(OURS)
    elif stage is Stage.ANSWERING:
        made.receive_offer(THEIRS)
    elif stage is Stage.CONNECTING:
        made.receive_offer(THEIRS)
        made.answered()
    assert made.stage is stage
    return made


def test_larger_id_is_polite() -> None:
    """Both sides must come to opposite answers from the same two ids."""
    assert not Negotiation(our_id=SMALL, their_id=LARGE).is_polite
    assert Negotiation(our_id=LARGE, their_id=SMALL).is_polite


# ---- every cell of the table


@pytest.mark.parametrize("polite", [False, True])
@pytest.mark.parametrize(
    ("stage", "verdict"),
    [
        (Stage.IDLE, Verdict.ACCEPT),
        (Stage.OFFERING, None),
        (Stage.ANSWERING, Verdict.REPLACE),
        (Stage.CONNECTING, Verdict.REPLACE),
    ],
)
def test_offer_of_a_new_attempt_in_every_stage(stage: Stage, verdict: Verdict | None, polite: bool) -> None:
    """Only on glare does it matter who is polite; otherwise a new offer says that the old attempt is given up."""
    side = negotiation(stage, polite=polite)
    expected = verdict or (Verdict.REPLACE if polite else Verdict.IGNORE)
    assert side.receive_offer(LATER) is expected
    if expected is Verdict.IGNORE:
        assert (side.stage, side.attempt) == (Stage.OFFERING, OURS)
    else:
        assert (side.stage, side.attempt) == (Stage.ANSWERING, LATER)


@pytest.mark.parametrize("polite", [False, True])
def test_impolite_peer_keeps_its_offer_on_glare(polite: bool) -> None:
    """docs/protocol.md, Signals: the offer of the smaller id stands, the other one is rolled back."""
    side = negotiation(Stage.OFFERING, polite=polite)
    side.receive_offer(THEIRS)
    assert side.receive_answer(OURS) is not polite


@pytest.mark.parametrize("stage", [Stage.IDLE, Stage.ANSWERING, Stage.CONNECTING])
def test_answer_counts_only_while_offering(stage: Stage) -> None:
    """An answer that nobody asked for changes nothing."""
    side = negotiation(stage, polite=False)
    assert not side.receive_answer(side.attempt or OURS)
    assert side.stage is stage


def test_answer_to_our_offer_connects() -> None:
    """Then both descriptions are exchanged."""
    side = negotiation(Stage.OFFERING, polite=True)
    assert side.receive_answer(OURS)
    assert side.stage is Stage.CONNECTING


def test_answer_to_another_attempt_is_dropped() -> None:
    """docs/protocol.md, Signals: the answer repeats what the offerer chose."""
    side = negotiation(Stage.OFFERING, polite=True)
    assert not side.receive_answer(LATER)
    assert side.stage is Stage.OFFERING


def test_second_answer_is_dropped() -> None:
    """A description is applied once."""
    side = negotiation(Stage.OFFERING, polite=True)
    side.receive_answer(OURS)
    assert not side.receive_answer(OURS)


@pytest.mark.parametrize("stage", [Stage.OFFERING, Stage.ANSWERING, Stage.CONNECTING])
def test_we_offer_only_while_idle(stage: Stage) -> None:
    """A second offer of ours would be our own bug; the assert names what is under way."""
    with pytest.raises(AssertionError, match=f"cannot offer while {stage.name.lower()}"):
        negotiation(stage, polite=False).start(LATER)


@pytest.mark.parametrize("stage", [Stage.IDLE, Stage.OFFERING, Stage.CONNECTING])
def test_we_answer_only_what_was_offered(stage: Stage) -> None:
    """The same for an answer of ours."""
    with pytest.raises(AssertionError, match=f"cannot answer while {stage.name.lower()}"):
        negotiation(stage, polite=False).answered()


@pytest.mark.parametrize("stage", list(Stage))
def test_end_leads_back_to_idle_from_everywhere(stage: Stage) -> None:
    """Whether it became a link or failed, the next attempt starts from nothing."""
    side = negotiation(stage, polite=False)
    side.end()
    assert (side.stage, side.attempt) == (Stage.IDLE, None)
    side.start(LATER)
    assert side.stage is Stage.OFFERING


# ---- offers that come again


@pytest.mark.parametrize("stage", [Stage.ANSWERING, Stage.CONNECTING])
def test_repeated_offer_does_not_disturb_its_own_attempt(stage: Stage) -> None:
    """A signal that arrives twice is one signal."""
    side = negotiation(stage, polite=True)
    assert side.receive_offer(THEIRS) is Verdict.IGNORE
    assert side.stage is stage


def test_offer_of_an_attempt_that_became_a_link_is_ignored() -> None:
    """Played again by the server, it would set a second link of the same id over the first."""
    side = negotiation(Stage.CONNECTING, polite=True)
    side.end()
    assert side.receive_offer(THEIRS) is Verdict.IGNORE
    assert side.stage is Stage.IDLE


def test_offer_that_was_replaced_is_ignored_when_it_comes_again() -> None:
    """Or two old offers, played in turns, would keep every attempt from its end."""
    side = negotiation(Stage.ANSWERING, polite=True)
    assert side.receive_offer(LATER) is Verdict.REPLACE
    assert side.receive_offer(THEIRS) is Verdict.IGNORE
    assert side.attempt == LATER


def test_memory_of_past_attempts_is_bounded() -> None:
    """Whoever can make up attempts grows nothing here; the oldest are forgotten."""
    side = negotiation(Stage.IDLE, polite=True)
    attempts = [number.to_bytes(8, "big") for number in range(100)]
    for attempt in attempts:
        side.receive_offer(attempt)
    side.end()
    assert side.receive_offer(attempts[-1]) is Verdict.IGNORE
    assert side.receive_offer(attempts[0]) is Verdict.ACCEPT
