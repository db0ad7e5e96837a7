"""Vectors of public origin, kept beside the repository and not in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

__all__ = ["load_shared"]

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "vectors"


def load_shared(name: str) -> Any:
    """The content of a vector file, or a skip that names what is missing."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"no public vectors at ../shared/vectors/{name}, beside the repository")
    return json.loads(path.read_text("utf-8"))
