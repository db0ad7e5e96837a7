"""examples/cluster_demo.py: a server is killed, and the demo itself checks that nobody noticed."""

import os
import re
import signal
from pathlib import Path

import pytest

from ..redis.servers import needs_redis
from .children import ROOT, Child

pytestmark = [pytest.mark.rtc, pytest.mark.redis]

DEMO = ROOT / "examples" / "cluster_demo.py"


@pytest.mark.long
def test_cluster_survives_a_killed_server_and_leaves_nothing(tmp_path: Path) -> None:
    """Thirty peers in ten rooms, ten newcomers after the kill, a line for each of what it saw; exit code 0."""
    needs_redis()
    with Child(DEMO, settings={"TMPDIR": str(tmp_path)}) as demo:
        demo.wait_for("peers met in 10 rooms")
        demo.wait_for("nobody saw anybody leave")
        assert demo.wait() == 0
        demo.output.join()
        assert "30 lines said before the kill, one a peer: 60 times heard" in demo.shown
        assert "40 lines said after the kill, one a peer: 120 times heard" in demo.shown
        victim, lost = re.findall(r"killing (server \d), to which (\d+) peers are connected", demo.shown)[0]
        assert int(lost) >= 10, "the front divides thirty among three"
        assert f"its {lost} peers noticed, and were all back" in demo.shown
        before, after = re.findall(r"^  (server .*)$", demo.shown, re.MULTILINE)
        assert [sum(map(int, re.findall(r": (\d+) peers", each))) for each in (before, after)] == [30, 40]
        assert f"{victim}: {lost} peers" in before
        assert victim not in after
        rows = re.findall(r"^  (peer|newcomer) (\w+) +3 +([23]) +3 +0   (no|yes, and back)$", demo.shown, re.MULTILINE)
        assert len(rows) == 40
        assert sum(row[3] != "no" for row in rows) == int(lost)
        assert_nothing_left(demo, tmp_path)
        assert demo.errors.join() == ""


@pytest.mark.parametrize(("begun", "how"), [("redis-server at", signal.SIGTERM), ("killing server", signal.SIGINT)])
def test_cluster_demo_that_is_interrupted_cleans_up(tmp_path: Path, begun: str, how: signal.Signals) -> None:
    """By kill early on, by Ctrl-C in the middle: a sentence, and nothing stays."""
    needs_redis()
    with Child(DEMO, settings={"TMPDIR": str(tmp_path)}) as demo:
        demo.wait_for(begun)
        os.killpg(demo.process.pid, how)
        assert demo.wait() == 1
        assert demo.errors.join().strip() == "cluster-demo: interrupted; everything is cleaned up"
        assert_nothing_left(demo, tmp_path)


def assert_nothing_left(demo: Child, folder: Path) -> None:
    assert demo.session() == []
    assert list(folder.iterdir()) == []


def test_cluster_demo_without_redis_says_what_to_install(tmp_path: Path) -> None:
    """A sentence, exit code 1."""
    with Child(DEMO, settings={"TMPDIR": str(tmp_path), "PATH": str(tmp_path)}) as demo:
        assert demo.wait() == 1
        assert "apt-get install redis-server" in demo.errors.join()
