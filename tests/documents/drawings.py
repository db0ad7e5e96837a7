"""Draws docs/drawings/*.txt as SVG beside them: `make docs`.

A drawing is told in words: lines `title:`, `about:` (for who cannot see it) and `kind:`, an empty line, then, by kind,

    sequence    lane NAME | heading | second line        who takes part, from left to right
                A -> B: words       a call or signal; A -> S -> B goes through S
                A => B: words       what goes from program to program; <=> both ways
                A ~> B: words       by another way
                at A, B: words      what happens there
                ---- words          from here on it is otherwise
    layers      words | what it is for                   each one inside the one above
    boxes       box NAME COLUMN ROW | heading | second line | ...
                A -- B: words       a thin line, or, without words, A -- B; A == B a thick one

Colours are classes that have a value for light and one for dark pages. The ground is drawn too, so that a reader whose
page is not of the theme that his system says can read it as well; text has a rim of it, to stand on lines.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from pathlib import Path

from ..architecture.sources import ROOT

__all__ = ["FOLDER", "CannotDraw", "draw"]

FOLDER = ROOT / "docs" / "drawings"

_WIDTH = 860
_STYLE = """\
    .page { fill: #ffffff; } text { paint-order: stroke; stroke: #ffffff; stroke-width: 5; }
    .line { stroke: #57606a; fill: none; } .text { fill: #1f2328; } .quiet { fill: #57606a; }
    .box { fill: #f6f8fa; stroke: #57606a; } .core { fill: #ddf4ff; stroke: #0969da; } .inside { stroke: none; }
    .link { stroke: #0969da; fill: none; stroke-width: 4; } .tip { fill: #57606a; } .strong { fill: #0969da; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117; } text { stroke: #0d1117; }
      .line { stroke: #9198a1; } .text { fill: #f0f6fc; } .quiet { fill: #9198a1; }
      .box { fill: #151b23; stroke: #9198a1; } .core { fill: #121d2f; stroke: #4493f8; } .inside { stroke: none; }
      .link { stroke: #4493f8; } .tip { fill: #9198a1; } .strong { fill: #4493f8; }
    }"""
_CHARACTER = 7.1
"""Width of one at 13 px, in most fonts a little less."""
_LINE = 17


class CannotDraw(Exception):
    """A line of a description that is none of the above."""


@dataclass
class Canvas:
    """What is drawn so far, lines below boxes below words."""

    lines: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    height: float = 0.0

    def write(
        self,
        x: float,
        y: float,
        text: str,
        kind: str = "quiet",
        *,
        anchor: str = "middle",
        bold: bool = False,
    ) -> None:
        """A line of words; those that stand in a box are of kind `… inside` and have no rim."""
        size = ' font-size="15" font-weight="600"' if bold else ""
        self.words.append(
            f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}"{size}>{escape(text)}</text>'
        )
        self.height = max(self.height, y + 8)

    def box(self, x: float, y: float, width: float, height: float, kind: str = "box") -> None:
        self.boxes.append(f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="9"/>')
        self.height = max(self.height, y + height + 2)

    def line(self, start: tuple[float, float], end: tuple[float, float], kind: str = "line", extra: str = "") -> None:
        path = f"M{start[0]:g} {start[1]:g} L{end[0]:g} {end[1]:g}"
        self.lines.append(f'<path class="{kind}" d="{path}"{extra}/>')

    def arrow(self, start: float, end: float, y: float, kind: str = "line", extra: str = "") -> None:
        """From left or right, with its head at `end`."""
        side, tip = (1 if end > start else -1), "strong" if kind == "link" else "tip"
        self.line((start, y), (end - 8 * side, y), kind, extra)
        self.lines.append(f'<path class="{tip}" d="M{end:g} {y:g} l{-11 * side} -6 l0 12 z"/>')


def draw(description: str) -> str:
    """The SVG of one description; raise CannotDraw."""
    head, _, body = description.partition("\n\n")
    facts = dict(line.split(": ", 1) for line in head.splitlines())
    canvas = Canvas()
    _KINDS[facts["kind"]](canvas, [line for line in body.splitlines() if line.strip()])
    page = f'<rect class="page" width="{_WIDTH}" height="{canvas.height:g}" rx="9"/>'
    marks = [page, *canvas.lines, *canvas.boxes, *canvas.words]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {canvas.height:g}" role="img" '
        'aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="13" stroke-width="1.5">\n'
        f'  <title id="title">{escape(facts["title"])}</title>\n  <desc id="desc">{escape(facts["about"])}</desc>\n'
        f"  <style>\n{_STYLE}\n  </style>\n  " + "\n  ".join(marks) + "\n</svg>\n"
    )


@contextmanager
def _naming(line: str) -> Iterator[None]:
    try:
        yield
    except KeyError as error:
        raise CannotDraw(f"nobody is called {error} in: {line}") from None


# ---- sequences

_STEP = re.compile(r"(\w+) (->|=>|<=>|~>) (?:(\w+) -> )?(\w+): (.+)")


def _sequence(canvas: Canvas, lines: list[str]) -> None:
    lanes = [line.removeprefix("lane ") for line in lines if line.startswith("lane ")]
    names = [lane.split(" | ")[0] for lane in lanes]
    width = _WIDTH / len(names)
    x_of = {name: width * (number + 0.5) for number, name in enumerate(names)}
    y = 78.0
    for line in lines[len(lanes) :]:
        with _naming(line):
            y = _step(canvas, line, x_of, y)
    for x in x_of.values():
        canvas.lines.insert(0, f'<path class="line" stroke-dasharray="2 5" d="M{x:g} 56 L{x:g} {y:g}"/>')
    for lane in lanes:
        name, *texts = lane.split(" | ")
        canvas.box(x_of[name] - min(210, width - 8) / 2, 6, min(210, width - 8), 52)
        _label(canvas, x_of[name], 32, texts)
    canvas.height = y + 6


def _step(canvas: Canvas, line: str, x_of: dict[str, float], y: float) -> float:
    """Draw one line from `y` on; where the next one begins."""
    if line.startswith("---- "):
        return _divider(canvas, line.removeprefix("---- "), y)
    if line.startswith("at "):
        names, _, words = line.removeprefix("at ").partition(": ")
        return _note(canvas, [x_of[name] for name in names.split(", ")], words, y)
    parts = _STEP.fullmatch(line)
    if parts is None:
        raise CannotDraw(line)
    start, way, through, end, words = parts.groups()
    return _arrow(canvas, [x_of[name] for name in (start, through, end) if name], way, words, y)


def _arrow(canvas: Canvas, stops: list[float], way: str, words: str, y: float) -> float:
    wrapped = _wrapped(words, abs(stops[-1] - stops[0]) - 24)
    middle, is_link = (stops[0] + stops[-1]) / 2, "=" in way
    for number, text in enumerate(wrapped):
        canvas.write(middle, y + _LINE * number + 6, text, "strong" if is_link else "text")
    y += _LINE * len(wrapped)
    dashes = ' stroke-dasharray="6 5"' if way == "~>" else ""
    for start, end in pairwise(stops):
        canvas.arrow(start, end, y, "link" if is_link else "line", dashes)
    if way == "<=>":
        canvas.arrow(stops[-1], stops[0], y, "link")
    return y + 24


def _note(canvas: Canvas, stops: list[float], words: str, y: float) -> float:
    width = max(stops) - min(stops) + 2 * min(min(stops) - 6, _WIDTH - 6 - max(stops), 125)
    wrapped = _wrapped(words, width - 24)
    height = _LINE * len(wrapped) + 14
    middle = (max(stops) + min(stops)) / 2
    canvas.box(middle - width / 2, y - 10, width, height, "core")
    for number, text in enumerate(wrapped):
        canvas.write(middle, y + _LINE * number + 10, text, "text inside")
    return y + height + 12


def _wrapped(words: str, width: float) -> list[str]:
    """In as few lines as fit, of about the same length."""
    most = int(width / _CHARACTER)
    count = len(_lines(words, most))
    return next(lines for each in range(len(words) // count, most + 1) if len(lines := _lines(words, each)) == count)


def _lines(words: str, most: int) -> list[str]:
    return textwrap.wrap(words, most, break_long_words=False)


def _divider(canvas: Canvas, words: str, y: float) -> float:
    canvas.line((10, y + 4), (_WIDTH - 10, y + 4), "line", ' stroke-dasharray="1 4"')
    width = len(words) * 8.4 + 30
    canvas.box((_WIDTH - width) / 2, y - 11, width, 30)
    canvas.write(_WIDTH / 2, y + 9, words, "text inside", bold=True)
    return y + 46


# ---- layers


def _layers(canvas: Canvas, lines: list[str]) -> None:
    step, height = 18, 46
    for depth, line in enumerate(lines):
        heading, _, purpose = line.partition(" | ")
        inset, is_last = step * depth, depth == len(lines) - 1
        below = len(lines) - 1 - depth
        y = 4 + height * depth
        canvas.box(
            4 + inset, y, _WIDTH - 8 - 2 * inset, height * (below + 1) + 10 * below, "core" if is_last else "box"
        )
        if len(heading) * 8.6 + len(purpose) * _CHARACTER > _WIDTH - 60 - 2 * inset:
            raise CannotDraw(f"too long for its place: {line}")
        canvas.write(20 + inset, y + 27, heading, "text inside", anchor="start", bold=True)
        canvas.write(_WIDTH - 20 - inset, y + 27, purpose, "quiet inside", anchor="end")


# ---- boxes

_BOX = re.compile(r"box (\w+) (\d+) (\d+) \| (.+)")
_LINK = re.compile(r"(\w+) (--|==) (\w+)(?:: (.+))?")
Rect = tuple[float, float, float, float]


def _boxes(canvas: Canvas, lines: list[str]) -> None:
    found = [_BOX.fullmatch(line) for line in lines]
    boxes = {match[1]: (int(match[2]), int(match[3]), match[4].split(" | ")) for match in found if match}
    columns = max(column for column, _, _ in boxes.values()) + 1
    rects: dict[str, Rect] = {}
    tops = [*_tops(boxes.values())]
    for name, (column, row, texts) in boxes.items():
        width = max(max(len(text) for text in texts) * _CHARACTER + 34, 150)
        middle = _WIDTH * (column + 0.5) / columns
        rects[name] = (middle - width / 2, tops[row], width, 18.0 + 20 * len(texts))
        canvas.box(*rects[name])
        _label(canvas, middle, tops[row] + 28 + 10 * (len(texts) - 2), texts)
    for line in lines:
        if not line.startswith("box "):
            with _naming(line):
                _connect(canvas, line, rects)


def _tops(boxes: Iterable[tuple[int, int, list[str]]]) -> Iterator[float]:
    """Where each row begins: as far below the one before as its tallest box and a line's words need."""
    sizes = [(row, 18 + 20 * len(texts)) for _, row, texts in boxes]
    top = 4.0
    for number in range(max(row for row, _ in sizes) + 1):
        yield top
        top += max(size for row, size in sizes if row == number) + 86


def _connect(canvas: Canvas, line: str, rects: dict[str, Rect]) -> None:
    parts = _LINK.fullmatch(line)
    if parts is None:
        raise CannotDraw(line)
    one, way, other, words = parts.groups()
    start, end = _middle(rects[one]), _middle(rects[other])
    is_link = way == "=="
    canvas.line(start, end, "link" if is_link else "line", "" if is_link else ' stroke-dasharray="6 5"')
    start, end = _edge(rects[one], end), _edge(rects[other], start)
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    if abs(start[1] - end[1]) < 10:
        y -= 14
    wrapped = words.split(" / ") if words else []
    for number, text in enumerate(wrapped):
        canvas.write(x, y + 4 + _LINE * (number - (len(wrapped) - 1) / 2), text, "strong" if is_link else "quiet")


def _middle(rect: Rect) -> tuple[float, float]:
    return rect[0] + rect[2] / 2, rect[1] + rect[3] / 2


def _edge(rect: Rect, towards: tuple[float, float]) -> tuple[float, float]:
    """Where a line from the middle leaves the box."""
    x, y = _middle(rect)
    across, down = towards[0] - x, towards[1] - y
    share = min(rect[2] / 2 / abs(across) if across else 9, rect[3] / 2 / abs(down) if down else 9)
    return x + across * share, y + down * share


def _label(canvas: Canvas, x: float, y: float, texts: list[str]) -> None:
    """A heading and quiet lines, centred about `y`."""
    top = y - 10 * (len(texts) - 2)
    for number, text in enumerate(texts):
        canvas.write(x, top + 20 * number - 4, text, "quiet inside" if number else "text inside", bold=not number)


_KINDS = {"sequence": _sequence, "layers": _layers, "boxes": _boxes}


def _write_all(folder: Path = FOLDER) -> None:
    for source in sorted(folder.glob("*.txt")):
        source.with_suffix(".svg").write_text(draw(source.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    _write_all()
