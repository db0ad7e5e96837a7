"""The guard of tests/conftest.py, judged by running small suites under it."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.allow_logged_errors  # the small suites log into the loggers of this process

CONFTEST = Path(__file__).parent.parent / "conftest.py"
INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
addopts = --strict-markers -p no:cacheprovider -p no:schemathesis -p no:hypothesispytest
filterwarnings = error
markers =
    allow_logged_errors: the test provokes them
    long: begins early
    alone: by itself
    rtc: real
    redis: real
    container: real
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.delenv("CI", raising=False)
    pytester.makeini(INI)
    pytester.makeconftest(CONFTEST.read_text())
    return pytester


def outcomes(suite: pytest.Pytester, source: str) -> tuple[dict[str, int], str]:
    suite.makepyfile("import asyncio, logging, socket, threading, pytest\n" + source)
    result = suite.runpytest_inprocess()
    return result.parseoutcomes(), result.stdout.str()


def test_clean_tests_pass(suite: pytest.Pytester) -> None:
    """Awaited tasks, closed sockets, cancelled timers and a used executor are nothing to complain about."""
    found, _ = outcomes(
        suite,
        """
async def test_clean():
    async def greet(reader, writer):
        writer.close()
    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    assert await reader.read() == b""
    writer.close()
    server.close()
    asyncio.get_running_loop().call_later(60, print).cancel()
    await asyncio.to_thread(print)
    task = asyncio.create_task(asyncio.sleep(60))
    task.cancel()

def test_plain():
    pass
""",
    )
    assert found == {"passed": 2}


LEAKS = {
    "task": "kept.append(asyncio.create_task(asyncio.sleep(60), name='forgotten'))",
    "timer": "asyncio.get_running_loop().call_later(60, print)",
    "socket": "kept.append(socket.socket())",
    "forgotten socket": "socket.socket()",
    "log": "logging.getLogger('signaling.rooms').error('out of order')",
    "forgotten exception": "asyncio.get_running_loop().call_exception_handler({'message': 'lost'})",
}

LEAKING_SUITE = """
kept = []

async def test_leak():
    {leak}

def test_next():
    for thing in kept:
        if isinstance(thing, socket.socket):
            thing.close()
"""


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS.keys())
def test_leak_fails_the_test(suite: pytest.Pytester, leak: str) -> None:
    """Each kind of leftover fails the test that has left it; the next test is judged for itself."""
    found, text = outcomes(suite, LEAKING_SUITE.format(leak=leak))
    assert found.get("errors", 0) + found.get("failed", 0) == 1, text
    assert "::test_next" not in text


def test_leaked_transports_fail_the_test(suite: pytest.Pytester) -> None:
    """In a process of its own, since a transport cannot be closed once its loop is."""
    source = """
async def test_server():
    pytest.server = await asyncio.start_server(print, '127.0.0.1', 0)

async def test_datagrams():
    pytest.datagrams = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=('127.0.0.1', 0))
"""
    suite.makepyfile("import asyncio, pytest\n" + source)
    result = suite.runpytest_subprocess("--assert=plain")
    assert result.parseoutcomes() == {"passed": 2, "errors": 2}
    result.stdout.fnmatch_lines(["*watched by*", "*transport <_SelectorDatagramTransport*"])


def test_leaked_task_is_named(suite: pytest.Pytester) -> None:
    _, text = outcomes(suite, LEAKING_SUITE.format(leak=LEAKS["task"]))
    assert "the test leaves behind" in text
    assert "forgotten" in text


def test_leaked_thread_fails_a_plain_test(suite: pytest.Pytester) -> None:
    """Threads outlive loops, so tests without a loop are watched too."""
    source = """
done = threading.Event()

def test_leak():
    threading.Thread(target=done.wait, name="forgotten").start()

def test_release():
    done.set()
"""
    found, text = outcomes(suite, source)
    assert found == {"passed": 2, "errors": 1}
    assert "thread forgotten" in text


def test_fixtures_may_close_what_tests_open(suite: pytest.Pytester) -> None:
    """The guard looks after every other fixture, and leaves longer-lived fixtures alone."""
    source = """
