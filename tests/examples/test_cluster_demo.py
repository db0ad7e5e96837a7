"""examples/cluster_demo.py: a server is killed, and the demo itself checks that nobody noticed."""

from pathlib import Path

import pytest

from ..redis.servers import needs_redis
from .children import ROOT, Child

pytestmark = [pytest.mark.rtc, pytest.mark.redis]

DEMO = ROOT / "examples" / "cluster_demo.py"


def test_cluster_survives_a_killed_server_and_leaves_nothing(tmp_path: Path) -> None:
    """Thirty peers in ten rooms, ten newcomers after the kill, a line for each of what it saw; exit code 0."""
    needs_redis()
    with Child(DEMO, settings={"TMPDIR": str(tmp_path)}) as demo:
        demo.output.wait_for(lambda shown: "peers linked in 10 rooms" in shown)
        demo.output.wait_for(lambda shown: "nobody saw anybody leave" in shown)
        assert demo.wait() == 0
        demo.output.join()
        assert "60 lines heard before the kill" in demo.shown
        assert "120 lines heard after the kill" in demo.shown
        assert demo.shown.count("MemberJoined") == 40
        assert demo.session() == []
        assert list(tmp_path.iterdir()) == []
        assert demo.errors.join() == ""


def test_cluster_demo_without_redis_says_what_to_install(tmp_path: Path) -> None:
    """A sentence, exit code 1."""
    with Child(DEMO, settings={"TMPDIR": str(tmp_path), "PATH": str(tmp_path)}) as demo:
        assert demo.wait() == 1
        assert "apt-get install redis-server" in demo.errors.join()
