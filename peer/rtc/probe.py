"""What STUN and TURN servers say when they are asked outside a link: for `doctor`, and with the parts that links use.

Each server is asked from the same sockets, so that what two of them say of one socket tells how the NAT in front of it
maps: to one address whoever is asked, or to another one for each (RFC 4787, section 4.1), where only a relay helps.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import aioice
from aioice import stun
from aioice.ice import get_host_addresses

from ..config import Config
from ..ports import Channel, IceServer
from .gathering import TURN_TIMEOUT_S, CheckedProtocol, Gathering, bind_hosts
from .ice import ADDRESSES_SETTING, allowed_addresses, choose_addresses
from .link import open_link
from .relays import open_relay
from .servers import Plan, Server, plan_servers

__all__ = ["Mapped", "NatKind", "Refused", "ask_stun", "ask_turn", "kind_of_nat", "plan_probes", "try_link"]

NatKind: TypeAlias = Literal["none", "endpoint-independent", "address-dependent", "unknown"]

_LINK_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Mapped:
    """What one STUN server sees of one of our sockets."""

    server: Server
    base: tuple[str, int]
    seen: tuple[str, int]


class Refused(Exception):
    """A server answered, and not with what was asked for; the sentence is a reason for people."""


def plan_probes(servers: Iterable[IceServer], config: Config) -> Plan:
    """Those that a link would ask."""
    return plan_servers(servers, max_stun=config.max_stun_servers, max_turn=config.max_turn_servers)


async def ask_stun(servers: Iterable[Server]) -> list[Mapped]:
    """What each says of each socket; nothing of those that do not answer within a second."""
    connection = aioice.Connection(ice_controlling=True)
    hosts = await bind_hosts(connection, _addresses())
    found: list[Mapped] = []
    try:
        for server in servers:
            for host in hosts:
                seen = await _mapping(connection, server, host)
                if seen is not None:
                    base = host.local_candidate
                    found.append(Mapped(server, (base.host, base.port), seen))
    finally:
        for host in hosts:
            await host.close()
    return found


async def _mapping(
    connection: aioice.Connection, server: Server, host: aioice.ice.StunProtocol
) -> tuple[str, int] | None:
    seen: list[tuple[str, int]] = []
    ended = asyncio.Event()

    def keep(candidate: aioice.Candidate, _: object) -> bool:
        seen.append((candidate.host, candidate.port))
        return True

    gathering = Gathering(connection, Plan(stun=(server,)), [host], on_found=keep, on_end=ended.set)
    try:
        await ended.wait()
    finally:
        await gathering.stop()
    return seen[0] if seen else None


def kind_of_nat(found: Iterable[Mapped]) -> NatKind:
    """By what at least two servers saw of one socket; "none" where one saw the socket's own address."""
    by_base: dict[tuple[str, int], dict[Server, tuple[str, int]]] = defaultdict(dict)
    for each in found:
        by_base[each.base][each.server] = each.seen
    kinds = {_kind_at(base, seen) for base, seen in by_base.items()}
    order: tuple[NatKind, ...] = ("none", "endpoint-independent", "address-dependent")
    return next((kind for kind in order if kind in kinds), "unknown")


def _kind_at(base: tuple[str, int], seen: Mapping[Server, tuple[str, int]]) -> NatKind:
    addresses = set(seen.values())
    if base in addresses:
        return "none"
    if len(addresses) > 1:
        return "address-dependent"
    return "endpoint-independent" if len(seen) > 1 else "unknown"


async def ask_turn(server: Server) -> tuple[str, int]:
    """The address of a relay, which is given back at once. Raises Refused, and OSError for no answer."""
    connection = aioice.Connection(ice_controlling=True)
    try:
        protocol = await open_relay(server, lambda: CheckedProtocol(connection), timeout_s=TURN_TIMEOUT_S)
    except stun.TransactionFailed as error:
        code, reason = error.response.attributes.get("ERROR-CODE", (0, "no reason given"))
        raise Refused(f"{code} {reason}") from error
    except stun.TransactionError as error:
        raise TimeoutError("no answer in time") from error
    except (ValueError, KeyError) as error:
        raise Refused("what it answers makes no sense") from error
    relay = protocol.transport.get_extra_info("sockname")
    await protocol.close()
    return str(relay[0]), int(relay[1])


def _addresses() -> list[str]:
    """Those that a link would gather on."""
    found = get_host_addresses(use_ipv4=True, use_ipv6=True)
    return choose_addresses(found, allowed=allowed_addresses(os.environ.get(ADDRESSES_SETTING, "")))


class _End:
    """One end of the link to ourselves."""

    def __init__(self) -> None:
        self.is_open = asyncio.Event()
        self.heard = asyncio.Event()

    def on_candidate(self, line: str) -> None:
        """There are no servers, so all candidates stand in the description."""

    def on_open(self) -> None:
        self.is_open.set()

    def on_frame(self, channel: Channel, data: bytes) -> None:  # noqa: ARG002 - what comes is what was sent
        self.heard.set()

    def on_bulk_low(self) -> None:
        """Nothing is sent that would fill it."""

    def on_closed(self, reason: str) -> None:
        """`try_link` has a time-out."""


async def try_link(config: Config) -> float:
    """Open a data channel to ourselves and send something; seconds until it came. Raises LinkFailed, TimeoutError."""
    left_end, right_end = _End(), _End()
    left = open_link((), left_end, config=config)
    right = open_link((), right_end, config=config)
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with asyncio.timeout(_LINK_TIMEOUT_S):
            answer, _ = await right.accept_offer(await left.create_offer())
            await left.accept_answer(answer)
            await left_end.is_open.wait()
            await right_end.is_open.wait()
            left.send(Channel.EVENTS, b"ahoy")
            await right_end.heard.wait()
    finally:
        await asyncio.gather(left.close(), right.close())
    return loop.time() - began
