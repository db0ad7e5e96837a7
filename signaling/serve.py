"""The server as a process: says where it listens, and stops on SIGTERM and SIGINT.

The first of them sends everybody home, within a second after the time that load balancers are given (drain_s). The
second one is for whoever cannot wait: the process ends at once, and what was answered is in the store.
"""

import asyncio
import gc
import logging
import os
import resource
import signal
import sys
from collections.abc import Coroutine
from importlib import import_module
from typing import Any

from . import logs
from .app import check_config, running_server
from .config import Config

__all__ = ["serve"]

log = logging.getLogger("signaling")

MOST_FILES = 1 << 20
"""Far more than connections fit into one process; some containers allow a thousand times that."""

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
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _heed, number, stop)
    async with running_server(config) as url:
        sys.stdout.write(f"listening on {url}\n")
        sys.stdout.flush()
        await stop.wait()


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


def _raise_file_limit() -> None:
    """Each connection is an open file, and shells give 1024 unless asked for more."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _run(main: Coroutine[Any, Any, None]) -> None:
    """On uvloop where it is installed (extra `fast`)."""
    try:
        uvloop: Any = import_module("uvloop")
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)
