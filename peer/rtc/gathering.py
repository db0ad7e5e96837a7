"""Our own candidates (RFC 8445, section 5.1): host addresses at once, what servers say of us in the background.

Several STUN and TURN servers are asked side by side, so that a silent one costs nothing: each answer is told as it
comes, and the asking ends after a second, or two for the round trips of TURN. A reflexive address that is known already
falls away (section 5.1.3). Our candidates are at most 32, of which the host's are the first. No related address is
told: it would show a host behind a relay.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aioice
from aioice import stun
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol

from .relays import open_relay
from .sdp import MAX_CANDIDATES
from .servers import Plan, Server

__all__ = ["STUN_TIMEOUT_S", "TURN_TIMEOUT_S", "CheckedProtocol", "Gathering", "Sink", "bind_hosts"]

logger = logging.getLogger("peer")

STUN_TIMEOUT_S = 1.0
TURN_TIMEOUT_S = 2.0

RECEIVE_BUFFER_BYTES = 256 * 1024
HIGHEST_PREFERENCE = 65535
CARRIER_PREFERENCE = {"udp": 65535, "tcp": 32767, "tls": 16383}
"""RFC 8445, section 5.1.2.1: among relays those by UDP come first, and each has a preference of its own."""

T = TypeVar("T")

Sink = Callable[[aioice.Candidate, StunProtocol | None], bool]
"""Told of each new candidate, with the protocol of a relay; False if it is not wanted."""


class CheckedProtocol(StunProtocol):
    """aioice's socket, which drops an attribute of the wrong size instead of raising into the loop."""

    def datagram_received(self, data: bytes | str, addr: tuple[object, ...]) -> None:
        try:
            super().datagram_received(data, addr)
        except struct.error:
            return


async def bind_hosts(connection: aioice.Connection, addresses: list[str]) -> list[StunProtocol]:
    """A socket for each address; one that cannot be bound is passed over."""
    loop = asyncio.get_running_loop()
    protocols: list[StunProtocol] = []
    for preference, address in enumerate(addresses):
        try:
            transport, protocol = await loop.create_datagram_endpoint(
                lambda: CheckedProtocol(connection), local_addr=(address, 0)
            )
        except OSError:
            logger.debug("! an address of this host cannot be bound")
            continue
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        host, port = transport.get_extra_info("sockname")[:2]
        protocol.local_candidate = _candidate("host", host, port, base=host, preference=HIGHEST_PREFERENCE - preference)
        protocols.append(protocol)
    return protocols


class Gathering:
    """Asks the servers of a plan, in one task; `on_end` is called when nothing more will come."""

    def __init__(
        self,
        connection: aioice.Connection,
        plan: Plan,
        hosts: list[StunProtocol],
        *,
        on_found: Sink,
        on_end: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._hosts = hosts
        self._on_found = on_found
        self._on_end = on_end
        self.first = asyncio.Event()
        """Something was found, or nothing will be."""
        self.is_over = not plan.turn and not (plan.stun and hosts)
        self._task = None if self.is_over else asyncio.create_task(self._ask(plan))
        if self.is_over:
            self.first.set()

    async def stop(self) -> None:
        """Ask no further; nothing is left when this returns."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _ask(self, plan: Plan) -> None:
        stun_work = [self._quietly(self._ask_stun, server, host) for server in plan.stun for host in self._hosts]
        turn_work = [self._quietly(self._ask_turn, server, rank) for rank, server in enumerate(plan.turn)]
        try:
            await asyncio.gather(*stun_work, *turn_work)
        finally:
            self.is_over = True
            self.first.set()
        self._on_end()

    async def _quietly(self, ask: Callable[[Server, T], Awaitable[None]], server: Server, detail: T) -> None:
        """Any failure of a server is that server's, and the others go on."""
        try:
            await ask(server, detail)
        except (OSError, stun.TransactionError, ValueError, KeyError) as error:  # TimeoutError is an OSError
            logger.debug("! an ICE server is of no use: %s", type(error).__name__)

    async def _ask_stun(self, server: Server, host: StunProtocol) -> None:
        """RFC 8489, section 11; from the very socket whose address is to be known."""
        request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        async with asyncio.timeout(STUN_TIMEOUT_S):
            address = await _resolve(server, like=host.local_candidate.host)
            response, _ = await host.request(request, address)
        base = host.local_candidate
        seen, port = response.attributes["XOR-MAPPED-ADDRESS"]
        preference = (base.priority >> 8) & HIGHEST_PREFERENCE
        self._found(_candidate("srflx", seen, port, base=base.host, preference=preference))

    async def _ask_turn(self, server: Server, rank: int) -> None:
        protocol = await open_relay(server, lambda: CheckedProtocol(self._connection), timeout_s=TURN_TIMEOUT_S)
        host, port = protocol.transport.get_extra_info("sockname")
        preference = CARRIER_PREFERENCE[server.carrier] - rank
        protocol.local_candidate = _candidate("relay", host, port, base=host, preference=preference)
        if not self._found(protocol.local_candidate, protocol):
            await protocol.close()

    def _found(self, candidate: aioice.Candidate, protocol: StunProtocol | None = None) -> bool:
        known = self._connection.local_candidates
        is_new = (candidate.host, candidate.port) not in {(each.host, each.port) for each in known}
        if not is_new or len(known) >= MAX_CANDIDATES or not self._on_found(candidate, protocol):
            return False
        self.first.set()
        return True


async def _resolve(server: Server, *, like: str) -> tuple[str, int]:
    """An address of the family of `like`; raises OSError where there is none. Literals take no thread."""
    family = socket.AF_INET if ipaddress.ip_address(like).version == 4 else socket.AF_INET6
    try:
        literal = ipaddress.ip_address(server.host)
    except ValueError:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(server.host, server.port, family=family, type=socket.SOCK_DGRAM)
        return str(found[0][4][0]), server.port
    if (literal.version == 4) is not (family == socket.AF_INET):
        raise OSError("the server has no address of this family")
    return str(literal), server.port


def _candidate(kind: str, host: str, port: int, *, base: str, preference: int) -> aioice.Candidate:
    return aioice.Candidate(
        foundation=candidate_foundation(kind, "udp", base),
        component=1,
        transport="udp",
        priority=candidate_priority(1, kind, preference),
        host=host,
        port=port,
        type=kind,
    )
