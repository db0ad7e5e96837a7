"""How long a link takes to open through NATs and through a relay, beside stock aiortc's ways in the same run.

The cables of the laboratory take no time, so all of it is ours. `link` is from the making of the offering end to its
opening; `join` from the guest's call to the first member, with what the server is asked and the handshake in it.
"""

import json
import os
import statistics
from dataclasses import dataclass, field

import pytest

from .box import Kind
from .conversation import meet
from .laboratory import PUBLIC_V6, STUN, TURN_TCP, TURN_UDP, Laboratory

pytestmark = [pytest.mark.nat, pytest.mark.xdist_group("nat")]  # one laboratory for all

ROUNDS = int(os.environ.get("SPEAKTUBE_NAT_ROUNDS", "1"))
"""Twenty give figures to quote."""


@dataclass(frozen=True)
class Way:
    """What stands between two peers; `kind` is that of both boxes, or None for one network without any."""

    kind: Kind | None
    turn: str = ""
    is_ipv6: bool = False
    config: dict[str, bool] = field(default_factory=dict)


WAYS = {
    "same LAN": Way(None),
    "full-cone NATs": Way(Kind.FULL_CONE),
    "port-restricted NATs": Way(Kind.PORT_RESTRICTED),
    "symmetric NATs, TURN over UDP": Way(Kind.SYMMETRIC, TURN_UDP),
    "symmetric NATs, TURN over TCP": Way(Kind.SYMMETRIC, TURN_TCP),
    "IPv6 routers": Way(Kind.PORT_RESTRICTED, is_ipv6=True),
    "same LAN, relay_only": Way(None, TURN_UDP, config={"relay_only": True}),
}


@pytest.mark.parametrize("way", WAYS)
def test_links_open_by_every_way_and_say_how_fast(lab: Laboratory, way: str) -> None:
    """Taken in turns with stock ones; the machine is shared with other tests, so that the figures judge nothing."""
    between = WAYS[way]
    lab.be(between.kind or Kind.PORT_RESTRICTED, between.kind or Kind.PORT_RESTRICTED)
    other = lab.right if between.kind else lab.neighbour
    for host in (lab.left, other):
        host.settle(v4=not between.is_ipv6, v6=between.is_ipv6)
    server = lab.server(host=PUBLIC_V6) if between.is_ipv6 else lab.server(stun=STUN, turn=between.turn)
    link: dict[bool, list[float]] = {True: [], False: []}
    join: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(ROUNDS):
        for is_fast in (True, False):
            join[is_fast].append(meet(server, lab.left, other, fast_transport=is_fast, **between.config))
            link[is_fast] += other.peer.took_s()
            lab.left.peer.close()
            other.peer.close()
    medians = {name: _ms(values[fast]) for name, values, fast in _rows(link, join)}
    best = round(min(link[True]) * 1000, 1)
    print(json.dumps({"benchmark": f"connect, {way}", "count": ROUNDS, **medians, "link_best_ms": best}))  # noqa: T201 - its purpose


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
