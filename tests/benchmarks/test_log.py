"""benchmarks/log.py as people start it, with very little of everything."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.rtc
def test_every_figure_is_there(tmp_path: Path) -> None:
    """Keeping, starting and searching, each on a line; and nothing is left in the folder."""
    command = [sys.executable, str(ROOT / "benchmarks" / "log.py"), "--quick", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    lines = {line.pop("benchmark"): line for line in map(json.loads, done.stdout.splitlines())}
    assert list(lines) == [
        "disk",
        "one message until it is safe",
        "keep a stream",
        "apply",
        "apply and keep",
        "restore a room",
        "start with 3 rooms of 20",
        "search in 60, common word",
        "search in 60, rare word",
        "search in 60, missing word",
        "search in 60, accent word",
        "catch up with 20 over a link",
        "catch up and keep with 20 over a link",
    ]
    assert {"per_s", "bare_per_s", "cpu_us", "disk_bytes"} <= lines["keep a stream"].keys()
    assert {"per_s", "bare_per_s", "cpu_us"} <= lines["apply"].keys() & lines["apply and keep"].keys()
    assert {"start_ms", "list_ms", "load_ms", "page_ms"} <= lines["start with 3 rooms of 20"].keys()
    assert lines["search in 60, missing word"]["found"] == 0
    assert 5 < lines["catch up with 20 over a link"]["kilobytes"] < 50
    assert list(tmp_path.iterdir()) == []
