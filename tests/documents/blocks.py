"""The code that stands in the documents."""

import re

from ..architecture.sources import ROOT, tracked_files

__all__ = ["ROOT", "blocks_of", "documents_with", "shown_commands"]

_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^    (\S.*)$", re.MULTILINE)


def blocks_of(document: str, language: str = "python") -> list[str]:
    """The fenced blocks of a document, in order."""
    text = (ROOT / document).read_text("utf-8")
    return [block for name, block in _FENCED.findall(text) if name == language]


def documents_with(language: str) -> set[str]:
    """The documents that hold such blocks."""
    names = [str(path.relative_to(ROOT)) for path in tracked_files() if path.suffix == ".md"]
    return {name for name in names if blocks_of(name, language)}


def shown_commands(document: str) -> list[str]:
    """Indented lines, which show what to type; without their remarks."""
    text = _FENCED.sub("", (ROOT / document).read_text("utf-8"))
    return [line.split("  #")[0].strip() for line in _INDENTED.findall(text)]
