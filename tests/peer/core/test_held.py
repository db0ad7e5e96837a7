"""What is to be done waits for what was to be kept before it."""

from __future__ import annotations

from peer.core.held import Held
from peer.core.history_outputs import Save
from peer.core.machine import CloseLink, LinkId, Output, Transmit
from peer.ids import PeerId
from peer.log.record import LogChanges
from peer.ports import Channel

LINK = LinkId(PeerId("bob"), b"attempt.")
SAVE = Save(LogChanges())


def said(text: str) -> Transmit:
    return Transmit(LINK, Channel.EVENTS, text.encode())


class Bench:
    def __init__(self) -> None:
        self.done: list[Output] = []
        self.begun: list[Save] = []
        self.held = Held(commit=self.begun.append, carry_out=self.done.append)


def test_nothing_waits_where_nothing_is_to_be_kept() -> None:
    bench = Bench()
    bench.held.add(said("a"))
    assert bench.done == [said("a")]
    assert not bench.held.is_waiting


def test_each_thing_waits_for_the_commits_before_it() -> None:
    """Commits are begun at once, so that several go to the disk together."""
    bench = Bench()
    for output in (SAVE, said("a"), SAVE, said("b")):
        bench.held.add(output)
    assert (bench.done, bench.begun, bench.held.begun) == ([], [SAVE, SAVE], 2)
    bench.held.kept(has_failed=False)
    assert bench.done == [said("a")]
    bench.held.kept(has_failed=False)
    assert bench.done == [said("a"), said("b")]
    assert bench.held.done == 2
    assert not bench.held.is_waiting


def test_what_was_not_kept_never_leaves() -> None:
    """Links are closed nevertheless."""
    bench = Bench()
    end = CloseLink(LINK, "left")
    for output in (SAVE, said("a"), end):
        bench.held.add(output)
    bench.held.kept(has_failed=True)
    bench.held.add(said("b"))
    assert bench.done == [end]
