"""Which pair of candidates two peers come to use, for each kind of NAT between them."""

import json
import re

import pytest

from .box import Kind
from .conversation import meet, talk
from .laboratory import PUBLIC_V6, SILENT, STUN, TURN_TCP, TURN_UDP, Host, Laboratory

pytestmark = [pytest.mark.nat, pytest.mark.xdist_group("nat")]  # one laboratory for all

MAPPED = {"srflx", "prflx"}


def show(title: str, one: Host, other: Host, seconds: float) -> set[str]:
    """Print the pair as each end sees it, and answer the kinds of candidates in it."""
    routes = one.peer.route(), other.peer.route()
    pairs = [route["pair"] for route in routes]
    print(json.dumps({"nat": title, "pairs": pairs, "connect_ms": round(seconds * 1000)}))  # noqa: T201 - its purpose
    return {route[end] for route in routes for end in ("local", "remote")}


def show_told(host: Host, reason: str) -> None:
    print(json.dumps({"nat": "two symmetric NATs without TURN", "told": host.peer.name, "reason": reason}))  # noqa: T201


def test_hosts_of_one_network_meet_directly(lab: Laboratory) -> None:
    seconds = meet(lab.server(stun=STUN, turn=TURN_UDP), lab.left, lab.neighbour)
    talk(lab.left, lab.neighbour)
    assert show("same LAN", lab.left, lab.neighbour, seconds) <= {"host", "prflx"}  # a check may outrun its answer
    assert lab.left.peer.route()["remote_address"].startswith(lab.neighbour.addresses[0])


@pytest.mark.parametrize("kind", [Kind.FULL_CONE, Kind.PORT_RESTRICTED], ids=lambda kind: kind.value)
def test_cone_nats_are_crossed_without_a_relay(lab: Laboratory, kind: Kind) -> None:
    lab.be(kind, kind)
    seconds = meet(lab.server(stun=STUN, turn=TURN_UDP), lab.left, lab.right)
    talk(lab.left, lab.right)
    assert "relay" not in show(f"two {kind.value} NATs", lab.left, lab.right, seconds)
    assert {host.peer.route()["remote"] for host in (lab.left, lab.right)} <= MAPPED


def test_symmetric_nats_are_crossed_by_a_relay(lab: Laboratory) -> None:
    lab.be(Kind.SYMMETRIC, Kind.SYMMETRIC)
    seconds = meet(lab.server(stun=STUN, turn=TURN_UDP), lab.left, lab.right)
    talk(lab.left, lab.right)
    assert "relay" in show("two symmetric NATs", lab.left, lab.right, seconds)


def test_symmetric_nats_without_a_relay_part_peers_and_both_are_told(lab: Laboratory) -> None:
    """There is no way; it is said in a sentence, with what would help, and not after a minute."""
    lab.be(Kind.SYMMETRIC, Kind.SYMMETRIC)
    server = lab.server(stun=STUN)
    for host in (lab.left, lab.right):
        host.peer.open(server, link_timeout_s=1.5)
    lab.right.peer.join(lab.left.peer.create())
    for host in (lab.left, lab.right):
        told = host.peer.wait_for("ConnectionChanged", state="lost")
        show_told(host, told["reason"])
        assert "TURN" in told["reason"]
        assert "pair" not in host.peer.route()


def test_blocked_udp_is_got_round_by_a_relay_over_tcp(lab: Laboratory) -> None:
    """The other side needs no TCP: the relay speaks UDP to it."""
    lab.be(Kind.NO_UDP, Kind.PORT_RESTRICTED)
    seconds = meet(lab.server(stun=STUN, turn=f"{TURN_UDP},{TURN_TCP}"), lab.left, lab.right)
    talk(lab.left, lab.right)
    show("UDP blocked on one side", lab.left, lab.right, seconds)
    route = lab.left.peer.route()
    assert (route["local"], route["transport"]) == ("relay", "tcp")


def test_peers_with_ipv6_alone_meet(lab: Laboratory) -> None:
    """Their routers let in what was asked for, so both have to knock."""
    lab.left.settle(v4=False, v6=True)
    lab.right.settle(v4=False, v6=True)
    seconds = meet(lab.server(host=PUBLIC_V6), lab.left, lab.right)
    talk(lab.left, lab.right)
    assert show("IPv6 only", lab.left, lab.right, seconds) <= {"host", "prflx"}
    assert lab.left.peer.route()["family"] == "ipv6"


def test_peers_with_both_protocols_meet_by_ipv6(lab: Laboratory) -> None:
    """There is no NAT in between, and a relay is not taken where there is a way without."""
    lab.be(Kind.SYMMETRIC, Kind.SYMMETRIC)
    lab.left.settle(v6=True)
    lab.right.settle(v6=True)
    seconds = meet(lab.server(stun=STUN, turn=TURN_UDP), lab.left, lab.right)
    talk(lab.left, lab.right)
    show("dual-stack, symmetric NATs for IPv4", lab.left, lab.right, seconds)
    assert lab.left.peer.route()["family"] == "ipv6"


def test_relay_only_tells_nobody_of_an_address(lab: Laboratory) -> None:
    """Not even on one network: the relay's address is all that is told."""
    seconds = meet(lab.server(stun=STUN, turn=TURN_UDP), lab.left, lab.neighbour, relay_only=True)
    talk(lab.left, lab.neighbour)
    assert "relay" in show("same LAN, relay_only", lab.left, lab.neighbour, seconds)
    for host in (lab.left, lab.neighbour):
        told = "\n".join(host.peer.described())
        assert " typ relay" in told
        assert not re.search(r"192\.168|198\.51\.100\.11| typ (host|srflx|prflx)", told), told


def test_silent_stun_server_costs_no_time(lab: Laboratory) -> None:
    """Nobody waits for it who has an address already."""
    quick = meet(lab.server(), lab.left, lab.neighbour)
    lab.left.peer.close()
    lab.neighbour.peer.close()
    slow = meet(lab.server(stun=f"stun:{SILENT}:3478"), lab.left, lab.neighbour)
    talk(lab.left, lab.neighbour)
    show("same LAN, silent STUN server", lab.left, lab.neighbour, slow)
    assert slow < quick + 0.5  # which is half of what waiting for it would cost


def test_dead_servers_before_a_live_one_do_not_matter(lab: Laboratory) -> None:
    lab.be(Kind.SYMMETRIC, Kind.SYMMETRIC)
    dead = f"turn:{SILENT}:3478?transport="
    servers = lab.server(stun=f"stun:{SILENT}:3478,{STUN}", turn=f"{dead}udp,{dead}tcp,{TURN_UDP}")
    seconds = meet(servers, lab.left, lab.right)
    talk(lab.left, lab.right)
    assert "relay" in show("two symmetric NATs, first STUN and TURN servers dead", lab.left, lab.right, seconds)
