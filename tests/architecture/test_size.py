"""Small things with full names: functions and files stay within what one reads at a glance."""

import ast
from collections.abc import Iterator

from .sources import modules

Function = ast.FunctionDef | ast.AsyncFunctionDef

MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 400
SHORT_LINES, SHORT_SHARE = 6, 0.5
USUAL_LINES, USUAL_SHARE = 30, 0.9


def _functions() -> Iterator[tuple[str, Function]]:
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, Function):
                yield f"{module.name}:{node.lineno} {node.name}", node


def _body_lines(function: Function) -> int:
    """Lines from the first statement to the last, without the docstring."""
    body = function.body[ast.get_docstring(function) is not None :]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_function_is_long() -> None:
    long = {name: _body_lines(function) for name, function in _functions()}
    assert {name: lines for name, lines in long.items() if lines > MAX_FUNCTION_LINES} == {}


def test_no_file_is_long() -> None:
    long = {module.name: len(module.path.read_text("utf-8").splitlines()) for module in modules()}
    assert {name: lines for name, lines in long.items() if lines > MAX_FILE_LINES} == {}


def test_most_functions_are_short() -> None:
    """Half have six lines or fewer, nine in ten have thirty or fewer; `pytest -s` shows the figures."""
    lines = sorted(_body_lines(function) for _, function in _functions())
    short = sum(count <= SHORT_LINES for count in lines) / len(lines)
    usual = sum(count <= USUAL_LINES for count in lines) / len(lines)
    print(f"{len(lines)} functions, {short:.0%} up to {SHORT_LINES} lines, longest {lines[-1]}")  # noqa: T201
    assert short >= SHORT_SHARE
    assert usual >= USUAL_SHARE
