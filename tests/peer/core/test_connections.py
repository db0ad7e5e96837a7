"""Members with several processes: the best connection counts."""

from __future__ import annotations

from peer.core.connections import Connections
from peer.ids import MemberId, PeerId

BOB, ONE, TWO = MemberId("bob"), PeerId("one"), PeerId("two")


def test_best_of_all_processes_counts() -> None:
    """One of them is lost, the other is not."""
    connections = Connections()
    assert connections.change(BOB, ONE, "linked") == "linked"
    assert connections.change(BOB, TWO, "connecting") == "linked"
    assert connections.change(BOB, ONE, "suspect") == "suspect"
    assert connections.change(BOB, ONE, "lost") == "connecting"


def test_process_that_is_gone_is_forgotten() -> None:
    """The last one leaves its state behind, and no memory."""
    connections = Connections()
    connections.change(BOB, ONE, "lost")
    connections.change(BOB, TWO, "linked")
    assert connections.change(BOB, TWO, "closed") == "lost"
    assert connections.change(BOB, ONE, "closed") == "closed"
    assert connections._states == {}
