"""What others wrote, as text that can do nothing but be read: no control sequences, no turned direction, no pile-ups.

Names, titles, messages and emoji come from peers. Whatever is drawn on the screen went through here first, and is drawn
as cells, never as markup. Marks that we set ourselves, such as the tick of a verified key, are taken out of names.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from rich.cells import cell_len, chop_cells

from .. import shown
from ..core.names import clean_text
from ..member import Member

__all__ = ["LINE_BREAK", "crop", "pad", "plain_emoji", "plain_lines", "plain_name"]

_SIGNS = dict.fromkeys(map(ord, "●◐○◌│─"))
"""Of presence, and of the frame around what is said."""
_MAX_COMBINING = 4
"""On one character, as many as any living script puts there; a tower of them would hide the lines above."""
_MAX_LINES = 100
"""Of one message: 8 KiB of line breaks would push everything else off the screen."""
_MOST_PER_CELL = 8
"""Characters that are looked at for one cell when text is cut: joined emoji and accents take several."""
_TAB = "    "
LINE_BREAK = "⏎"
"""Stands for a line break where there is but one line to type in."""


def plain_lines(text: str) -> list[str]:
    """The lines of a message; at least one, and the last one says so where there were too many."""
    if text.isascii() and text.isprintable():  # most are: a tenth of the time
        return [text.rstrip()]
    clean = "".join(_without_towers(clean_text(text.replace("\r\n", "\n")).replace("\t", _TAB)))
    lines = [line.rstrip() for line in clean.strip("\n").split("\n")]
    if len(lines) > _MAX_LINES:
        lines = [*lines[:_MAX_LINES], f"... and {len(lines) - _MAX_LINES} more lines"]
    return lines


def plain_name(who: Member | str) -> str:
    """One line without marks and signs, which nobody may give himself."""
    name = who.name if isinstance(who, Member) else who
    return shown.plain_name(" ".join(" ".join(plain_lines(name)).translate(_SIGNS).split()))


def plain_emoji(emoji: str, *, custom: bool = False) -> str:
    """An emoji, or the id of one, in a few cells."""
    shown = crop(" ".join(plain_lines(emoji)), 12)
    return f":{shown}:" if custom else shown


def crop(text: str, width: int) -> str:
    """At most so many cells; what was cut shows as dots."""
    if cell_len(text) <= width:
        return text
    text = text[: width * _MOST_PER_CELL]
    begun = chop_cells(text, width - 1)[:1] if width > 1 else []
    return "".join(begun) + "…" * (width > 0)


def pad(text: str, width: int) -> str:
    """Exactly so many cells."""
    cropped = crop(text, width)
    return cropped + " " * (width - cell_len(cropped))


def _without_towers(text: str) -> Iterator[str]:
    height = 0
    for character in text:
        height = height + 1 if unicodedata.category(character) in ("Mn", "Me", "Cf") else 0
        if height <= _MAX_COMBINING:
            yield character
