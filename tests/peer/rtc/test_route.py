"""Which pair of candidates is in use, as aioice keeps it."""

import aioice
import pytest
from aioice.ice import CandidatePair, StunProtocol

from peer.rtc.route import CARRIER, MAPPED, route_of


def _candidate(kind: str, host: str, port: int = 4000) -> aioice.Candidate:
    return aioice.Candidate("f", 1, "udp", 77, host, port, kind)


def _nominated(local: aioice.Candidate, remote: aioice.Candidate) -> tuple[aioice.Connection, CandidatePair]:
    connection = aioice.Connection(ice_controlling=True)
    protocol = StunProtocol(connection)
    protocol.local_candidate = local
    pair = CandidatePair(protocol, remote)
    connection._nominated[1] = pair
    return connection, pair


async def test_no_route_before_a_pair_is_nominated() -> None:
    assert route_of(aioice.Connection(ice_controlling=True)) is None


async def test_kinds_and_addresses_of_both_ends() -> None:
    connection, _ = _nominated(_candidate("host", "192.0.2.1"), _candidate("prflx", "192.0.2.2", 5000))
    route = route_of(connection)
    assert route is not None
    assert (str(route), route.local_address, route.remote_address) == (
        "host-prflx udp ipv4",
        "192.0.2.1:4000",
        "192.0.2.2:5000",
    )


async def test_addresses_of_ipv6_have_brackets() -> None:
    connection, _ = _nominated(_candidate("host", "2001:db8::1"), _candidate("host", "2001:db8::2"))
    route = route_of(connection)
    assert route is not None
    assert (str(route), route.local_address) == ("host-host udp ipv6", "[2001:db8::1]:4000")


@pytest.mark.parametrize(("seen", "kind"), [("192.0.2.1", "host"), ("203.0.113.1", "srflx"), ("203.0.113.2", "prflx")])
async def test_address_that_the_other_side_sees_names_the_kind(seen: str, kind: str) -> None:
    """A NAT in between makes it one that a STUN server has told us, or another one."""
    connection, pair = _nominated(_candidate("host", "192.0.2.1"), _candidate("host", "192.0.2.2"))
    connection._local_candidates = [pair.local_candidate, _candidate("srflx", "203.0.113.1")]
    setattr(pair, MAPPED, (seen, 4000))
    route = route_of(connection)
    assert route is not None
    assert route.local == kind


@pytest.mark.parametrize(
    ("transport", "ssl", "carrier"), [("udp", False, "udp"), ("tcp", False, "tcp"), ("tcp", True, "tls")]
)
async def test_relay_of_stock_aioice_is_reached_as_its_one_server_is(transport: str, ssl: bool, carrier: str) -> None:
    connection, _ = _nominated(_candidate("relay", "192.0.2.1"), _candidate("host", "192.0.2.2"))
    connection.turn_transport, connection.turn_ssl = transport, ssl
    route = route_of(connection)
    assert route is not None
    assert (route.local, route.transport) == ("relay", carrier)


async def test_relay_of_ours_says_how_it_is_reached() -> None:
    connection, pair = _nominated(_candidate("relay", "192.0.2.1"), _candidate("host", "192.0.2.2"))
    setattr(pair.protocol, CARRIER, "tls")
    route = route_of(connection)
    assert route is not None
    assert route.transport == "tls"
