"""The states of a connection: every cell of the table."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from peer.core.connection import TRANSITIONS, Connection, Happening, explain
from peer.events import ConnectionState

STATES: tuple[ConnectionState, ...] = get_args(ConnectionState)


@pytest.mark.parametrize(("state", "happening"), list(product(STATES, Happening)))
def test_every_cell_leads_where_the_table_says_or_is_our_mistake(state: ConnectionState, happening: Happening) -> None:
    """A missing one names both sides."""
    connection = Connection()
    connection.state = state
    after = TRANSITIONS.get((state, happening))
    if after is None:
        with pytest.raises(AssertionError, match=f"cannot {happening.name.lower()} while {state}"):
            connection.apply(happening)
        assert connection.state == state
    else:
        assert connection.apply(happening) is (after != state)
        assert connection.state == after


def test_peer_begins_as_new_and_every_state_can_be_reached() -> None:
    """Or a state would be a word without a meaning."""
    assert Connection().state == "new"
    reached = {"new"}
    for _ in STATES:
        reached |= {after for (before, _), after in TRANSITIONS.items() if before in reached}
    assert reached == set(STATES)


def test_nothing_leads_from_silence_to_a_link_but_a_sign_or_a_new_one() -> None:
    """What is shown as linked was heard of."""
    leading = {
        happening for (state, happening), after in TRANSITIONS.items() if state == "suspect" and after == "linked"
    }
    assert leading == {Happening.OPEN, Happening.SIGN}


def test_reasons_are_sentences() -> None:
    """An unknown word is that of an error: the other side broke a rule."""
    assert explain("timeout") == "it did not answer in time"
    assert "TURN" in explain("unreachable")
    assert explain("MalformedFrame") == "it did what is not allowed (MalformedFrame)"
