"""Writes docs/api.md from the docstrings of what `peer` and `peer.testing` export: `make docs`.

Names, signatures, fields and defaults are read from the source, so that they stand there as their authors wrote them.
What is documented as being for another part of the library ("For `Peer`: …"), or takes or gives one of its private
types, is left out.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
import typing
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import FunctionType, ModuleType

from ..architecture.sources import ROOT

__all__ = ["DOCUMENT", "render"]

DOCUMENT = ROOT / "docs" / "api.md"

_OPENING = """\
# The library, name by name

Everything that `import peer` offers, made from the docstrings by `make docs`; [bots.md](bots.md) shows what to do with
it. Sizes are in bytes and times in seconds, unless the name says otherwise; what is written `await f()` is a coroutine.
"""
_OTHERS = """\
## Other words in signatures

Not exported, since a program needs their values and not their names.
"""
_PRIVATE_TYPE = re.compile(r"\b_[A-Z]")
_Definition = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def render() -> str:
    """The whole page."""
    parts: dict[str, list[str]] = {heading: [] for heading in _HEADINGS}
    exported = [(module, name) for module in _modules() for name in module.__all__]
    for module, name in exported:
        parts[_heading_of(module, getattr(module, name))].append(_entry(name, getattr(module, name)))
    filled = {heading: entries for heading, entries in parts.items() if entries}
    index = [f"- **{heading}**: {', '.join(_links(entries))}" for heading, entries in filled.items()]
    others = [_other(name) for name in sorted(_named_besides(parts)) if name in _aliases()]
    sections = [f"## {heading}\n\n{_HEADINGS[heading]}\n\n" + "\n".join(all_) for heading, all_ in filled.items()]
    return "\n".join([_OPENING, *index, "", *sections, *([_OTHERS, *others] if others else [])]).rstrip() + "\n"


def _modules() -> list[ModuleType]:
    return [importlib.import_module(name) for name in ("peer", "peer.testing")]


def _links(entries: list[str]) -> list[str]:
    names = [entry.splitlines()[0].removeprefix("### ") for entry in entries]
    return [f"[{name}](#{name.lower()})" for name in names]


# ---- what stands where

_HEADINGS = {
    "To begin with": "What a program makes or is given, and calls.",
    "Events": "What a room reports; a bot's handler names the one that it wants to hear.",
    "Values": "What events and rooms consist of. All are frozen: a change is a new value.",
    "Words": "The values that some fields have.",
    "Functions": "For programs that show something to people.",
    "Settings": "`peer.Config(name=value)`, passed as `config=`. Every default is safe on the open internet.",
    "Errors": "The branch says whose fault it is, the sentence of an error what to do.",
    "For tests": "`import peer.testing`: a whole network in memory.",
}


def _heading_of(module: ModuleType, thing: object) -> str:
    if module.__name__ != "peer":
        return "For tests"
    if not isinstance(thing, type):
        return "Functions" if isinstance(thing, FunctionType) else "Words"
    if issubclass(thing, BaseException):
        return "Errors"
    return "Settings" if thing.__name__ == "Config" else _heading_of_class(thing)


def _heading_of_class(kind: type) -> str:
    if kind in typing.get_args(importlib.import_module("peer.events").Event):
        return "Events"
    return "Values" if hasattr(kind, "__dataclass_fields__") or issubclass(kind, Enum) else "To begin with"


def _entry(name: str, thing: object) -> str:
    if isinstance(thing, type):
        return "\n".join([f"### {name}", "", *_class_lines(thing), ""])
    if isinstance(thing, FunctionType):
        return "\n".join([f"### {name}", "", f"`{name}{_call(_parsed(thing))}`", "", _paragraphs(thing.__doc__), ""])
    return "\n".join([f"### {name}", "", *_alias_lines(name), ""])


# ---- classes


def _class_lines(kind: type) -> list[str]:
    own = [base for base in kind.__mro__ if base.__module__.split(".")[0] == "peer"]
    if issubclass(kind, BaseException):
        family = " > ".join(base.__name__ for base in reversed(own))
        return [f"`{family}`", "", _paragraphs(kind.__doc__), *_facts(kind)]
    members = {name: line for base in reversed(own) for name, line in _members(base)}
    making = [f"`{kind.__name__}{_call(init)}`", ""] if (init := _init_of(kind)) is not None else []
    docs = [*making, _paragraphs(kind.__doc__)]
    if init is not None and ast.get_docstring(init):
        docs += ["", _paragraphs(ast.get_docstring(init))]
    return [*docs, "", *members.values()] if members else docs


def _init_of(kind: type) -> _Definition | None:
    """How a program makes one. What takes arguments and does not say which is made by the library alone."""
    inits = (node for node in _body(kind) if isinstance(node, _Definition) and node.name == "__init__")
    return next((node for node in inits if _is_for_programs(node)), None)


def _is_for_programs(init: _Definition) -> bool:
    doc = ast.get_docstring(init) or ""
    return not doc.startswith("For `") if doc else not [*_arguments(init.args)]


def _members(kind: type) -> Iterator[tuple[str, str]]:
    """Each public one with its line."""
    body = _body(kind)
    for node, following in zip(body, [*body[1:], None], strict=True):
        name = _name_of(node)
        is_inner = isinstance(node, ast.Assign) and not issubclass(kind, Enum)
        if not name or name.startswith("_") or is_inner:
            continue
        if isinstance(node, _Definition):
            doc, line = ast.get_docstring(node) or "", _method(node)
            if not doc.startswith("For `") and not _PRIVATE_TYPE.search(line):
                yield name, _item(line, doc)
        else:
            yield name, _item(_field(node), _doc_after(following))


def _method(node: _Definition) -> str:
    if "property" in [ast.unparse(decorator) for decorator in node.decorator_list]:
        return f"{node.name}: {ast.unparse(node.returns) if node.returns else ''}"
    if not isinstance(node, ast.AsyncFunctionDef):
        return node.name + _call(node)
    is_generator = any(isinstance(part, ast.Yield) for part in ast.walk(node))
    return ("async for … in " if is_generator else "await ") + node.name + _call(node)


def _field(node: ast.stmt) -> str:
    if not isinstance(node, ast.AnnAssign):
        return ast.unparse(node)
    default = _default(node.value)
    name = f"{ast.unparse(node.target)}: {ast.unparse(node.annotation)}"
    return f"{name} = {ast.unparse(default)}" if default is not None else name


def _default(value: ast.expr | None) -> ast.expr | None:
    """Of a dataclass's `field(…)` the default alone."""
    if isinstance(value, ast.Call):
        return next((word.value for word in value.keywords if word.arg == "default"), None)
    return value


