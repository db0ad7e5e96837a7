"""One check taken away from the code, and the tests of which one has to notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Mutation", "TextNotFound"]


class TextNotFound(Exception):
    """The code has changed: the mutation has to follow it."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """Nothing but names and text; what it does to a tree is `apply_to`."""

    name: str
    """What is taken away."""
    folder: str
    """The text is looked for in its modules, so that it may move among them."""
    changes: Mapping[str, str]
    """What stands there, and what shall stand there instead; each stands there exactly once."""
    tests: tuple[str, ...]
    """Files, those first of which one should notice."""
    excuse: str = ""
    """Why no test can notice, if so."""

    def mutate(self, root: Path) -> dict[Path, str]:
        """The files that differ, as they shall be; raise TextNotFound."""
        files = {path: path.read_text() for path in sorted((root / self.folder).glob("*.py"))}
        altered: dict[Path, str] = {}
        for before, after in self.changes.items():
            places = [path for path, text in files.items() for _ in range(text.count(before))]
            if len(places) != 1:
                raise TextNotFound(f"{self.name!r}: {len(places)} places in {self.folder} instead of one: {before!r}")
            [path] = places
            files[path] = altered[path] = files[path].replace(before, after)
        return altered
