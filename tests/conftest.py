"""What every test gets without asking: a guard against leftovers, an order, and honesty about skips.

The guard fails a test that leaves something running: a task, a transport, a socket or a timer on its loop, a
thread that is not a daemon, or a record at ERROR in a log we own. It looks after all other fixtures are torn
down, so what a fixture closes is not held against the test. A test that means to provoke logged errors says
`@pytest.mark.allow_logged_errors`.

Tests that need real parts run last. With CI=true a skipped test is a failure: CI has every part, so a
skip there means a broken set-up.

`make test` runs this in several processes at once (pytest-xdist), each of which judges itself alone. They take tests
one by one in the order made here. A test marked `alone` waits until the others are idle, and holds them up.
"""

import asyncio
import fcntl
import functools
import gc
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
import pytest_asyncio
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["peer.testing.plugin"]

IN_CI = "CI"
GUARDED_LOGGERS = ("asyncio", "aiohttp.server", "peer", "signaling")
LOOP_GUARD = "loop_leaves_nothing"
CALL_FAILED: pytest.StashKey[bool] = pytest.StashKey()

REAL_PARTS = {
    "rtc": "make .venv/ready-dev",
    "redis": "apt-get install redis-server",
    "turn": "apt-get install coturn",
    "nat": "as root: apt-get install iproute2 iptables coturn",
    "browser": "apt-get install chromium",
    "proxy": "apt-get install nginx-light",
    "container": "apt-get install podman runc netavark aardvark-dns iptables mmdebstrap curl",
}
"""Marker and the command that brings its part."""

EVERYTHING = "as root: .ci/run"

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("quick", max_examples=50, deadline=None)
settings.load_profile("ci" if os.environ.get(IN_CI) == "true" else "quick")


# Order, company and skips


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests with real parts last, and the loop's guard around each async test."""
    items.sort(key=_place)
    for item in items:
        if pytest_asyncio.is_async_test(item) and LOOP_GUARD not in item.fixturenames:
            # Behind the first guard: set up after session and module fixtures, torn down after a test's own.
            item.fixturenames.insert(item.fixturenames.index("process_leaves_nothing") + 1, LOOP_GUARD)


def _place(item: pytest.Item) -> tuple[bool, bool]:
    """Real parts behind all others; long ones first on either side, so that no process ends with one alone."""
    return any(map(item.get_closest_marker, REAL_PARTS)), item.get_closest_marker("long") is None


def pytest_collection_finish() -> None:
    """What is there now stays: the collector need not look through thousands of tests each time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    with _company(item):
        return (yield)


@contextmanager
def _company(item: pytest.Item) -> Iterator[None]:
    """Share the machine with the other processes of this run, or have it alone.

    Who wants to be alone closes the door, and waits until all are gone; else there would always be somebody.
    """
    if not hasattr(item.config, "workerinput"):
        yield
        return
    folder = item.config._tmp_path_factory.getbasetemp().parent  # type: ignore[attr-defined]
    mode = fcntl.LOCK_EX if item.get_closest_marker("alone") else fcntl.LOCK_SH
    with (folder / "room.lock").open("w") as room:
        with (folder / "door.lock").open("w") as door:
            fcntl.flock(door, mode)
            fcntl.flock(room, mode)
        yield


SHARED = ("tests/container/test_container.py",)
"""Files whose tests share something dear, and so go to one process together."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _Scheduling(config, log)


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist names no types
    """One by one; xdist's own groups are lost on pytest 9, which lets nobody rename a test."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if file in SHARED else nodeid


Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    if call.excinfo is not None:
        # Before 3.11.5, Python breaks off when garbage logs a traceback while another one is drawn (gh-106905).
        gc.collect()
    report = yield
    if report.when == "call":
        item.stash[CALL_FAILED] = report.failed
    commands = [command for marker, command in REAL_PARTS.items() if item.get_closest_marker(marker)]
    return _refuse_skip(report, "; ".join(commands) or EVERYTHING)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _refuse_skip(report, EVERYTHING)


def _refuse_skip(report: Report, command: str) -> Report:
    """Make a skip a failure in CI, with its reason and the way out; expected failures stay as they are."""
    if os.environ.get(IN_CI) == "true" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        report.outcome = "failed"
        report.longrepr = f"{reason}\nCI runs every test. To bring the missing part: {command}"
    return report


# The guard


@pytest.fixture(autouse=True)
def process_leaves_nothing(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail on threads and on logged errors: what outlives even the loop."""
    threads = set(threading.enumerate())
    log = _ErrorLog()
    for name in GUARDED_LOGGERS:
        logging.getLogger(name).addHandler(log)
    yield
    for name in GUARDED_LOGGERS:
        logging.getLogger(name).removeHandler(log)
    errors = [] if request.node.get_closest_marker("allow_logged_errors") else log.lines
    _judge(request.node, errors + _threads_besides(threads))


