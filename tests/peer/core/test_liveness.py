"""Silence, doubt and loss of one link, by the clock."""

from __future__ import annotations

from peer.config import Config
from peer.core.liveness import Liveness


def link() -> Liveness:
    """Beats after 1 s, suspect after 2.5, lost after 4.5; probed for 2."""
    return Liveness(Config(), heard_at=100.0)


def test_silence_makes_suspect_and_then_lost() -> None:
    """Each has its deadline; ours to beat comes first."""
    alive = link()
    assert alive.next_deadline() == 101.0
    alive.spoke_at = 102.0
    assert alive.next_deadline() == 102.5
    alive.handle_timeout(now=102.4)
    assert not alive.is_suspect
    alive.handle_timeout(now=102.5)
    assert alive.is_suspect
    assert not alive.is_lost(now=104.4)
    assert alive.is_lost(now=104.5)


def test_whatever_is_heard_ends_the_doubt() -> None:
    """And a probe has its answer."""
    alive = link()
    alive.handle_timeout(now=103.0)
    alive.probe(now=103.0)
    alive.hear(now=103.5)
    alive.handle_timeout(now=103.6)
    assert not alive.is_suspect
    assert alive.lost_at == 108.0


def test_probed_link_has_two_seconds_to_show_itself() -> None:
    """Asked twice, it has no more; nor does that put off when it is lost anyway."""
    alive = link()
    alive.probe(now=101.0)
    alive.probe(now=102.0)
    assert alive.lost_at == 103.0
    late = link()
    late.probe(now=104.0)
    assert late.lost_at == 104.5


def test_beat_may_be_early_so_that_links_beat_together() -> None:
    """By a quarter of its interval."""
    alive = link()
    assert not alive.is_beat_due(now=100.7)
    assert alive.is_beat_due(now=100.75)


def test_forgiven_silence_leaves_some_time_and_lengthens_nothing() -> None:
    """As if it had only just become suspect; a link that was heard since is none the worse."""
    alive, heard = link(), link()
    alive.forgive(now=200.0)
    assert alive.lost_at == 202.0
    heard.forgive(now=101.0)
    assert heard.lost_at == 104.5


def test_silence_is_forgiven_once_until_something_is_heard() -> None:
    """A process that is late again and again would never miss anybody."""
    alive = link()
    alive.forgive(now=200.0)
    alive.forgive(now=201.5)
    assert alive.lost_at == 202.0
    alive.hear(now=201.9)
    alive.forgive(now=300.0)
    assert alive.lost_at == 302.0
