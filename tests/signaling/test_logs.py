"""Lines of the log: their shape, their request id, and what is kept out of them."""

import asyncio
import io
import json
import logging
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from signaling.logs import REQUEST_ID, configure, describe, make_handler, request_id


class Written:
    """A logger whose lines are read back."""

    def __init__(self, style: str, name: str = "signaling") -> None:
        self.stream = io.StringIO()
        self.handler = make_handler(style, self.stream)
        self.name = name

    def write(self, message: str, *values: object, error: BaseException | None = None, **extra: Any) -> str:
        """The line of one record."""
        info = (type(error), error, error.__traceback__) if error else None
        record = logging.getLogger(self.name).makeRecord(
            self.name, logging.INFO, "file", 1, message, values, info, extra=extra
        )
        record.created = 1_800_000_000.25
        self.handler.emit(record)
        line = self.stream.getvalue()
        assert line.count("\n") == 1
        return line.strip()

    def json(self, message: str, *values: object, **options: Any) -> Any:
        return json.loads(self.write(message, *values, **options))


@pytest.fixture
def in_a_request() -> Iterator[None]:
    token = REQUEST_ID.set("abc")
    yield
    REQUEST_ID.reset(token)


def test_json_line_has_time_level_logger_and_message() -> None:
    """ISO 8601 in UTC with milliseconds."""
    assert Written("json").json("= peer %s\n", "p") == {
        "time": "2027-01-15T08:00:00.250Z",
        "level": "INFO",
        "logger": "signaling",
        "message": "= peer p\n",
    }


@pytest.mark.usefixtures("in_a_request")
def test_line_of_a_request_has_its_id_and_fields() -> None:
    """So that all lines about one call are found."""
    line = Written("json").json("hello", fields={"route": "/signaling/rooms", "status": 200, "ms": 1.5})
    assert (line["request_id"], line["route"], line["status"], line["ms"]) == ("abc", "/signaling/rooms", 200, 1.5)
    assert Written("text").write("hello %d", 1) == "2027-01-15T08:00:00.250Z INFO hello 1 [abc]"


def test_line_without_a_request_has_no_id() -> None:
    """The sweep, the start, the stop."""
    assert Written("text").write("hello") == "2027-01-15T08:00:00.250Z INFO hello"


def _fail(said: str) -> None:
    local_variable = "local " + said
    raise KeyError(local_variable)


def _caught(said: str = "s3cret") -> BaseException:
    try:
        try:
            _fail(said)
        except KeyError as error:
            raise RuntimeError(f"because of {said}") from error
    except RuntimeError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize("style", ["text", "json"])
def test_traceback_is_one_line_without_values(style: str) -> None:
    """Types and places; neither texts nor local variables, which may hold what a client sent."""
    line = Written(style).write("! a bug", error=_caught())
    assert "RuntimeError at signaling/test_logs.py:" in line
    assert "; from KeyError at signaling/test_logs.py:" in line
    assert " _fail < signaling/test_logs.py:" in line
    assert "s3cret" not in line


def test_words_of_the_system_are_told() -> None:
    """A full disk and a locked database are the operator's to mend; file names and addresses are left out."""
    assert describe(OSError(28, "no room for s3cret", "/s3cret")) == "OSError (No space left on device)"
    assert describe(OSError("s3cret")) == "OSError"
    assert describe(ConnectionResetError(987_654, "s3cret")) == "ConnectionResetError"
    busy = sqlite3.OperationalError("s3cret")
    assert describe(busy) == "OperationalError"
    busy.sqlite_errorname = "SQLITE_BUSY"
    assert describe(busy) == "OperationalError (SQLITE_BUSY)"


def test_long_story_is_cut() -> None:
    """Endless recursion has a thousand frames, and a bug may chain many errors."""

    def recurse() -> None:
        recurse()

    with pytest.raises(RecursionError) as caught:
        recurse()
    assert describe(caught.value).count("recurse") == 16
    error = ValueError()
    for _ in range(10):
        above = ValueError()
        above.__cause__ = error
        error = above
    assert describe(error) == "; from ".join(["ValueError"] * 4)


def test_suppressed_context_stays_out() -> None:
    """`raise ... from None` means it; without it, what was handled is told too."""
    above = ValueError()
    above.__context__ = KeyError()
    assert describe(above) == "ValueError; from KeyError"
    above.__suppress_context__ = True
    assert describe(above) == "ValueError"


def test_other_libraries_are_not_quoted() -> None:
    """aiohttp names the client's address, asyncio the arguments of what failed."""
    assert Written("json", "aiohttp.server").json("Error handling request from %s", "192.0.2.1")["message"] == (
        "Error handling request from %s"
    )
    asyncio_line = Written("json", "asyncio").json("Exception in callback f(b's3cret')\nhandle: s3cret")
    assert asyncio_line["message"] == "Exception in"
    other = Written("json", "elsewhere").json("s3cret")
    assert (other["logger"], "s3cret" in other["message"]) == ("elsewhere", False)


@pytest.mark.allow_logged_errors
async def test_callback_that_fails_shows_no_arguments() -> None:
    """As asyncio really reports it."""
    stream = io.StringIO()
    handler = make_handler("json", stream)
    logging.getLogger("asyncio").addHandler(handler)
    try:
        asyncio.get_running_loop().call_exception_handler(
            {"message": "Exception in callback f('s3cret')", "handle": "s3cret", "exception": _caught()}
        )
    finally:
        logging.getLogger("asyncio").removeHandler(handler)
    assert "RuntimeError at" in stream.getvalue()
    assert "s3cret" not in stream.getvalue()


@pytest.mark.parametrize("offered", ["a", "7b1d-4.c_2", "x" * 36])
def test_short_and_harmless_id_is_taken_over(offered: str) -> None:
    """A proxy's id finds our lines too."""
    assert request_id(offered, b"\x01\x02") == offered


@pytest.mark.parametrize("offered", [None, "", "x" * 37, "a b", "a\n", "ü", '"', "eyJ.eyJ.sig/"])
def test_any_other_id_is_replaced(offered: str | None) -> None:
    """Nobody writes into our log."""
    assert request_id(offered, b"\x01\x02") == "0102"


@pytest.fixture
def _logging_as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("signaling")
    before = (root.handlers[:], root.level, ours.level, logging.raiseExceptions)
    root.handlers[:] = []  # `force` would close those of the test runner
    yield
    root.handlers[:], root.level, ours.level, logging.raiseExceptions = before
    logging.getLogger("signaling").manager._clear_cache()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("_logging_as_before")
@pytest.mark.parametrize(("level", "printed"), [("debug", 3), ("info", 2), ("warning", 1), ("error", 0)])
def test_level_is_that_of_our_log(level: str, printed: int) -> None:
    """Other libraries are heard from warnings on, whatever the level."""
    stream = io.StringIO()
    configure(style="text", level=level, stream=stream)
    log = logging.getLogger("signaling")
    log.debug("d")
    log.info("i")
    log.warning("w")
    logging.getLogger("asyncio").info("not this")
    assert len(stream.getvalue().splitlines()) == printed
