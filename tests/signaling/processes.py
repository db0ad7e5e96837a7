"""`python -m signaling` as a process of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

__all__ = ["Finished", "command", "run", "serving"]

PATIENCE_S = 60.0
"""A start takes half a second, and many where the machine has much else to do."""


@dataclass
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str


def command(*arguments: str, **variables: str) -> tuple[list[str], dict[str, str]]:
    """The command line and its environment, in which no setting but these is left."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SIGNALING_")}
    return [sys.executable, "-W", "error", "-m", "signaling", *arguments], {**clean, **variables}


async def run(*arguments: str, **variables: str) -> Finished:
    """Run a command to its end."""
    line, environment = command(*arguments, **variables)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*line, env=environment, stdout=pipe, stderr=pipe)
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    return Finished(process.returncode or 0, out.decode(), err.decode())


@asynccontextmanager
async def serving(
    *arguments: str, within: str = "", **variables: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A server on a free port, and its URL; killed at the end if the test has not stopped it.

    `within` is a command that runs another one, such as `prlimit --nofile=300`.
    """
    line, environment = command("serve", "--port", "0", *arguments, **variables)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*within.split(), *line, env=environment, stdout=pipe, stderr=pipe)
    assert process.stdout is not None
    try:
        first = (await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)).decode()
        assert first.startswith("listening on http://127.0.0.1:"), first
        yield process, first.removeprefix("listening on ").strip()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
