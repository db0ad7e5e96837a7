"""`python -m peer`, of which as much is loaded as it takes: help, and what was mistyped, need none of the library."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from .grammar import parse

__all__ = ["BROKEN_PIPE", "main"]

BROKEN_PIPE = 141
"""As a shell has it of a program that died of SIGPIPE."""


_NOWHERE = Path(os.devnull)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say, those of the process by default; the exit code."""
    _open_missing_streams()
    try:
        options = _parse(arguments)
        from .running import run_command

        code = run_command(options)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        return BROKEN_PIPE
    return code


def _parse(arguments: Sequence[str] | None) -> Namespace:
    try:
        return parse(arguments)
    except SystemExit:
        sys.stdout.flush()  # the help, which nobody may read to its end
        raise


def _open_missing_streams() -> None:
    """A program that was started with `<&-` or `>&-` has none."""
    sys.stdin = sys.stdin or _NOWHERE.open(encoding="utf-8")
    sys.stdout = sys.stdout or _NOWHERE.open("w", encoding="utf-8")
    sys.stderr = sys.stderr or _NOWHERE.open("w", encoding="utf-8")


def _forget_output() -> None:
    """What is still in the buffer goes nowhere, or Python would complain of it at its end."""
    nowhere = os.open(_NOWHERE, os.O_WRONLY)
    with suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
