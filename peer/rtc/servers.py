"""Which of the ICE servers offered to us aiortc shall ask: it asks one STUN and one TURN server only.

The first usable one of each kind is taken here, where it can be seen and tested. An address that aiortc would refuse
(RFC 7064, RFC 7065; no IPv6 literals) is passed over, since one bad line from a server must not cost the link.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..ports import IceServer

__all__ = ["choose_servers", "has_turn"]

_STUN = re.compile(r"stun:[^?:\s/]{1,253}(?::[0-9]{1,5})?")
_TURN = re.compile(r"turn:[^?:\s/]{1,253}(?::[0-9]{1,5})?(?:\?transport=(?:udp|tcp))?")
_TURNS = re.compile(r"turns:[^?:\s/]{1,253}(?::[0-9]{1,5})?(?:\?transport=tcp)?")


def choose_servers(servers: Iterable[IceServer]) -> tuple[IceServer, ...]:
    """The first STUN and the first TURN server, each with one address."""
    single = [IceServer((url,), server.username, server.credential) for server in servers for url in server.urls]
    stun = [server for server in single if _STUN.fullmatch(server.urls[0])]
    turn = [server for server in single if _is_turn(server)]
    return (*stun[:1], *turn[:1])


def has_turn(servers: Iterable[IceServer]) -> bool:
    """Whether any of them is a TURN server that can be asked."""
    return any(_is_turn(IceServer((url,), each.username)) for each in servers for url in each.urls)


def _is_turn(server: IceServer) -> bool:
    (url,) = server.urls
    return server.username is not None and bool(_TURN.fullmatch(url) or _TURNS.fullmatch(url))
