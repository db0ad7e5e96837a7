"""The server as a process: says where it listens, stops on SIGTERM and SIGINT within a second."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from importlib import import_module
from typing import Any

from . import logs
from .app import check_config, running_server
from .config import Config

__all__ = ["serve"]


def serve(config: Config) -> int:
    """Run until told to stop; answer the exit code."""
    logs.configure(style=config.log_format, level=config.log_level, stream=sys.stderr)
    check_config(config)
    _run(_serve(config))
    return 0


async def _serve(config: Config) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running_server(config) as url:
        sys.stdout.write(f"listening on {url}\n")
        sys.stdout.flush()
        await stop.wait()


def _run(main: Coroutine[Any, Any, None]) -> None:
    """On uvloop where it is installed (extra `fast`)."""
    try:
        uvloop: Any = import_module("uvloop")
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)
