"""What one proven link may cost us."""

from __future__ import annotations

from peer.config import Config
from peer.core.entry import entry_of
from peer.core.exchange import Exchange
from peer.core.machine import LinkId
from peer.ids import PeerId

from ...support.keys import identity, membership_of

CONFIG = Config(control_burst=3, max_control_events=2, full_answer_every_s=60.0)


def test_allowances_of_a_link_are_settings() -> None:
    """Frames in a row, events in a row, and the whole log now and then."""
    link = LinkId(PeerId("bob"), b"attempt.")
    entry = entry_of(link, identity("bob").member_id, Exchange(membership_of("ann")), config=CONFIG, now=0.0)
    assert [entry.frames.spend(now=0.0) for _ in range(4)] == [True, True, True, False]
    assert [entry.events.spend(2, now=0.0) for _ in range(3)] == [True, True, False]
    assert [entry.full_answers.spend(now=now) for now in (0.0, 59.0, 60.0)] == [True, False, True]
    assert entry.since == 0.0
