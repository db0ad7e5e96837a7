"""Each module has one test file, at the same place under tests/: knowing one is finding the other."""

import ast

from .sources import ROOT, Module, modules

COVERED_ELSEWHERE: dict[str, str] = {
    "peer.rtc.exchange": "needs real connections: tests/rtc",
    "peer.rtc.link": "needs real connections: tests/rtc",
}
"""Module without a test file of its own, and the reason."""


def _decides(module: Module) -> bool:
    """Has code of its own to test: an `__init__` that only passes names on, be it late, has not."""
    definitions = [node for node in module.tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return not module.is_package or any(node.name not in {"__getattr__", "__dir__"} for node in definitions)


def _test_file(module: Module) -> str:
    *folders, last = module.name.split(".")
    if module.is_package:
        return "/".join(["tests", *folders, last, f"test_{last}.py"])
    return "/".join(["tests", *folders, f"test_{last.strip('_')}.py"])


def test_every_module_has_its_test_file() -> None:
    missing = {
        module.name: _test_file(module)
        for module in modules()
        if _decides(module) and module.name not in COVERED_ELSEWHERE and not (ROOT / _test_file(module)).is_file()
    }
    assert missing == {}


def test_exceptions_are_still_needed() -> None:
    """A module that is gone, or has a test file by now, leaves the list."""
    files = {module.name: _test_file(module) for module in modules()}
    stale = [name for name in COVERED_ELSEWHERE if name not in files or (ROOT / files.get(name, "")).is_file()]
    assert stale == []