def _facts(error: type) -> list[str]:
    """The attributes that an error carries: what its `__init__` sets."""
    inits = [node for node in _body(error) if isinstance(node, _Definition) and node.name == "__init__"]
    sets = [node for init in inits for node in ast.walk(init) if isinstance(node, ast.Attribute)]
    names = [node.attr for node in sets if isinstance(node.ctx, ast.Store) and not node.attr.startswith("_")]
    return ["", f"Carries {', '.join(f'`{name}`' for name in names)}."] if names else []


# ---- aliases


def _alias_lines(name: str) -> list[str]:
    value, doc = _alias(name)
    return [f"`{value}`", "", _paragraphs(doc)] if doc else [f"`{value}`"]


def _alias(name: str) -> tuple[str, str]:
    """What it stands for, and what is said of it."""
    if name not in _aliases():
        raise LookupError(f"no module of peer defines {name}: export it from where it is assigned")
    return _aliases()[name]


@functools.cache
def _aliases() -> dict[str, tuple[str, str]]:
    """What the modules of peer assign at their top, the highest modules last."""
    paths = sorted((ROOT / "peer").rglob("*.py"), key=lambda path: (-len(path.parts), path))
    return {name: (value, doc) for path in paths for name, value, doc in _assigned(_parsed_file(path))}


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, str, str]]:
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign | ast.Assign) and node.value is not None and _name_of(node)[:1].isupper():
            yield _name_of(node), ast.unparse(node.value), _doc_after(following)


