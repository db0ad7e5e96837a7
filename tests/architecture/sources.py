"""What the architecture tests look at: the modules of both packages, and the files git tracks.

Files are read and parsed, never imported, so that a broken module still gets its verdict.
"""

import ast
import functools
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "Module", "modules", "pyproject", "tracked_files"]

ROOT = Path(__file__).parents[2]
PACKAGES = ("signaling", "peer")


@dataclass(frozen=True)
class Module:
    """One source file of a package, under its dotted name; a package goes by the name of its folder."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def is_empty(self) -> bool:
        """Holds nothing, or nothing but its reason."""
        return all(isinstance(node, ast.Expr) for node in self.tree.body)

    def is_within(self, name: str) -> bool:
        return self.name == name or self.name.startswith(name + ".")


@functools.cache
def modules() -> tuple[Module, ...]:
    """Every module of both packages."""
    paths = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return tuple(Module(_dotted(path), path, ast.parse(path.read_text("utf-8"))) for path in paths)


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def tracked_files() -> list[Path]:
    """What a clone contains and is still there."""
    # safe.directory: the clone may belong to another user than the one who tests it.
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = (ROOT / name for name in listing.split("\0") if name)
    return [path for path in paths if path.is_file()]
