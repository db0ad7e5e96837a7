"""docs/how-it-works.md: its code prints what the page says, and its drawings are those that their texts describe."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .blocks import ROOT, blocks_of
from .drawings import FOLDER, CannotDraw, draw

DOCUMENT = "docs/how-it-works.md"
TEXT = (ROOT / DOCUMENT).read_text("utf-8")
SOURCES = sorted(FOLDER.glob("*.txt"))
_SPACE = "{http://www.w3.org/2000/svg}"


def test_its_program_prints_what_the_page_says() -> None:
    """Pasted into a file and started."""
    [block] = blocks_of(DOCUMENT)
    done = subprocess.run([sys.executable, "-c", block], cwd=ROOT, check=True, capture_output=True, text=True)
    assert re.findall(r"It prints `(.*?)`", TEXT) == [done.stdout.strip()]
    assert done.stderr == ""


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_drawing_is_that_of_its_text(source: Path) -> None:
    drawn = source.with_suffix(".svg").read_text("utf-8")
    assert drawn == draw(source.read_text("utf-8")), f"{source.stem}.svg is older than its text: run `make docs`"


def test_pages_show_every_drawing_with_words_for_who_cannot_see_it() -> None:
    """Each once, here, in docs/log.md or in the README, with a sentence in its place, and a longer one inside it."""
    pages = TEXT + (ROOT / "docs" / "log.md").read_text("utf-8") + (ROOT / "README.md").read_text("utf-8")
    shown = re.findall(r"!\[(.{20,}?)\]\((?:docs/)?drawings/(\S+)\.svg\)", pages)
    assert sorted(name for _, name in shown) == [path.stem for path in SOURCES]
    for source in SOURCES:
        root = _parsed(source)
        assert all(root.findtext(_SPACE + name) for name in ("title", "desc"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_drawing_has_both_themes_and_keeps_to_its_page(source: Path) -> None:
    """Every class has a colour in each theme; nothing stands beyond the edge."""
    style = _parsed(source).findtext(_SPACE + "style") or ""
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    for part in (light, dark):
        named = set(re.findall(r"\.(\w+) \{", part))
        assert {name for node in _parsed(source).iter() for name in node.get("class", "").split()} <= named
    width, height = (float(part) for part in _parsed(source).get("viewBox", "").split()[2:])
    for box in _parsed(source).iter(_SPACE + "rect"):
        across, down, wide, high = (float(box.get(name, 0)) for name in ("x", "y", "width", "height"))
        assert 0 <= across <= across + wide <= width
        assert 0 <= down <= down + high <= height


@pytest.mark.parametrize(
    "line", ["lane a | A\na >> b: words", "lane a | A\nat a words"], ids=["unknown arrow", "note without words"]
)
def test_line_that_nobody_can_draw_is_named(line: str) -> None:
    with pytest.raises(CannotDraw, match=r"words"):
        draw(f"title: T\nabout: A\nkind: sequence\n\n{line}")


def _parsed(source: Path) -> ElementTree.Element:
    return ElementTree.fromstring(source.with_suffix(".svg").read_text("utf-8"))  # noqa: S314 - our own drawing
