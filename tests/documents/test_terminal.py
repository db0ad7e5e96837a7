"""docs/terminal.md: its script prints what it says, its tables name what there is."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

from peer.cli import running
from peer.cli.grammar import _COMMANDS
from signaling.app import running_server

from ..architecture.sources import ROOT
from ..rtc.rooms import GUESTS, environment

TEXT = (ROOT / "docs" / "terminal.md").read_text("utf-8")


def table_under(head: str) -> list[str]:
    """The first cells of the rows."""
    rows = TEXT.partition(head)[2].partition("\n\n")[0]
    return re.findall(r"^\| (.*?) \|", rows, re.MULTILINE)


def test_commands_are_all_there() -> None:
    assert table_under("| command | what it does |") == [f"`{name}`" for name in _COMMANDS]


def test_exit_codes_are_those_of_the_code() -> None:
    listed = {int(code) for cell in table_under("| code | meaning |") for code in cell.split(", ")}
    assert listed == {0, 1, 2, running.NOT_IN_TIME, running.INTERRUPTED, running.TERMINATED, 141}


@pytest.mark.rtc
async def test_its_script_prints_what_it_says(tmp_path: Path) -> None:
    """Run by a shell, with a server at the usual place but for its port."""
    script = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)[0]
    said = re.findall(r"\nprints\n\n    (.*)\n", TEXT)
    async with asyncio.timeout(60), running_server(GUESTS) as server:
        binaries = {"PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"}
        child = await asyncio.create_subprocess_exec(
            *("bash", "-c", script),
            cwd=tmp_path,
            env={**environment(), **binaries, "SPEAKTUBE_SERVER": server},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await child.communicate()
    assert (out.decode().splitlines(), err) == (said, b"")
