"""Which of the ICE servers offered to us are asked, and how each is reached (RFC 7064, RFC 7065).

An address that we cannot use is passed over, since one bad line from a server must not cost the link. Stock aiortc asks
one STUN and one TURN server only: `choose_servers` takes the first usable one of each kind for it, where it can be seen
and tested. Our own gathering asks several of each, side by side: `plan_servers` says which.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal, TypeAlias, cast

from ..ports import IceServer

__all__ = ["Carrier", "Plan", "Server", "choose_servers", "has_turn", "plan_servers"]

Carrier: TypeAlias = Literal["udp", "tcp", "tls"]

_HOST = r"(?:\[(?P<literal>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[^?:\s/\[\]]{1,253}))(?::(?P<port>[0-9]{1,5}))?"
_STUN = re.compile(rf"stun:{_HOST}")
_TURN = re.compile(rf"turn:{_HOST}(?:\?transport=(?P<transport>udp|tcp))?")
_TURNS = re.compile(rf"turns:{_HOST}(?:\?transport=tcp)?")
_PORT, _TLS_PORT = 3478, 5349
_ORDER: tuple[Carrier, ...] = ("udp", "tcp", "tls")
"""UDP first: a relay reached by TCP stops at each lost packet (RFC 8656, section 2.1)."""


@dataclass(frozen=True, slots=True)
class Server:
    """One address of a STUN or TURN server; IPv6 literals are without brackets."""

    host: str
    port: int
    carrier: Carrier = "udp"
    username: str = ""
    credential: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that are asked for one link."""

    stun: tuple[Server, ...] = ()
    turn: tuple[Server, ...] = ()


def plan_servers(servers: Iterable[IceServer], *, max_stun: int, max_turn: int) -> Plan:
    """The first STUN servers; of TURN servers one address of each host before a second one of any."""
    single = _single(servers)
    stun = dict.fromkeys(found for each in single if (found := _maybe_stun(each)))
    turn = sorted(dict.fromkeys(found for each in single if (found := _maybe_turn(each))), key=_rank)
    seen: Counter[str] = Counter()
    rounds = {}
    for each in turn:
        rounds[each] = seen[each.host]
        seen[each.host] += 1
    return Plan(tuple(stun)[:max_stun], tuple(sorted(turn, key=lambda each: rounds[each]))[:max_turn])


def choose_servers(servers: Iterable[IceServer]) -> tuple[IceServer, ...]:
    """For stock aiortc, which takes no IPv6 literals: the first STUN and the first TURN server, one address of each."""
    single = [server for server in _single(servers) if "[" not in server.urls[0]]
    stun = [server for server in single if _maybe_stun(server)]
    turn = [server for server in single if _maybe_turn(server)]
    return (*stun[:1], *turn[:1])


def has_turn(servers: Iterable[IceServer]) -> bool:
    """Whether any of them is a TURN server that can be asked."""
    return any(_maybe_turn(server) for server in _single(servers))


def _single(servers: Iterable[IceServer]) -> list[IceServer]:
    return [IceServer((url,), server.username, server.credential) for server in servers for url in server.urls]


def _maybe_stun(server: IceServer) -> Server | None:
    match = _STUN.fullmatch(server.urls[0])
    return _maybe_server(match, _PORT) if match else None


def _maybe_turn(server: IceServer) -> Server | None:
    """None also without a user: an allocation needs a credential (RFC 8656, section 5)."""
    (url,) = server.urls
    match, tls = _TURN.fullmatch(url), _TURNS.fullmatch(url)
    user = server.username, server.credential or ""
    if server.username is None:
        return None
    if match is not None:
        return _maybe_server(match, _PORT, cast(Carrier, match["transport"] or "udp"), user)
    return _maybe_server(tls, _TLS_PORT, "tls", user) if tls else None


def _maybe_server(
    match: re.Match[str], default_port: int, carrier: Carrier = "udp", user: tuple[str | None, str] = ("", "")
) -> Server | None:
    port = int(match["port"] or default_port)
    if not 0 < port < 2**16 or (match["literal"] and not _is_ipv6(match["literal"])):
        return None
    return Server(match["literal"] or match["name"], port, carrier, user[0] or "", user[1])


def _is_ipv6(literal: str) -> bool:
    try:
        return ip_address(literal).version == 6
    except ValueError:
        return False


def _rank(server: Server) -> int:
    return _ORDER.index(server.carrier)
