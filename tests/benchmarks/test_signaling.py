"""benchmarks/signaling.py as people start it, with very little of everything."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MARK = "SPEAKTUBE_TEST_MARK"
PATIENCE_S = 60


def a_benchmark(*arguments: str) -> subprocess.Popen[str]:
    """Its processes carry our mark, for they have sessions of their own."""
    command = [sys.executable, str(ROOT / "benchmarks" / "signaling.py"), "--quick", "--against", "bare", *arguments]
    environment = {**os.environ, MARK: str(os.getpid())}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def marked_processes() -> list[str]:
    mark = f"{MARK}={os.getpid()}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(entry.name)
        except OSError:
            continue  # gone by now
    return found


def figures(*arguments: str) -> dict[str, dict[str, Any]]:
    """Its lines, by name."""
    with a_benchmark(*arguments) as process:
        output, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    lines = [json.loads(line) for line in output.splitlines()]
    return {line["benchmark"]: line for line in lines}


def test_relay_is_compared_with_the_bare_one() -> None:
    """Each size and window: both paces, their ratio, and whether the server was what limited them."""
    lines = figures("--only", "relay")
    assert len(lines) == 4
    for line in lines.values():
        assert line["per_s"] > 0
        assert line["bare_per_s"] > 0
        assert {"ratio_bare", "core", "bare_core", "client_core", "saturated"} <= set(line)


def test_every_room_talks_to_the_end() -> None:
    """All envelopes arrive and nobody is cut, by WebSocket and by HTTP."""
    lines = figures("--only", "rooms,polls")
    sockets, polls = lines["rooms by WebSocket"], lines["rooms by HTTP, diskcache"]
    assert (sockets["complete"], sockets["peers_present"], sockets["envelopes"]) == (4, 8, 32)
    assert (polls["complete"], polls["peers_present"], polls["envelopes"]) == (2, 4, 16)


@pytest.mark.long
def test_newcomers_and_idle_peers_are_counted() -> None:
    """CPU of a join, memory and CPU of those who stay."""
    lines = figures("--only", "joins,idle")
    assert {"call_us", "socket_us", "bare_call_us"} <= set(lines["join"])
    assert lines["20 idle peers"]["kib_a_connection"] > 1


def test_interrupted_benchmark_leaves_nothing() -> None:
    """Ctrl-C: one word, no traceback, and no server is left."""
    with a_benchmark("--only", "relay") as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, errors.splitlines()[-1]) == (130, "stopped")
    assert marked_processes() == []


def test_unknown_part_is_refused() -> None:
    """With the parts there are."""
    with a_benchmark("--only", "everything") as process:
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "choose from relay,joins,idle,rooms,polls" in errors
