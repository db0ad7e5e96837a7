"""The table of attacks names tests that exist, and each of its rows names one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ROWS = [
    line
    for line in (Path(__file__).parent / "README.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| attack |")
]


@pytest.fixture(scope="module")
def existing() -> set[str]:
    """All tests, of whatever file."""
    files = (path.read_text() for path in TESTS.rglob("test_*.py"))
    return {name for text in files for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE)}


def test_every_test_of_the_attack_list_exists(existing: set[str]) -> None:
    """Whoever renames one finds its row."""
    named = {name for row in ROWS for name in re.findall(r"`(test_\w+)`", row)}
    assert named - existing == set()


def test_every_row_of_the_attack_list_names_a_test() -> None:
    """Also those that say what is not yet."""
    assert len(ROWS) > 50
    assert [row for row in ROWS if not re.search(r"`test_\w+`", row.split("|")[-2])] == []