@pytest.fixture(scope="module")
def kept():
    with socket.socket() as kept:
        yield kept

@pytest.fixture
async def owner():
    tasks = []
    yield tasks
    for task in tasks:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

async def test_owned(owner, kept):
    owner.append(asyncio.create_task(asyncio.sleep(60)))
"""
    assert outcomes(suite, source)[0] == {"passed": 1}


def test_marker_allows_logged_errors(suite: pytest.Pytester) -> None:
    source = """
@pytest.mark.allow_logged_errors
def test_noisy():
    logging.getLogger('peer').error('on purpose')
"""
    assert outcomes(suite, source)[0] == {"passed": 1}


def test_failed_test_is_not_judged_again(suite: pytest.Pytester) -> None:
    """One failure, not two: leftovers of a test that broke off say nothing new."""
    found, _ = outcomes(
        suite,
        "async def test_broken():\n    asyncio.get_running_loop().call_later(60, print)\n    assert False\n",
    )
    assert found == {"failed": 1}


def test_real_parts_run_last_and_long_tests_before_short_ones(suite: pytest.Pytester) -> None:
    """So that one hears of a fault early, and that no process is alone with a long test at the end."""
    source = """
@pytest.mark.rtc
def test_a(): pass
@pytest.mark.container
@pytest.mark.long
def test_b(): pass
def test_c(): pass
@pytest.mark.long
def test_d(): pass
"""
    suite.makepyfile("import pytest\n" + source)
    text = suite.runpytest_inprocess("-v").stdout.str()
    assert text.index("test_d ") < text.index("test_c ") < text.index("test_b ") < text.index("test_a ")


SKIPS = "@pytest.mark.redis\ndef test_real():\n    pytest.skip('no redis-server')\n"


def test_skip_is_a_skip_at_home(suite: pytest.Pytester) -> None:
    assert outcomes(suite, SKIPS)[0] == {"skipped": 1}


def test_skip_is_a_failure_in_ci(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """CI has every part; the failure says what is missing and what brings it."""
    monkeypatch.setenv("CI", "true")
    found, text = outcomes(suite, SKIPS)
    assert found == {"failed": 1}
    assert "no redis-server" in text
    assert "apt-get install redis-server" in text


def test_skipped_module_is_an_error_in_ci(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    found, text = outcomes(suite, "pytest.importorskip('no_such_module')\n")
    assert found == {"errors": 1}
    assert "no_such_module" in text


def test_expected_failure_is_no_skip(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert outcomes(suite, "@pytest.mark.xfail\ndef test_known():\n    assert False\n")[0] == {"xfailed": 1}


SIDE_BY_SIDE = """
import os, time

def note(word):
    with open(os.environ["NOTES"], "a") as notes:
        print(word, file=notes)

@pytest.mark.parametrize("number", range(20))
def test_in_company(number):
    note("others")
    time.sleep(0.01)
    note("others")

@pytest.mark.alone
@pytest.mark.long
def test_alone():
    note("begins")
    time.sleep(0.1)
    note("ends")

@pytest.mark.rtc
def test_skipped():
    pytest.skip("no such part")

def test_leak():
    threading.Timer(1, print).start()
"""


def test_processes_side_by_side_judge_as_one_does(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skips are failures in CI, leftovers are errors, and who wants to be alone is."""
    monkeypatch.setenv("CI", "true")
    notes = suite.path / "notes"
    monkeypatch.setenv("NOTES", str(notes))
    suite.makepyfile("import threading, pytest\n" + SIDE_BY_SIDE)
    result = suite.runpytest_inprocess("--assert=plain", "-n2", "--dist=loadscope", "--no-loadscope-reorder")
    assert result.parseoutcomes() == {"passed": 22, "failed": 1, "errors": 1}
    result.stdout.fnmatch_lines_random(["*no such part", "*thread Thread-*", "*To bring the missing part*"])
    words = notes.read_text().split()
    assert words[words.index("begins") + 1] == "ends"
