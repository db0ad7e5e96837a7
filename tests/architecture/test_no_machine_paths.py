"""Nothing in the repository knows the machine it was written on, or where packages come from."""

import re

from .sources import ROOT, tracked_files

MACHINE_PATHS = re.compile(r"(?<![\w.~])/(?:home/\w|root\b|Users/\w|work/|mnt/\w)")
INSTALLERS = ("pyproject.toml", "constraints.txt", "Makefile", "Dockerfile", ".ci/run")
SOURCES = re.compile(r"://|--(extra-)?index-url|--find-links|--trusted-host")
BINARY = {".png", ".jpg", ".webp", ".ico", ".woff2", ".bin"}


def _found(pattern: re.Pattern[str]) -> list[str]:
    texts = ((path, path.read_text("utf-8")) for path in tracked_files() if path.suffix not in BINARY)
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path, text in texts
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_names_a_path_of_one_machine() -> None:
    assert _found(MACHINE_PATHS) == []


def test_what_installs_names_no_place_to_install_from() -> None:
    """Each machine has its own mirror; a host in a tracked file sends everybody to one."""
    assert [name for name in INSTALLERS if SOURCES.search((ROOT / name).read_text("utf-8"))] == []


def test_constraints_are_names_and_versions_only() -> None:
    line = re.compile(r"[a-z0-9][a-z0-9.-]*==[0-9][\w.]*( ; .+)?")
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert [text for text in lines if not line.fullmatch(text)] == []
