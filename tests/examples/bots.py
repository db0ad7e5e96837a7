"""The bots of examples/, each loaded anew for a test, so that none remembers what another did."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from .children import ROOT

__all__ = ["load"]


def load(name: str) -> ModuleType:
    """The module of one file; its bot is `module.bot`."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
