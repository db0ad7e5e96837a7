"""A command pays for what it uses: `--help` does not load WebRTC, and each package stands alone."""

import subprocess
import sys

import pytest

RUN_HELP = """
import contextlib, io, runpy, sys
sys.argv = [{package!r}, "--help"]
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    runpy.run_module({package!r}, run_name="__main__")
"""
LIST_MODULES = "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"

SERVER_ONLY = {"signaling", "diskcache", "jwt", "aiohttp_cors"}
PEER_ONLY = {"peer", "aiortc", "aioice", "av"}


def loaded_by(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after running the code."""
    command = [sys.executable, "-c", code + LIST_MODULES]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import signaling", PEER_ONLY),
        ("import peer", SERVER_ONLY | {"keyring", "segno", "aiortc", "aiohttp", "asyncio", "msgspec", "cryptography"}),
        ("import peer; peer.Peer, peer.Bot", SERVER_ONLY | {"keyring", "segno", "aiortc", "aiohttp"}),
        ("import peer.errors, peer.events", SERVER_ONLY | {"aiortc", "aioice", "av", "aiohttp"}),
    ],
)
def test_import_stays_within_its_half(code: str, unwanted: set[str]) -> None:
    assert loaded_by(code) & unwanted == set()


@pytest.mark.parametrize(
    ("package", "unwanted"),
    [
        ("signaling", PEER_ONLY | {"aiohttp", "jwt", "diskcache"}),
    ],
)
def test_help_loads_nothing_heavy(package: str, unwanted: set[str]) -> None:
    assert loaded_by(RUN_HELP.format(package=package)) & unwanted == set()
