"""benchmarks/crypto.py as people start it, with very little of everything."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_figure_is_there() -> None:
    """Handshakes, frames, signatures, and what remains of a real channel, each on a line."""
    command = [sys.executable, str(ROOT / "benchmarks" / "crypto.py"), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    lines = {line["benchmark"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert lines.keys() == {
        "handshake of suite 1, both sides",
        "handshake of suite 2, both sides",
        "seal and open 200 B",
        "seal and open 16384 B",
        "event sign",
        "event verify",
        "data channel 200 B, sealed",
        "data channel 16384 B, sealed",
    }
    for name, line in lines.items():
        expected = {"ratio_bare", "bare_per_s"} if "channel" in name else {"count"}
        assert expected <= line.keys()
