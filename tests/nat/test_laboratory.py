"""The laboratory is what it says it is, and leaves nothing behind."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ..support.spaces import spaces
from .box import Kind
from .child import Child
from .laboratory import PUBLIC, Laboratory
from .probe import KNOCKED, STRANGER

pytestmark = pytest.mark.nat

PROBE = str(Path(__file__).with_name("probe.py"))


@pytest.mark.parametrize(
    ("kind", "mappings", "answers"),
    [
        (Kind.FULL_CONE, 1, [KNOCKED[0], STRANGER]),
        (Kind.PORT_RESTRICTED, 1, [KNOCKED[0]]),
        (Kind.SYMMETRIC, 2, [KNOCKED[0]]),
        (Kind.NO_UDP, 0, []),
    ],
    ids=lambda value: value.value if isinstance(value, Kind) else "",
)
def test_box_is_of_its_kind(lab: Laboratory, tmp_path: Path, kind: Kind, mappings: int, answers: list[int]) -> None:
    """How many ports one socket has outside, and who may answer at the first of them."""
    lab.be(kind, Kind.PORT_RESTRICTED)
    listener = Child(lab.internet, "listener", [sys.executable, PROBE, "listen"], folder=tmp_path)
    assert json.loads(listener.first_line()) == "ready"
    knocker = Child(lab.left.space, "knocker", [sys.executable, PROBE, "knock", PUBLIC], folder=tmp_path)
    assert json.loads(knocker.first_line()) == answers
    assert len(set(json.loads(listener.first_line()))) == mappings
    for child in (knocker, listener):
        child.end()


def test_box_that_rebinds_takes_other_ports(lab: Laboratory, tmp_path: Path) -> None:
    """What comes out of it comes from those it was given last."""
    lab.left_box.become(Kind.PORT_RESTRICTED, ports="40000-40999")
    listener = Child(lab.internet, "listener", [sys.executable, PROBE, "listen"], folder=tmp_path)
    listener.first_line()
    knocker = Child(lab.left.space, "knocker", [sys.executable, PROBE, "knock", PUBLIC], folder=tmp_path)
    (port,) = set(json.loads(listener.first_line()))
    assert 40_000 <= port <= 40_999
    for child in (knocker, listener):
        child.end()


def test_spaces_are_gone_after_a_failure() -> None:
    seen: list[str] = []

    def fail_within() -> None:
        with spaces("doomed") as (space,):
            assert space.name in _listed()
            seen.append(space.name)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_within()
    assert seen[0] not in _listed()


def _listed() -> str:
    return subprocess.run(["ip", "netns", "list"], check=True, capture_output=True, text=True).stdout
