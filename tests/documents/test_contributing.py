"""CONTRIBUTING.md: its commands exist, and the places that it sends a line to are there."""

import re

import pytest

from .blocks import ROOT, check_command, shown_commands

DOCUMENT = "CONTRIBUTING.md"
TEXT = (ROOT / DOCUMENT).read_text("utf-8")


@pytest.mark.parametrize(
    "command", [command for command in shown_commands(DOCUMENT) if command.startswith((".venv", "make"))]
)
def test_command_exists(command: str) -> None:
    check_command(command)


def test_every_target_of_make_is_told() -> None:
    """Those of `make help`, but what only cleans up or shows."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    told = {command.split()[1] for command in shown_commands(DOCUMENT) if command.startswith("make")}
    assert told == set(re.findall(r"^#   make (\S+) ", makefile, re.MULTILINE)) - {"clean", "cluster-demo"}


def test_every_place_for_a_line_exists() -> None:
    """Second column of its table: packages and modules."""
    section = TEXT.split("## Where a line goes\n")[1].split("\n## ")[0]
    rows = [line.split("|")[2] for line in section.splitlines() if line.startswith("| ")][1:]
    named = {name for row in rows for name in re.findall(r"`([a-z/]+)`", row)}
    assert len(named) > 15
    missing = {name for name in named if not ((ROOT / name).is_dir() or (ROOT / f"{name}.py").is_file())}
    assert missing == set()


def test_every_folder_of_tests_is_told() -> None:
    """First column of the table under "Tests"."""
    told = set(
        re.findall(r"`tests/(\w+)`", "".join(line.split("|")[1] for line in TEXT.splitlines() if "| `t" in line))
    )
    assert told == {path.name for path in (ROOT / "tests").iterdir() if (path / "__init__.py").is_file()}
