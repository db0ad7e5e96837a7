"""What may overtake an introduction."""

from __future__ import annotations

import pytest

from peer.core.early_bulk import EarlyBulk
from peer.errors import UnexpectedFrame
from peer.wire.frames import StreamData, StreamOpen, StreamReset


def test_beginnings_are_kept_in_order() -> None:
    """And given back once."""
    early = EarlyBulk()
    for frame in (StreamOpen(0, "", None), StreamReset(0, "")):
        early.keep(frame)
    assert early.take() == [StreamOpen(0, "", None), StreamReset(0, "")]
    assert early.take() == []


def test_data_is_refused() -> None:
    """Nobody has asked for it."""
    with pytest.raises(UnexpectedFrame):
        EarlyBulk().keep(StreamData(0, b"x"))


def test_there_is_a_bound() -> None:
    early = EarlyBulk()
    for number in range(64):
        early.keep(StreamOpen(number, "", None))
    with pytest.raises(UnexpectedFrame):
        early.keep(StreamOpen(64, "", None))
