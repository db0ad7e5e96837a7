"""One command from its options to an exit code: no traceback, whatever happens.

0    done
1    it could not be done: one sentence on standard error says why, and what to do
2    the command line was not understood, says argparse
3    it was begun, and did not come to its end in the time that was given
130  Ctrl-C, 143 SIGTERM, 141 whoever read our output has gone: the rooms were left in order first
"""

from __future__ import annotations

import asyncio
import importlib
import signal
import sys
from argparse import Namespace
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from ..errors import PeerError, StoreBusy

__all__ = ["INTERRUPTED", "NOT_IN_TIME", "TERMINATED", "run_command", "run_loop"]

NOT_IN_TIME = 3
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM


def run_command(options: Namespace) -> int:
    """By the module that bears the command's name, and has `run(options)`. Raises BrokenPipeError."""
    command = importlib.import_module(f".{options.command}", __package__)
    _be_tolerant()
    try:
        code: int = command.run(options)
    except StoreBusy as error:
        return _refuse(
            options, f"another process uses {error.folder}: end it, or be somebody else: --name, --temporary"
        )
    except PeerError as error:
        return _refuse(options, str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except asyncio.CancelledError:
        return TERMINATED
    return code


def run_loop(work: Coroutine[Any, Any, int]) -> int:
    """In an event loop of its own; SIGTERM ends it as Ctrl-C does, with all that is open closed in order."""
    return asyncio.run(_ended_by_sigterm(work))


async def _ended_by_sigterm(work: Coroutine[Any, Any, int]) -> int:
    task = asyncio.current_task()
    assert task is not None
    with suppress(NotImplementedError):  # Windows has no such signal
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


def _refuse(options: Namespace, sentence: str) -> int:
    print(f"{options.command}: {sentence}", file=sys.stderr)
    return 1


def _be_tolerant() -> None:
    """A terminal that cannot show a character shows a question mark."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
