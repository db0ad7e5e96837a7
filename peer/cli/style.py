"""How lines look: in colours on a terminal that wants them (https://no-color.org), plain in a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO

from ..events import Member
from ..shown import Told, mark, plain_name

__all__ = ["Style", "choose_style"]

_NICK_COLOURS = (31, 32, 33, 34, 35, 36, 91, 92, 93, 94, 95, 96)


class Style:
    """Puts marks, and colours where they are wanted, around text that is clean already."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def grey(self, text: str) -> str:
        """What we say ourselves, as against what people said."""
        return self._dressed("2", f"-- {text}")

    def warning(self, text: str) -> str:
        return self._dressed("1;31", f"!! {text}")

    def told(self, told: Told) -> str:
        return self.warning(told.text) if told.kind == "warning" else self.grey(told.text)

    def nick(self, member: Member) -> str:
        """The name in a colour that is always this member's, or in angle brackets."""
        name = plain_name(member.name)
        colour = _NICK_COLOURS[sum(member.id.encode()) % len(_NICK_COLOURS)]
        return mark(member) + (f"\033[{colour}m{name}\033[0m" if self._colours else f"<{name}>")

    def good(self, text: str) -> str:
        return self._dressed("32", text)

    def doubtful(self, text: str) -> str:
        return self._dressed("33", text)

    def bad(self, text: str) -> str:
        return self._dressed("1;31", text)

    def bold(self, text: str) -> str:
        return self._dressed("1", text)

    def _dressed(self, code: str, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._colours else text


def choose_style(stream: TextIO | None = None, environment: Mapping[str, str] = os.environ) -> Style:
    """For this stream, standard output by default."""
    wants_colours = not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return Style(colours=(stream or sys.stdout).isatty() and wants_colours)
