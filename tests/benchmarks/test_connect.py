"""benchmarks/connect.py as people start it, with very little of everything."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.rtc


def test_connecting_is_compared_with_bare_aiortc() -> None:
    """One by one, with our ICE and with stock, and many at once."""
    command = [sys.executable, str(ROOT / "benchmarks" / "connect.py"), "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["benchmark"] for line in lines] == ["connect", "connect, stock", "5 connects at once"]
    assert all(line["p50_ms"] > 0 and line["bare_p50_ms"] > 0 for line in lines)
