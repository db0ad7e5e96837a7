"""Which pair of candidates an open connection uses, read out of aioice; kinds may be logged, addresses never."""

from __future__ import annotations

import ipaddress
from typing import Literal, cast

import aioice

from ..ports import CandidateKind, Route

__all__ = ["CARRIER", "MAPPED", "route_of"]

CARRIER, MAPPED = "carrier", "mapped"
"""What our own checks and relays note: at a relay how we reach its server, at a pair how the other side sees us."""


def route_of(connection: aioice.Connection) -> Route | None:
    """None before a pair is nominated, after the end, and with an aioice that keeps it elsewhere."""
    pair = getattr(connection, "_nominated", {}).get(1)
    if pair is None:
        return None
    local, remote = pair.local_candidate, pair.remote_candidate
    is_ipv4 = ipaddress.ip_address(remote.host).version == 4
    return Route(
        local=_local_kind(connection, pair),
        remote=cast(CandidateKind, remote.type),
        transport=cast(
            Literal["udp", "tcp", "tls"], getattr(pair.protocol, CARRIER, _stock_carrier(connection, local))
        ),
        family="ipv4" if is_ipv4 else "ipv6",
        local_address=_show(local.host, local.port),
        remote_address=_show(remote.host, remote.port),
    )


def _local_kind(connection: aioice.Connection, pair: aioice.ice.CandidatePair) -> CandidateKind:
    """What leaves by a socket of the host is that host's only if nothing on the way gives it another address."""
    seen = getattr(pair, MAPPED, None)
    if pair.local_candidate.type == "relay" or seen in (None, pair.local_addr):
        return cast(CandidateKind, pair.local_candidate.type)
    known = {(each.host, each.port) for each in connection.local_candidates if each.type == "srflx"}
    return "srflx" if seen in known else "prflx"


def _stock_carrier(connection: aioice.Connection, local: aioice.Candidate) -> str:
    """aioice knows one TURN server."""
    if local.type != "relay" or connection.turn_transport == "udp":
        return "udp"
    return "tls" if connection.turn_ssl else "tcp"


def _show(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
