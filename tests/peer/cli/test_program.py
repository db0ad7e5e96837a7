"""`python -m peer` as a process: what help loads, and pipes that close."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from peer.cli.program import BROKEN_PIPE, main

HEAVY = {"aiortc", "aioice", "av", "aiohttp", "textual", "asyncio", "cryptography", "msgspec", "rich", "prompt_toolkit"}

LOADED = """
import contextlib, io, sys
nowhere = io.StringIO()
from peer.cli.program import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
    main({words!r})
print(*{{name.partition(".")[0] for name in sys.modules}})
"""


@pytest.mark.parametrize("words", [["--help"], ["chat", "--help"], ["chat"], ["dance"]], ids=" ".join)
def test_help_and_mistakes_load_nothing_heavy(words: list[str]) -> None:
    """So they take a tenth of a second, most of it Python itself."""
    result = subprocess.run(
        [sys.executable, "-c", LOADED.format(words=words)], check=True, capture_output=True, text=True
    )
    assert set(result.stdout.split()) & HEAVY == set()


def test_refusal_is_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "Deck", "--server", "http://no.invalid", "--temporary"]) == 1
    assert "rooms --mine" in capsys.readouterr().err


def test_closed_streams_are_no_complaint() -> None:
    """As some supervisors start a program."""
    command = f"{sys.executable} -m peer bot x:y <&- >&-; echo $? >&2"
    result = subprocess.run(["bash", "-c", command], check=True, capture_output=True, text=True)
    assert result.stderr.splitlines() == [
        "bot: where does it serve? give an invite link, or --room NAME for a public room",
        "1",
    ]


def test_reader_that_has_gone_is_no_complaint() -> None:
    """`python -m peer --help | true`; argparse swallows the error where it is the first to meet it."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as nowhere:
        command = [sys.executable, "-m", "peer", "--help"]
        result = subprocess.run(command, check=False, stdout=nowhere, stderr=subprocess.PIPE)
    assert result.returncode in (0, BROKEN_PIPE)
    assert result.stderr == b""
