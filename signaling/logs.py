"""How the server's log is written: text for people or JSON lines for machines, with the id of the request.

What a client sent is in no line. Our own messages name codes, routes and shortened ids; of other libraries' messages
only the constant beginning is shown, since what follows may be an address or the bytes of a request; of an exception
its types and places, since its text may quote a token or an SDP, and local variables never.
"""

import errno
import logging
import os
import re
import sqlite3
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

import msgspec

__all__ = ["LEVELS", "REQUEST_ID", "STYLES", "configure", "describe", "make_handler", "request_id"]

STYLES = ("text", "json")
LEVELS = ("debug", "info", "warning", "error")

REQUEST_ID: ContextVar[str] = ContextVar("REQUEST_ID", default="-")
"""Of the HTTP call or WebSocket at work; `-` for what the server does by itself."""

SAFE_ID = re.compile(r"[A-Za-z0-9_.-]{1,36}")
"""A UUID is 36 characters; a resume secret, which has 43, does not fit."""

MAX_FRAMES = 16
"""Of one exception, the innermost; endless recursion has a thousand."""

MAX_CAUSES = 4

OUR_LOGGER = "signaling"
QUOTED_LOGGERS = ("aiohttp", "asyncio")
"""The first line of their messages is constant, but for a callback's arguments."""

_encode = msgspec.json.Encoder().encode


def configure(*, style: str, level: str, stream: TextIO) -> None:
    """Set the process's logging up: ours at `level`, other libraries' from warnings on."""
    wanted: int = getattr(logging, level.upper())
    logging.basicConfig(handlers=[make_handler(style, stream)], force=True)
    logging.getLogger().setLevel(max(wanted, logging.WARNING))
    logging.getLogger(OUR_LOGGER).setLevel(wanted)
    _leave_out_what_no_line_shows()
    logging.raiseExceptions = False  # a log that cannot be written would show its arguments on standard error


def _leave_out_what_no_line_shows() -> None:
    """Threads, processes, tasks, and who called (logging's own "Optimization"): a third of the cost of a line."""
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None


def make_handler(style: str, stream: TextIO) -> logging.Handler:
    """Writes lines of this style."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_JsonLines() if style == "json" else _TextLines())
    return handler


def request_id(offered: str | None, fresh: bytes) -> str:
    """The id that a client or proxy has given, where it is short and harmless; else one of our own."""
    return offered if offered is not None and SAFE_ID.fullmatch(offered) else fresh.hex()


class _JsonLines(logging.Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return _encode(_facts(record)).decode()


class _TextLines(logging.Formatter):
    """Time, level, message, and what else is known in brackets."""

    def format(self, record: logging.LogRecord) -> str:
        facts = _facts(record)
        rest = [facts[name] for name in ("request_id", "error") if name in facts]
        return f"{facts['time']} {facts['level']} {facts['message']}" + "".join(f" [{each}]" for each in rest)


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    """What is told of a record; `fields` is what the caller gave in `extra` under this name."""
    facts: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname,
        "logger": record.name,
        "message": _message(record),
    }
    if (number := REQUEST_ID.get()) != "-":
        facts["request_id"] = number
    facts.update(getattr(record, "fields", {}))
    if record.exc_info and record.exc_info[1] is not None:
        facts["error"] = describe(record.exc_info[1])
    return facts


def _message(record: logging.LogRecord) -> str:
    """Ours as it is; of others the part that no client can write."""
    family = record.name.partition(".")[0]
    if family == OUR_LOGGER:
        return record.getMessage()
    if family not in QUOTED_LOGGERS:
        return "! a message that is not shown: it may quote what a client sent"
    return str(record.msg).partition("\n")[0].partition(" callback ")[0]


def describe(error: BaseException) -> str:
    """An exception's type and places, innermost first, and those of its causes; never its text."""
    return "; from ".join(
        f"{type(each).__name__}{_reason(each)}{_places(each.__traceback__)}" for each in _chain(error)
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    for _ in range(MAX_CAUSES):
        if found is None:
            return
        yield found
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def _reason(error: BaseException) -> str:
    """What the operating system or the database calls it: the words that are theirs for sure."""
    match error:
        case OSError(errno=int(number)) if number in errno.errorcode:
            return f" ({os.strerror(number)})"
        case sqlite3.Error(sqlite_errorname=str(name)):
            return f" ({name})"
        case _:
            return ""


def _places(trace: TracebackType | None) -> str:
    frames = [(code.co_filename, line, code.co_name) for code, line in _steps(trace)][-MAX_FRAMES:]
    return "".join(f" < {_file(path)}:{line} {name}" for path, line, name in reversed(frames)).replace(" <", " at", 1)


def _steps(trace: TracebackType | None) -> Iterator[tuple[Any, int]]:
    for frame, line in traceback.walk_tb(trace):
        yield frame.f_code, line


def _file(path: str) -> str:
    """The file and its folder: enough to find it, and nothing about the machine."""
    return "/".join(path.rsplit(os.sep, 2)[-2:])
