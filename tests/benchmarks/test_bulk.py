"""benchmarks/bulk.py as people start it, with very little of everything."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.rtc
def test_every_figure_is_there() -> None:
    """Chat alone and beside a stream, and the stream's pace; each beside bare aiortc."""
    command = [sys.executable, str(ROOT / "benchmarks" / "bulk.py"), "--megabytes", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    lines = {line["benchmark"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert lines.keys() == {
        "chat round trip 200 B, idle",
        "chat round trip 200 B, under a stream of 1 MB",
        "stream of 1 MB beside chat",
    }
    assert {"p99_ms", "bare_p99_ms", "ratio"} <= lines["chat round trip 200 B, under a stream of 1 MB"].keys()
    assert lines["stream of 1 MB beside chat"]["mib_per_s"] > 0