def _named_besides(parts: dict[str, list[str]]) -> set[str]:
    """What signatures and fields name that has no heading."""
    entries = [entry for part in parts.values() for entry in part]
    codes = [code for entry in entries for code in re.findall(r"`([^`]*)`", entry)]
    named = {name for code in codes for name in re.findall(r"\b[A-Z][a-z]\w+", code)}
    return named - {entry.splitlines()[0].removeprefix("### ") for entry in entries}


def _other(name: str) -> str:
    value, doc = _alias(name)
    return _item(f"{name} = {value}", doc)


@functools.cache
def _parsed_file(path: Path) -> list[ast.stmt]:
    return ast.parse(path.read_text("utf-8")).body


# ---- text


def _parsed(function: FunctionType) -> _Definition:
    node = _top(function.__module__, function.__name__)
    assert isinstance(node, _Definition)
    return node


def _body(kind: type) -> list[ast.stmt]:
    node = _top(kind.__module__, kind.__name__)
    assert isinstance(node, ast.ClassDef)
    return node.body


def _top(module: str, name: str) -> ast.stmt:
    path = Path(inspect.getsourcefile(importlib.import_module(module)) or "")
    named = (node for node in _parsed_file(path) if isinstance(node, ast.ClassDef | _Definition) and node.name == name)
    return next(named)


def _name_of(node: ast.stmt) -> str:
    if isinstance(node, _Definition):
        return node.name
    target = (
        node.target if isinstance(node, ast.AnnAssign) else node.targets[0] if isinstance(node, ast.Assign) else None
    )
    return target.id if isinstance(target, ast.Name) else ""


def _doc_after(node: ast.stmt | None) -> str:
    """The string that stands below a field."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return inspect.cleandoc(node.value.value)
    return ""


def _call(node: _Definition) -> str:
    """Its arguments without `self`, and what it returns."""
    arguments = [*_arguments(node.args)]
    returns = ast.unparse(node.returns) if node.returns else "None"
    return f"({', '.join(arguments)})" + ("" if returns == "None" else f" -> {returns}")


def _arguments(of: ast.arguments) -> Iterator[str]:
    """As we write them: with blanks around a default."""
    plain = [*of.posonlyargs, *of.args]
    defaults = [*[None] * (len(plain) - len(of.defaults)), *of.defaults]
    for each, default in zip(plain, defaults, strict=True):
        if each.arg != "self":
            yield _argument(each, default)
    if of.vararg or of.kwonlyargs:
        yield f"*{ast.unparse(of.vararg)}" if of.vararg else "*"
    for each, default in zip(of.kwonlyargs, of.kw_defaults, strict=True):
        yield _argument(each, default)
    if of.kwarg:
        yield f"**{ast.unparse(of.kwarg)}"


def _argument(each: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(each) + (f" = {ast.unparse(default)}" if default is not None else "")


def _item(code: str, doc: str) -> str:
    text = _paragraphs(doc).replace("\n", "\n  ")
    return f"- `{code}`" + (f"  \n  {text}" if text else "")


def _paragraphs(doc: str | None) -> str:
    """A docstring with each paragraph on one line; lists and indented examples as they are."""
    blocks = inspect.cleandoc(doc or "").split("\n\n")
    joined = [block if block.startswith(("- ", "    ")) else " ".join(block.split("\n")) for block in blocks]
    return "\n\n".join(joined)


if __name__ == "__main__":
    DOCUMENT.write_text(render(), "utf-8")