@pytest.fixture
async def loop_leaves_nothing(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Fail on tasks, transports, sockets and timers that the test has left on its loop."""
    loop = asyncio.get_running_loop()
    before = {id(found) for found, _ in _alive(loop)}
    sockets = _open_sockets()
    yield
    me = asyncio.current_task()

    def leftovers() -> list[str]:
        found = [text for thing, text in _alive(loop) if id(thing) not in before and thing is not me]
        return found or [f"socket {name}" for name in sorted(_open_sockets() - sockets)]

    _judge(request.node, await _settled(leftovers))


async def _settled(leftovers: Callable[[], list[str]]) -> list[str]:
    """What is left after some grace: closing takes cycles of the loop, an executor some milliseconds."""
    for pause_s in (0.0,) * 10 + (0.005,) * 10:
        if not leftovers():
            return []
        await asyncio.sleep(pause_s)
    gc.collect()  # closes a socket in a dead cycle; its ResourceWarning fails the test by itself
    return leftovers()


def _judge(item: pytest.Item, leftovers: list[str]) -> None:
    """A test that has failed already is not judged: its own failure says more."""
    if leftovers and not item.stash.get(CALL_FAILED, False):
        pytest.fail("the test leaves behind:\n  " + "\n  ".join(leftovers), pytrace=False)


def _alive(loop: asyncio.AbstractEventLoop) -> list[tuple[object, str]]:
    """What the loop still holds, each with its description; uvloop shows its tasks only."""
    tasks = [(task, f"task {task!r}") for task in asyncio.all_tasks(loop)]
    transports = dict(getattr(loop, "_transports", {})).values()
    readers = dict(loop._selector.get_map()) if hasattr(loop, "_selector") else {}
    timers = [timer for timer in getattr(loop, "_scheduled", []) if not timer.cancelled()]
    return [
        *tasks,
        *((transport, f"transport {transport!r}") for transport in transports if not transport.is_closing()),
        *((key.data, f"file {key.fd} watched by {key.data}") for key in readers.values()),
        *((timer, f"timer {timer!r}") for timer in timers if not _is_sleep(timer)),
    ]


def _is_sleep(timer: asyncio.TimerHandle) -> bool:
    """A timer that only wakes a sleeping task: the task is reported, or it is our own."""
    callback = getattr(timer, "_callback", None)
    while isinstance(callback, functools.partial):
        callback = callback.func
    return getattr(callback, "__name__", "") == "_set_result_unless_cancelled"


def _open_sockets() -> set[str]:
    """The sockets of this process by inode, so that a reused file number is not taken for the same one."""
    names = set()
    for entry in Path("/proc/self/fd").iterdir() if Path("/proc/self/fd").is_dir() else ():
        try:
            name = str(entry.readlink())
        except OSError:  # the directory's own handle is gone by now
            continue
        if name.startswith("socket:"):
            names.add(name)
    return names


def _threads_besides(before: set[threading.Thread]) -> list[str]:
    started = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    for thread in started:
        thread.join(timeout=0.5)
    return [f"thread {thread.name}" for thread in started if thread.is_alive()]


class _ErrorLog(logging.Handler):
    """Keeps what was logged at ERROR or above."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        trouble = f" ({record.exc_info[1]!r})" if record.exc_info else ""
        self.lines.append(f"logged error in {record.name}: {record.getMessage()}{trouble}")
