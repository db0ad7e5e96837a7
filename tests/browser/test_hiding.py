"""A browser that hides its addresses behind names in `.local` is met all the same, on a LAN without any server."""

import json
import subprocess
import sys

import pytest

from ..architecture.sources import ROOT
from ..support.spaces import spaces

pytestmark = [pytest.mark.browser, pytest.mark.rtc, pytest.mark.long]


def test_page_without_a_camera_links_in_both_roles() -> None:
    """We look up no name, which would take a second: our address reaches the page, and its checks show us the way."""
    with spaces("lan") as (lan,):
        lan.ip(
            "link add lan0 type veth peer name lan1",
            "addr add 10.77.0.1/24 dev lan0",
            *("link set lan0 up", "link set lan1 up"),
            "route add default dev lan0",
        )
        command = [*lan.within, sys.executable, "-m", "tests.browser.hiding"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    meetings = {meeting["role"]: meeting for meeting in map(json.loads, done.stdout.splitlines())}
    assert meetings.keys() == {"page_offers", "page_answers"}
    for meeting in meetings.values():
        print(meeting)  # noqa: T201 - how long it took
        assert all(".local " in candidate for candidate in meeting["told"])
        assert meeting["route"] == "host-prflx udp ipv4"
        assert meeting["ms"] < 5000
