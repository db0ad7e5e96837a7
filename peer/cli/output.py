"""Lines to standard output and standard error, at once, so that a pipe sees each of them as it comes."""

from __future__ import annotations

import sys

__all__ = ["complain", "say"]


def say(line: str) -> None:
    """Raises BrokenPipeError, which ends a command quietly."""
    print(line, flush=True)


def complain(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
