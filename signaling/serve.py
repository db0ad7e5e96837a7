"""The server as a process: says where it listens, and stops on SIGTERM and SIGINT.

The first of them sends everybody home, within a second after the time that load balancers are given (drain_s). The
second one is for whoever cannot wait: the process ends at once, and what was answered is in the store.
"""

import asyncio
import errno
import gc
import logging
import os
import resource
import signal
import sys
from collections.abc import Coroutine
from importlib import import_module
from math import inf
from typing import Any

from . import logs
from .app import check_config, running_server
from .config import Config

__all__ = ["serve"]

log = logging.getLogger("signaling")

MOST_FILES = 1 << 20
"""Far more than connections fit into one process; some containers allow a thousand times that."""

OUT_OF_FILES = (errno.EMFILE, errno.ENFILE)

COMPLAINT_S = 60.0
"""How often the log says that files have run out."""

GC_THRESHOLDS = (10_000, 20, 20)
"""Python's 700 has it walk through all connections every few hundred newcomers: a quarter of the cost of one."""

LAST_GC_THRESHOLD = 100_000
"""Objects made before garbage is looked for again: some still are while load balancers are waited for."""


def serve(config: Config) -> int:
    """Run until told to stop; answer the exit code."""
    logs.configure(style=config.log_format, level=config.log_level, stream=sys.stderr)
    check_config(config)
    _raise_file_limit()
    _run(_serve(config))
    return 0


async def _serve(config: Config) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_FileWatch())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _heed, number, stop)
    async with running_server(config) as url:
        _spare_the_garbage_collector()
        sys.stdout.write(f"listening on {url}\n")
        sys.stdout.flush()
        await stop.wait()


def _spare_the_garbage_collector() -> None:
    """What is here now stays. Of the rest hardly anything goes in circles, so looking for these may be rare."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def _heed(number: signal.Signals, stop: asyncio.Event) -> None:
    if stop.is_set():
        log.warning("! %s again: leaving at once", number.name)
        logging.shutdown()
        os._exit(128 + number)  # what shells say of a process that a signal ended
    log.info("= %s: stopping", number.name)
    stop.set()
    # What lives now dies with the process: looking through it for garbage would take longer than the farewell.
    gc.freeze()
    gc.set_threshold(LAST_GC_THRESHOLD)


class _FileWatch:
    """What the loop does with an error of its own: where files have run out, asyncio reports each of its many tries."""

    def __init__(self) -> None:
        self._told_at = -inf

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in OUT_OF_FILES:
            loop.default_exception_handler(context)
        elif loop.time() >= self._told_at + COMPLAINT_S:
            self._told_at = loop.time()
            log.error("! no file can be opened (%s): newcomers wait; see ulimit -n", os.strerror(error.errno))


def _raise_file_limit() -> None:
    """Each connection is an open file, and shells give 1024 unless asked for more."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _run(main: Coroutine[Any, Any, None]) -> None:
    """On uvloop where it is installed (extra `fast`)."""
    fast = _maybe_uvloop()
    if fast is None:
        asyncio.run(main)
    else:
        fast.run(main)


def _maybe_uvloop() -> Any:
    """Apart from the run, or every error in it would have this import for a context."""
    try:
        return import_module("uvloop")
    except ImportError:
        return None
