"""What textual makes of keys, where that stands in our way: it takes Alt+2 of most terminals for a trade mark sign.

Terminals without kitty's protocol, and so tmux, xterm and those of desktops, send Alt+2 as Escape and 2. textual 8
reads that as what Option+2 types on a Mac. Whoever chats wants room 2.
"""

from __future__ import annotations

from typing import cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

__all__ = ["give_back_alt_digits"]

_ESCAPE = "\x1b"


def give_back_alt_digits() -> None:
    """For this process, and for good. A textual that has no such entries is left as it is."""
    table = cast("dict[str, object]", ANSI_SEQUENCES_KEYS)
    for digit in "0123456789":
        table.pop(_ESCAPE + digit, None)
