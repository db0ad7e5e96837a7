"""`make soak` as people start it, and as they stop it. The long run itself stands beside the tests: see .ci/run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MARK = "SPEAKTUBE_TEST_MARK"
PATIENCE_S = 90

pytestmark = [pytest.mark.rtc, pytest.mark.long]


def marked_processes(mark: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(entry.name)
        except OSError:
            continue  # gone by now
    return found


def test_interrupted_soak_still_reports_and_leaves_nobody(tmp_path: Path) -> None:
    """Ctrl-C: all say goodbye, the figures come, and no process is left."""
    command = [sys.executable, "-m", "tests.soak", "--minutes", "5", "--peers", "3", "--seed", "1"]
    environment = {**os.environ, MARK: str(tmp_path), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as soak:
        assert soak.stderr is not None
        while "0 troubles" not in soak.stderr.readline():
            pass
        soak.send_signal(signal.SIGINT)
        output, errors = soak.communicate(timeout=PATIENCE_S)
    lines = {line["soak"]: line for line in map(json.loads, output.splitlines())}
    assert (soak.returncode, errors.splitlines()[-1]) == (130, "nothing lost, nothing twice, nothing left behind")
    assert lines["messages"]["wrong"] == 0
    assert marked_processes(str(tmp_path)) == []
