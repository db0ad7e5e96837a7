"""The code that stands in the documents."""

import re
import subprocess
import sys
from pathlib import Path

from ..architecture.sources import ROOT, tracked_files

__all__ = ["ROOT", "blocks_of", "check_command", "documents_with", "shown_commands"]

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


def check_command(command: str) -> None:
    """A target of make, a script, a module or a tool of ours that there is; raise AssertionError with what is wrong."""
    match command.split():
        case ["make", target, *_]:
            subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)
        case [".venv/bin/python", "-m", module, *arguments]:
            assert _is_module(module), f"there is no module {module}: {command}"
            _check_paths(arguments, command)
        case [tool, *arguments] if tool.startswith(".venv/bin/"):
            assert (Path(sys.executable).parent / Path(tool).name).exists(), (
                f"{tool} is not installed by make: {command}"
            )
            _check_paths(arguments, command)
        case _:
            raise AssertionError(f"the document shows a command that no test knows: {command}")


def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return name in {"pytest", "mypy"} or path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


def _check_paths(arguments: list[str], command: str) -> None:
    for argument in arguments:
        if re.fullmatch(r"(tests|examples|peer|signaling)/[\w/.]+", argument):
            assert (ROOT / argument).exists(), f"there is no {argument}: {command}"
