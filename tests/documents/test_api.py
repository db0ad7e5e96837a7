"""docs/api.md: it says what the docstrings say."""

import re

import peer
import peer.testing

from .api import DOCUMENT, render


def test_page_is_that_of_the_docstrings() -> None:
    """Whoever changes a public name or its docstring makes the page anew."""
    assert DOCUMENT.read_text("utf-8") == render(), "docs/api.md is older than the docstrings: run `make docs`"


def test_every_public_name_has_a_heading_and_a_sentence() -> None:
    """Those of `peer`, and of `peer.testing`."""
    entries = dict(re.findall(r"^### (\w+)\n\n(.*?)(?=^##|\Z)", render(), re.MULTILINE | re.DOTALL))
    assert set(entries) == {*peer.__all__, *peer.testing.__all__}
    assert [name for name, entry in entries.items() if not entry.strip()] == []


def test_every_method_is_explained() -> None:
    """A signature alone tells what it takes, not what it does or raises; a field's name may say all."""
    bare = re.findall(r"^- `[^`:]*\(.*`$", render(), re.MULTILINE)
    assert bare == [], f"give these a docstring, then run `make docs`: {bare}"
