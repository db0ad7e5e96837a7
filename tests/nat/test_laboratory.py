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

pytestmark = [pytest.mark.nat, pytest.mark.xdist_group("nat")]  # one laboratory for all

PROBE = (sys.executable, "-S", "-E", str(Path(__file__).with_name("probe.py")))


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
    ports, answered_from = probe(lab, tmp_path)
    assert (len(set(ports)), answered_from) == (mappings, answers)


def test_box_that_rebinds_takes_other_ports(lab: Laboratory, tmp_path: Path) -> None:
    """What comes out of it comes from those it was given last."""
    lab.left_box.become(Kind.PORT_RESTRICTED, ports="40000-40999")
    ports, _ = probe(lab, tmp_path)
    assert all(40_000 <= port <= 40_999 for port in ports)


def probe(lab: Laboratory, folder: Path) -> tuple[list[int], list[int]]:
    """The ports that a knock comes from, and those that its answers do."""
    listener = Child(lab.internet, "listener", [*PROBE, "listen"], folder=folder)
    knocker = Child(lab.left.space, "knocker", [*PROBE, "knock", PUBLIC], folder=folder)
    try:
        for child in (listener, knocker):
            assert json.loads(child.first_line()) == "ready"
        for child in (listener, knocker):
            child.write_line("go")
        return json.loads(listener.first_line()), json.loads(knocker.first_line())
    finally:
        listener.end()
        knocker.end()


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
