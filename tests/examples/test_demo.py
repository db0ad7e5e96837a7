"""examples/demo.py: a conversation to its end, and nothing left of it; every failure is a sentence."""

import os
import re
import signal
import socket
from pathlib import Path

import pytest

from .children import ROOT, Child

pytestmark = pytest.mark.rtc

DEMO = ROOT / "examples" / "demo.py"


def assert_nothing_left(demo: Child, folder: Path) -> None:
    """No process of its session, no file in the folder for temporary ones, nobody at the server's port."""
    assert demo.session() == []
    assert list(folder.iterdir()) == []
    if found := re.search(r"http://127\.0\.0\.1:(\d+)", demo.shown):
        with socket.socket() as client, pytest.raises(ConnectionRefusedError):
            client.connect(("127.0.0.1", int(found[1])))


@pytest.mark.long
def test_demo_holds_a_conversation_and_leaves_nothing(tmp_path: Path) -> None:
    """Ten lines and more each way, the timings, exit code 0."""
    with Child(DEMO, settings={"TMPDIR": str(tmp_path)}) as demo:
        assert demo.wait() == 0
        demo.output.join()
        assert_nothing_left(demo, tmp_path)
        lines = demo.shown.splitlines()
        spoken = [
            line for line in (ROOT / "examples" / "demo_lines.txt").read_text("utf-8").splitlines() if line.strip()
        ]
        said = {
            name: [line.partition("  ")[2] for line in lines if line.startswith(f"{name}  ")] for name in ("Ada", "Bob")
        }
        assert min(map(len, said.values())) >= 10
        assert said == {"Ada": spoken[0::2], "Bob": spoken[1::2]}
        assert "the server knows the room no more" in lines
        assert re.search(r"^join to linked +[0-9.]+ ms$", demo.shown, re.MULTILINE)
        assert re.search(r"^message latency +[0-9.]+ ms median, [0-9.]+ ms worst$", demo.shown, re.MULTILINE)
        assert demo.errors.join() == ""


@pytest.mark.long
def test_demo_speaks_what_it_is_given(tmp_path: Path) -> None:
    """Lines from standard input; what could steer a terminal is data as well."""
    with Child(DEMO, "-", settings={"TMPDIR": str(tmp_path)}) as demo:
        demo.type("Größe? 🚢\n\nyes\n")
        demo.end_input()
        assert demo.wait() == 0
        demo.output.join()
        assert "Ada  Größe? 🚢" in demo.shown
        assert "Bob  yes" in demo.shown
        assert_nothing_left(demo, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        ((), {"SIGNALING_STUN_URLS": "nonsense"}, "demo: the server did not start: .*SIGNALING_STUN_URLS"),
        ((), {"SIGNALING_ROOM_PEERS": "1"}, "the server did not start"),
        (("/nowhere/lines.txt",), {}, "demo: cannot read /nowhere/lines.txt: No such file or directory"),
        (("-",), {}, "demo: at least two lines are needed"),
    ],
    ids=["bad setting", "setting out of range", "no such file", "nothing to say"],
)
def test_demo_that_cannot_begin_says_why(
    tmp_path: Path, arguments: tuple[str, ...], settings: dict[str, str], sentence: str
) -> None:
    """A sentence on standard error, exit code 1, nothing left."""
    with Child(DEMO, *arguments, settings={"TMPDIR": str(tmp_path), **settings}) as demo:
        demo.end_input()
        assert demo.wait() == 1
        assert re.search(sentence, demo.errors.join())
        assert "Traceback" not in demo.errors.text
        assert_nothing_left(demo, tmp_path)


@pytest.mark.parametrize("whole_group", [True, False], ids=["Ctrl-C", "kill -INT"])
@pytest.mark.long
def test_demo_that_is_interrupted_cleans_up(tmp_path: Path, whole_group: bool) -> None:
    """A terminal sends Ctrl-C to the children too; nobody prints a traceback."""
    with Child(DEMO, settings={"TMPDIR": str(tmp_path)}) as demo:
        demo.wait_for("From the bridge")
        if whole_group:
            demo.interrupt()
        else:
            os.kill(demo.process.pid, signal.SIGINT)
        assert demo.wait() == 1
        assert demo.errors.join().strip() == "demo: interrupted; everything is cleaned up"
        assert_nothing_left(demo, tmp_path)
