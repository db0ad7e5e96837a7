"""benchmarks/throughput.py as people start it, with very little of everything."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_size_is_compared_with_bare_aiortc() -> None:
    """And once with every hundredth datagram lost; each figure on a line."""
    command = [sys.executable, str(ROOT / "benchmarks" / "throughput.py"), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["benchmark"] for line in lines] == [
        "throughput 64 B",
        "throughput 1024 B",
        "throughput 16384 B",
        "throughput 65510 B",
        "throughput 16384 B, 1% lost",
    ]
    for line in lines:
        assert min(line["per_s"], line["bare_per_s"], line["ratio_bare"]) > 0
