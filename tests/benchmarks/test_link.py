"""benchmarks/link.py as people start it, with very little of what no other benchmark does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.rtc


def link(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "benchmarks" / "link.py"), "--quick", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.long
def test_links_that_are_held_are_compared_with_bare_aiortc() -> None:
    """Memory and CPU, a mesh, and a teardown that leaves nothing; a room has no counterpart."""
    done = link("--only", "idle,mesh,teardown,room")
    assert done.returncode == 0, done.stderr
    lines = {line.pop("benchmark"): line for line in map(json.loads, done.stdout.splitlines())}
    idle, mesh, teardown, room = (
        lines[name] for name in ("idle link, of 3 pairs", "full mesh of 3", "teardown of 5 pairs", "idle room of 3")
    )
    assert {"kib_a_link", "bare_kib_a_link", "cpu_us_per_s", "bare_cpu_us_per_s"} <= idle.keys()
    assert mesh["ratio_ms"] > 0
    assert (teardown["tasks_left"], teardown["files_left"]) == (0, 0)
    assert {"ms", "mib", "core_percent_a_member"} <= room.keys()


def test_unknown_part_is_refused() -> None:
    """With the parts there are."""
    done = link("--only", "everything")
    assert done.returncode == 2
    assert "choose from connect," in done.stderr
