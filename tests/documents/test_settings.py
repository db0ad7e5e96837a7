"""Settings that a page or a docstring names are there."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from peer import Config

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SOURCES = [*sorted((ROOT / "peer").rglob("*.py")), *sorted((ROOT / "examples").glob("*.py"))]


def test_settings_that_are_named_are_there() -> None:
    """Who follows the advice to change one finds it."""
    there = {each.name for each in dataclasses.fields(Config)}
    named = {path: set(re.findall(r"\bConfig\.([a-z][a-z_0-9]*)", path.read_text())) for path in [*PAGES, *SOURCES]}
    assert {str(path): names - there for path, names in named.items() if names - there} == {}
