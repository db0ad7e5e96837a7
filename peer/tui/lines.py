"""Styled text in cells: spans make lines, and lines are broken where they are too wide. Styles are names here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len, chop_cells

__all__ = ["Line", "Span", "hang", "line_width", "wrap"]


class Span(NamedTuple):
    """Text in one style; what the style looks like, `palette` knows."""

    text: str
    style: str = "text"


Line: TypeAlias = tuple[Span, ...]

_WORDS = re.compile(r" +|[^ ]+")


def line_width(line: Iterable[Span]) -> int:
    """In cells."""
    return sum(cell_len(span.text) for span in line)


def hang(prefix: Line, body: Sequence[Span], *, width: int) -> list[Line]:
    """Broken beside a prefix, which stands before the first line; the others are indented by as much."""
    indent = line_width(prefix)
    blank: Line = (Span(" " * indent),) if indent else ()
    return [(blank if row else prefix) + line for row, line in enumerate(wrap(body, width=max(1, width - indent)))]


def wrap(body: Sequence[Span], *, width: int) -> list[Line]:
    """Lines of at most so many cells, broken at blanks where that can be, else within a word. At least one line."""
    if line_width(body) <= width:
        return [_joined(body)]
    lines: list[list[Span]] = [[]]
    used = 0
    for word, size in _words(body, width):
        if used + size > width:
            lines.append([])
            used = 0
            if word.text.isspace():
                continue
        lines[-1].append(word)
        used += size
    return [_joined(line) for line in lines]


def _words(body: Iterable[Span], width: int) -> Iterator[tuple[Span, int]]:
    """Words and the blanks between them, with their cells; those that fit nowhere in pieces."""
    for span in body:
        for word in _WORDS.findall(span.text):
            if (size := cell_len(word)) <= width:
                yield Span(word, span.style), size
            else:
                for piece in chop_cells(word, width):
                    yield Span(piece, span.style), cell_len(piece)


def _joined(words: Iterable[Span]) -> Line:
    """Neighbours of one style in one span, and none that is empty."""
    joined: list[Span] = []
    for word in words:
        if joined and joined[-1].style == word.style:
            joined[-1] = Span(joined[-1].text + word.text, word.style)
        elif word.text:
            joined.append(word)
    return tuple(joined)
