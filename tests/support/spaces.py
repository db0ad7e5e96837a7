"""Network namespaces that a test makes for itself, named after its process, gone at its end however that comes.

Interfaces are made inside them and never touch the machine's own network, so that addresses and names of interfaces
may be the same in every test process. Where they cannot be made the test is skipped, with what it would take.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["Space", "spaces"]

PATIENCE_S = 10.0
_NUMBERS = itertools.count()
_OURS = re.compile(r"^(speaktube-[a-z-]+-([0-9]+)-[0-9]+)\b", re.MULTILINE)
NEEDED = "network namespaces need root and iproute2: apt-get install iproute2, as root"


@dataclass(frozen=True)
class Space:
    """One network namespace."""

    name: str

    @property
    def within(self) -> tuple[str, ...]:
        """The command that runs another one in here; it becomes that one, so that the process id is its own."""
        return ("ip", "netns", "exec", self.name)

    def ip(self, *lines: str) -> None:
        """Commands of `ip`, each a line, in order, by one process."""
        _run(["ip", "-n", self.name, "-batch", "-"], "".join(f"{line}\n" for line in lines))

    def run(self, *command: str, text: str = "") -> str:
        """Run a command in here to its end; its output."""
        return _run([*self.within, *command], text)


@contextmanager
def spaces(*parts: str) -> Iterator[tuple[Space, ...]]:
    """One for each part of the name, with its loopback up."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip(NEEDED)
    _sweep()
    number = next(_NUMBERS)
    made = tuple(Space(f"speaktube-{part}-{os.getpid()}-{number}") for part in parts)
    try:
        _make(made)
        yield made
    finally:
        for space in made:
            subprocess.run(["ip", "netns", "del", space.name], check=False, capture_output=True)


def _sweep() -> None:
    """Of test processes that were killed."""
    listed = subprocess.run(["ip", "netns", "list"], check=False, capture_output=True, text=True).stdout
    for name, pid in _OURS.findall(listed):
        if not Path(f"/proc/{pid}").exists():
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _make(wanted: Iterable[Space]) -> None:
    for space in wanted:
        asked = subprocess.run(["ip", "netns", "add", space.name], check=False, capture_output=True, text=True)
        if asked.returncode:
            pytest.skip(f"this root may make no network namespace: {asked.stderr.strip()}")
        space.ip("link set lo up")


def _run(command: list[str], text: str) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"
    return done.stdout
