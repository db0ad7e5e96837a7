"""What comes late is shown in order, as it looks by then."""

from __future__ import annotations

from msgspec.structs import replace

from peer.core.late import Late
from peer.log.event import EventId
from peer.messages.news import Changed, UnreadChanged, Vanished
from peer.messages.view import View


def view(hlc: int, text: str = "") -> View:
    return View(EventId(bytes([hlc]) * 32), hlc, bytes(32), bytes(8), hlc, text or str(hlc))


def late(hlc: int) -> Changed:
    return Changed(view(hlc), None, is_late=True)


def test_what_is_late_is_shown_oldest_first() -> None:
    """Though the newest came first."""
    held = Late()
    assert list(held.sift([late(3), UnreadChanged(1), late(1)])) == [UnreadChanged(1)]
    assert held
    assert held.release() == [late(1), late(3)]
    assert not held
    assert held.release() == []


def test_what_is_said_now_is_shown_now() -> None:
    """It does not wait for an answer about the past."""
    held, said_now = Late(), Changed(replace(view(2), author=bytes([2]) * 32), None)
    list(held.sift([late(1)]))
    assert list(held.sift([said_now])) == [said_now]


def test_late_message_appears_as_it_looks_by_then() -> None:
    """Nobody hears of an edit before the message."""
    held = Late()
    assert list(held.sift([late(1), Changed(view(1, "new"), view(1))])) == []
    assert held.release() == [Changed(view(1, "new"), None, is_late=True)]


def test_late_message_that_vanished_is_never_shown() -> None:
    """Others that vanish are told of."""
    held = Late()
    other = Vanished(view(2).id)
    assert list(held.sift([late(1), Vanished(view(1).id), other])) == [other]
    assert held.release() == []


def test_what_an_author_says_meanwhile_waits_behind_what_it_said_before() -> None:
    """Others are not held up."""
    held, other = Late(), Changed(replace(view(2), author=bytes([2]) * 32), None)
    gap, next_one = Changed(view(3), None), Changed(view(4), None)
    assert list(held.sift([gap], lambda _: True)) == []
    assert list(held.sift([next_one, other])) == [other]
    assert held.release() == [gap, next_one]
