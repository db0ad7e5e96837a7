"""Names that people read: what another peer calls itself, and what it calls the room.

A name may come from an attacker and ends up in terminals and lists, so what steers a terminal, turns the direction of
writing, or takes no room is dropped. Two names that merely look alike stay two: people compare safety numbers.
"""

from __future__ import annotations

import unicodedata

__all__ = ["clean_name", "clean_text"]

_ZERO_WIDTH_JOINER = "\u200d"
"""Part of many emoji; the only format character that stays."""

_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols, says Unicode, which show nothing: Hangul fillers and the empty Braille pattern."""


def clean_name(text: str, *, max_chars: int) -> str:
    """One line without control and format characters, white space folded, cut to size; empty if nothing shows."""
    kept = (character if _is_harmless(character) and character not in _BLANKS else " " for character in text)
    name = " ".join("".join(kept).split())[:max_chars].rstrip(" " + _ZERO_WIDTH_JOINER)
    return name if any(unicodedata.category(character)[0] in "LNPS" for character in name) else ""


def clean_text(text: str) -> str:
    """Text of others on its way to a terminal: line breaks and tabs stay, everything else that is unseen goes."""
    return "".join(c for c in text if c in "\n\t" or _is_harmless(c))


def _is_harmless(character: str) -> bool:
    return character == _ZERO_WIDTH_JOINER or unicodedata.category(character) not in {
        "Cc",
        "Cf",
        "Cs",
        "Zl",
        "Zp",
    }
