"""How the screen is divided, by its width: messages first, the lists beside them where there is room."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len

from .speech import Look

__all__ = ["CSS", "look_of", "side_width", "sides_of"]

_BOTH_SIDES = 78
_ONE_SIDE = 60
_WIDE = 120
_NICK_COLUMN = 64
"""Cells of messages from which on names have a column of their own."""
_LEAST_NICK, _MOST_NICK = 6, 16


def sides_of(width: int) -> set[str]:
    """Which lists have room beside the messages, on a screen of so many cells."""
    if width >= _BOTH_SIDES:
        return {"rooms", "nicks"}
    return {"nicks"} if width >= _ONE_SIDE else set()


def side_width(width: int) -> int:
    """Cells of each list."""
    return 24 if width >= _WIDE else 16


def look_of(width: int, my_name: str, nicks: Iterable[str]) -> Look:
    """Of messages that have so many cells; the column of names has room for these and a mark."""
    longest = max(map(cell_len, nicks), default=0) + 1
    column = min(max(longest, _LEAST_NICK), _MOST_NICK) if width >= _NICK_COLUMN else 0
    return Look(width=width, nick_width=column, my_name=my_name)


CSS = """
LinesPane, MessagePane { scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; overflow-x: hidden;
    scrollbar-color: $panel-lighten-2; scrollbar-background: $background; scrollbar-color-hover: $primary; }
#topic, #status { height: 1; background: $panel; overflow: hidden; }
#typing { height: 1; overflow: hidden; }
#middle { height: 1fr; }
#rooms { width: 16; border-right: vkey $foreground 25%; }
#nicks { width: 16; border-left: vkey $foreground 25%; }
#messages { width: 1fr; }
#line { height: 1; }
#start { align-horizontal: center; padding: 1 4; }
#banner { text-style: bold; margin-bottom: 1; }
#start .label { margin-top: 1; color: $text-muted; }
#start Input { max-width: 76; background: $surface-lighten-1; }
#buttons { height: auto; margin-top: 1; }
#buttons Button { margin-right: 2; }
#kept { height: auto; max-height: 12; max-width: 90; background: $surface; }
#trouble { margin-top: 1; color: $text-warning; }
Dialog { align: center middle; }
#dialog { width: 90%; max-width: 100; height: 90%; border: round $primary; background: $surface; padding: 0 1; }
#dialog Static { width: auto; max-width: 100%; }
"""
