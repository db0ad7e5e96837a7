"""How long a link takes to open through NATs and through a relay, beside stock aiortc's ways in the same run.

The cables of the laboratory take no time, so all of it is ours. `link` is from the making of the offering end to its
opening; `join` from the guest's call to the first member, with what the server is asked and the handshake in it.
"""

import json
import os
import statistics

import pytest

from .box import Kind
from .conversation import meet
from .laboratory import STUN, TURN_TCP, TURN_UDP, Laboratory

pytestmark = [pytest.mark.nat, pytest.mark.xdist_group("nat")]  # one laboratory for all

ROUNDS = int(os.environ.get("SPEAKTUBE_NAT_ROUNDS", "2"))
"""Twenty give figures to quote."""

WAYS = {
    "same LAN": (None, ""),
    "port-restricted NATs": (Kind.PORT_RESTRICTED, ""),
    "symmetric NATs, TURN over UDP": (Kind.SYMMETRIC, TURN_UDP),
    "symmetric NATs, TURN over TCP": (Kind.SYMMETRIC, TURN_TCP),
}


@pytest.mark.parametrize("way", WAYS)
def test_links_open_no_later_than_stock_ones(lab: Laboratory, way: str) -> None:
    """Taken in turns; the machine is shared with other tests, so that the bound is a wide one."""
    kind, turn = WAYS[way]
    lab.be(kind or Kind.PORT_RESTRICTED, kind or Kind.PORT_RESTRICTED)
    other = lab.right if kind else lab.neighbour
    server = lab.server(stun=STUN, turn=turn)
    link: dict[bool, list[float]] = {True: [], False: []}
    join: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(ROUNDS):
        for is_fast in (True, False):
            join[is_fast].append(meet(server, lab.left, other, fast_transport=is_fast))
            link[is_fast] += other.peer.took_s()
            lab.left.peer.close()
            other.peer.close()
    medians = {name: _ms(values[fast]) for name, values, fast in _rows(link, join)}
    print(json.dumps({"benchmark": f"connect, {way}", "count": ROUNDS, **medians}))  # noqa: T201 - its purpose
    assert medians["link_p50_ms"] < 1.5 * medians["stock_link_p50_ms"] + 100


def _rows(
    link: dict[bool, list[float]], join: dict[bool, list[float]]
) -> list[tuple[str, dict[bool, list[float]], bool]]:
    return [
        ("link_p50_ms", link, True),
        ("stock_link_p50_ms", link, False),
        ("join_p50_ms", join, True),
        ("stock_join_p50_ms", join, False),
    ]


def _ms(seconds: list[float]) -> float:
    return round(statistics.median(seconds) * 1000, 1)
