"""What the operating system is asked for: files, a queue of newcomers, and an end for who takes nothing.

Each connection is an open file. The last file must not go to one, or the store and the log could open none.
"""

import contextlib
import fcntl
import os
import resource
import socket
import sys
import termios
from asyncio import BaseTransport
from itertools import chain
from math import inf

from aiohttp import web

from .config import Config

__all__ = ["accepted_at_once", "bound_sending", "most_connections", "unacknowledged", "widen_backlog"]

ACCEPTED_AT_ONCE = 256
"""New connections that are taken before it is the others' turn: some 25 ms."""

BACKLOG = 4096
"""Those that wait in the kernel meanwhile, or as many as net.core.somaxconn allows. Where there is no place, a client
tries again after a second, and then after more; so many may come at once when a server has been restarted.
"""

SPARE_FILES = 64
"""For the store, the log and what we fetch."""


def most_connections(config: Config) -> int:
    """As many as the operator says, where the system lets this process have so many open files."""
    files = _file_limit()
    return int(min(config.tcp_connections, max(files - SPARE_FILES - accepted_at_once(), files // 2)))


def accepted_at_once() -> int:
    """Taking them must not take the last file."""
    return int(min(ACCEPTED_AT_ONCE, _file_limit() // 8))


def widen_backlog(runner: web.AppRunner) -> None:
    """asyncio has one number for both, and has given the kernel the small one; listen(2) may be said again."""
    servers = [site._server for site in runner.sites if isinstance(site, web.TCPSite)]
    for each in chain.from_iterable(getattr(server, "sockets", ()) for server in servers):  # asyncio's and uvloop's
        with socket.socket(fileno=os.dup(each.fileno())) as again:
            again.listen(BACKLOG)


def _file_limit() -> float:
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return inf if files == resource.RLIM_INFINITY else files


def unacknowledged(transport: BaseTransport) -> int:
    """Bytes that our kernel has, and that the other side's has not acknowledged; 0 where it does not tell."""
    connected: socket.socket | None = transport.get_extra_info("socket")
    if connected is None or connected.fileno() < 0:
        return 0
    with contextlib.suppress(OSError):
        return int.from_bytes(fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    return 0


def bound_sending(transport: BaseTransport, timeout_s: float) -> None:
    """What a client does not take for this long ends its connection; the kernel watches (RFC 5482), where it can."""
    connected: socket.socket | None = transport.get_extra_info("socket")
    if connected is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(timeout_s * 1000))
