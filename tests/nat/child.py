"""A process in a network namespace that speaks in lines; it is ended by its own id."""

from __future__ import annotations

import os
import select
import subprocess
import time
from pathlib import Path

import pytest

from ..architecture.sources import ROOT
from ..support.spaces import Space

__all__ = ["Child"]

PATIENCE_S = 30.0
"""To start on a machine that does much else; the pace of the tests is not set by it."""
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""Tests that are killed have no time to end what they started."""
BLOCK_BYTES = 65_536
PIPE_BYTES = 1 << 20
"""What it may say before anybody reads it."""


class Child:
    """What it says on standard error is kept in `folder`, and shown when it says too little on standard output."""

    def __init__(self, space: Space, name: str, command: list[str], *, folder: Path) -> None:
        self.name = name
        self._complaints = folder / f"{name}.err"
        self._unread = b""
        clean = {key: text for key, text in os.environ.items() if not key.startswith(("SIGNALING_", "SPEAKTUBE_"))}
        with self._complaints.open("wb") as errors:
            self._process = subprocess.Popen(
                [*space.within, *DIES_WITH_US, *command],
                cwd=ROOT,
                env={**clean, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                pipesize=PIPE_BYTES,
            )

    def write_line(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def read_line(self, *, until: float) -> str | None:
        """The next line, or None when there is none by that moment of the monotonic clock; fails when it has ended."""
        while b"\n" not in self._unread:
            if not self._read(until - time.monotonic()):
                return None
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode()

    def first_line(self) -> str:
        line = self.read_line(until=time.monotonic() + PATIENCE_S)
        assert line is not None, f"{self.name} says nothing: {self.complaints()}"
        return line

    def _read(self, patience_s: float) -> bool:
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], max(patience_s, 0))
        if not ready:
            return False
        block = os.read(self._process.stdout.fileno(), BLOCK_BYTES)
        if not block:
            pytest.fail(f"{self.name} has ended: {self.complaints()}")
        self._unread += block
        return True

    def complaints(self) -> str:
        return self._complaints.read_text("utf-8", "replace")[-4000:]

    def end(self) -> None:
        """Its input ends, which a peer takes as a goodbye; whatever else it is gets killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()
