"""How we stand with one other peer: the states of a connection and what leads from each to the next.

The table is the whole decision; docs/protocol.md draws it. A peer is known by the server's word first, and as a member
once a handshake has proven it. What the states mean to a user is in `events`.
"""

from __future__ import annotations

from enum import Enum, auto

from ..events import ConnectionState

__all__ = ["TRANSITIONS", "Connection", "Happening", "explain"]

_NO_PATH = "no path to it was found: behind strict NATs it takes a TURN server that both can reach"

_SENTENCES = {
    "broken": "the path to it broke",
    "cut": "it takes nothing from us for a while, since we sent too much too fast",
    "displaced": "there are too many others",
    "failed": _NO_PATH,
    "flooded": "it sent too much too fast, and is kept away for a while",
    "gone": "the signaling server says that it left",
    "left": "it left",
    "lost": "nothing was heard of it any more",
    "moved": "our network changed meanwhile",
    "ours": "we left",
    "refused": "it gave the attempt up",
    "removed": "it was removed",
    "silent": "nothing was heard of it for a moment",
    "timeout": "it did not answer in time",
    "unreachable": _NO_PATH,
}


def explain(word: str) -> str:
    """Why something ended, as a sentence for people; what is not in the list broke a rule of the protocol."""
    return _SENTENCES.get(word, f"it did what is not allowed ({word})")


class Happening(Enum):
    """What can become of a peer, as its links tell it."""

    TRY = auto()
    """An attempt at a link begins, ours or theirs."""
    OPEN = auto()
    """An attempt became the link."""
    SILENCE = auto()
    """Nothing was heard over the link for `suspect_after_s`."""
    SIGN = auto()
    """Something was heard again."""
    BREAK = auto()
    """The path ended, and a new one is sought before anything is said of it."""
    FAIL = auto()
    """An attempt came to nothing, and no other is under way."""
    LOSE = auto()
    """The link ended without a goodbye, and there is no other in time."""
    END = auto()
    """It left, was removed, or is not wanted any more; or we left."""


TRANSITIONS: dict[tuple[ConnectionState, Happening], ConnectionState] = {
    ("new", Happening.TRY): "connecting",
    ("new", Happening.END): "closed",
    ("connecting", Happening.TRY): "connecting",
    ("connecting", Happening.OPEN): "linked",
    ("connecting", Happening.FAIL): "lost",
    ("connecting", Happening.END): "closed",
    ("linked", Happening.TRY): "linked",
    ("linked", Happening.OPEN): "linked",
    ("linked", Happening.FAIL): "linked",
    ("linked", Happening.SILENCE): "suspect",
    ("linked", Happening.BREAK): "suspect",
    ("linked", Happening.LOSE): "lost",
    ("linked", Happening.END): "closed",
    ("suspect", Happening.TRY): "suspect",
    ("suspect", Happening.OPEN): "linked",
    ("suspect", Happening.FAIL): "suspect",
    ("suspect", Happening.SIGN): "linked",
    ("suspect", Happening.BREAK): "suspect",
    ("suspect", Happening.LOSE): "lost",
    ("suspect", Happening.END): "closed",
    ("lost", Happening.TRY): "connecting",
    ("lost", Happening.END): "closed",
    ("closed", Happening.TRY): "connecting",
    ("closed", Happening.OPEN): "linked",
    ("closed", Happening.FAIL): "closed",
    ("closed", Happening.END): "closed",
}
"""Every other cell is a mistake of ours. Out of `closed` leads only what the other side does after its goodbye."""


class Connection:
    """The state of one peer."""

    def __init__(self) -> None:
        self.state: ConnectionState = "new"

    def apply(self, happening: Happening) -> bool:
        """Move on; whether that changed anything."""
        before = self.state
        after = TRANSITIONS.get((before, happening))
        assert after is not None, f"cannot {happening.name.lower()} while {before}"
        self.state = after
        return after != before
