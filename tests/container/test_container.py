"""The image, built and run for real: read-only, without capabilities, and without an image registry.

The check itself is a script kept beside the repository, so that it judges every version by the same rules.
"""

import json
import os
import shutil
import signal
import subprocess

import pytest

from ..architecture.sources import ROOT

pytestmark = [pytest.mark.container, pytest.mark.long]

CHECK = ROOT.parent / "shared" / "container-check.sh"
NEEDS = ("podman", "runc", "netavark", "iptables", "mmdebstrap", "curl")
INSTALL = "apt-get install podman runc netavark aardvark-dns iptables mmdebstrap curl"
TIMEOUT_S = 280.0
"""Cold it takes a minute, half of it for the base; the rest is for a slow mirror."""
MAX_IMAGE_MB = 240
"""The base has 177, the server and its dependencies 34."""


def _missing() -> str | None:
    """What keeps the check from running here, and what to do about it."""
    absent = [name for name in NEEDS if not shutil.which(name, path="/usr/sbin:/usr/lib/podman:" + os.environ["PATH"])]
    if absent:
        return f"{', '.join(absent)} missing: {INSTALL}"
    if not CHECK.is_file():
        return "container-check.sh missing: put the folder shared beside the clone"
    if os.geteuid() != 0:
        return "podman is run as root here: sudo make test"
    return None


def _run_bounded(command: list[str]) -> str:
    """Its output, errors included; a run out of time is killed with all its children and fails."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        output, _ = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        pytest.fail(f"not done after {TIMEOUT_S} s:\n{output}")
    assert process.returncode == 0, output
    return output


@pytest.fixture(scope="module")
def verdict() -> str:
    if reason := _missing():
        pytest.skip(reason)
    return _run_bounded([str(CHECK), str(ROOT)])


def test_server_answers_inside_the_container(verdict: str) -> None:
    """A read-only root, no capabilities and an unknown user are enough for it."""
    answers = [line for line in verdict.splitlines() if line.startswith("{")]
    assert json.loads(answers[0]) == {"status": "ok"}


def test_healthcheck_asks_the_running_server(verdict: str) -> None:
    assert "HEALTHCHECK ok" in verdict


def test_stop_ends_the_server_cleanly(verdict: str) -> None:
    """SIGTERM reaches process 1, and the server drains and leaves with 0."""
    assert "SIGTERM -> exit 0" in verdict


def test_image_is_small(verdict: str) -> None:
    line = next(line for line in verdict.splitlines() if line.startswith("localhost/app "))
    _, size, unit = line.split()
    assert unit == "MB"
    assert float(size) < MAX_IMAGE_MB
