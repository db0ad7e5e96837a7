"""Descriptions sealed for one recipient."""

import dataclasses

import pytest

from peer.core.envelopes import Envelopes
from peer.core.machine import LinkId
from peer.ids import PeerId
from peer.ports import Signal

from ...support.keys import credentials

ANN, BOB, EVE = PeerId("ann"), PeerId("bob"), PeerId("eve")
LINK = LinkId(BOB, b"attempt.")


def from_ann() -> Signal:
    """As the server hands it to Bob: the remote is the sender there."""
    sealed = Envelopes(ANN, credentials("ann")).seal("offer", LINK, "sdp")
    assert sealed.remote == BOB
    return dataclasses.replace(sealed, remote=ANN)


def test_recipient_reads_what_was_sealed() -> None:
    """The attempt and the text."""
    description = Envelopes(BOB, credentials("bob")).maybe_open(from_ann())
    assert description is not None
    assert (description.attempt, description.text) == (b"attempt.", "sdp")


@pytest.mark.parametrize("change", [{"remote": EVE}, {"kind": "answer"}, {"body": "made up"}], ids=str)
def test_signal_that_the_server_altered_is_nothing(change: dict[str, str]) -> None:
    """Another sender, another kind, another body."""
    altered = dataclasses.replace(from_ann(), **change)  # type: ignore[arg-type]
    assert Envelopes(BOB, credentials("bob")).maybe_open(altered) is None


def test_signal_for_somebody_else_is_nothing() -> None:
    """The server handed it to the wrong peer."""
    assert Envelopes(EVE, credentials("eve")).maybe_open(from_ann()) is None
