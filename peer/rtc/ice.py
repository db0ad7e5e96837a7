"""Where aioice gathers candidates, and for how long; the one place where we reach into aioice.

aioice leaves 127.0.0.1 and ::1 out. A host that has nothing else (a container without network, a laptop offline)
would gather no candidate at all and wait for ever, so we give it 127.0.0.1. `SPEAKTUBE_ICE_ADDRESSES`, a comma
separated list of local addresses, replaces what the host's interfaces say; tests and benchmarks set it to 127.0.0.1.

A silent STUN server costs 5 s with stock aioice; here gathering ends after 1 s, or 2 s where a TURN server needs its
two round trips, and goes on with what was found (RFC 8445, section 5.1.1, leaves the time to us).

The change is a subclass that one connection is moved to: nothing global is patched, and doing it twice does nothing.
With an aioice whose insides we have not read, everything stays as aioice has it, and the log says so.
"""

from __future__ import annotations

import functools
import ipaddress
import logging
from collections.abc import Sequence

import aioice

from ..errors import BadSetting

__all__ = ["ADDRESSES_SETTING", "LocalConnection", "allowed_addresses", "choose_addresses", "choose_gathering"]

logger = logging.getLogger("peer")

ADDRESSES_SETTING = "SPEAKTUBE_ICE_ADDRESSES"

KNOWN_VERSIONS = ("0.13.",)
"""Versions of aioice whose `Connection.get_component_candidates` we have read."""

MAX_ADDRESSES = 15
"""Each may yield a host and a reflexive candidate; with one relay they are 31, and a description holds 32."""

STUN_TIMEOUT_S = 1
TURN_TIMEOUT_S = 2


class LocalConnection(aioice.Connection):
    """aioice's connection, with our choice of addresses and a bounded gathering."""

    allowed: tuple[str, ...] = ()

    @property
    def is_relay_only(self) -> bool:
        return self._transport_policy is aioice.TransportPolicy.RELAY

    async def get_component_candidates(
        self,
        component: int,
        addresses: list[str],
        timeout: int = 5,  # noqa: ASYNC109 - aioice's signature
    ) -> list[aioice.Candidate]:
        chosen = [] if self.is_relay_only else choose_addresses(addresses, allowed=self.allowed)
        bound_s = TURN_TIMEOUT_S if self.turn_server else STUN_TIMEOUT_S
        return await super().get_component_candidates(component, chosen, min(timeout, bound_s))

    def data_received(self, data: bytes, component: int) -> None:
        """Anybody may send an empty datagram, and aiortc, which looks at the first byte, would end the link of it."""
        if data:
            super().data_received(data, component)


def choose_gathering(
    connection: aioice.Connection, *, allowed: tuple[str, ...], version: str = aioice.__version__
) -> None:
    """Let this connection gather as the module's opening says."""
    if not version.startswith(KNOWN_VERSIONS):
        _warn_once(version)
        return
    if not isinstance(connection, LocalConnection):
        connection.__class__ = LocalConnection
    assert isinstance(connection, LocalConnection)
    connection.allowed = allowed


@functools.cache
def _warn_once(version: str) -> None:
    logger.warning("! aioice %s is unknown: gathering without loopback and without a bound", version)


def choose_addresses(found: Sequence[str], *, allowed: tuple[str, ...]) -> list[str]:
    """The addresses to gather on, of those `found` on the interfaces."""
    if allowed:
        return list(allowed)
    return [address for address in found if not _is_scoped(address)][:MAX_ADDRESSES] or ["127.0.0.1"]


def _is_scoped(address: str) -> bool:
    """IPv6 link-local addresses mean nothing without an interface, which a candidate cannot name."""
    parsed = ipaddress.ip_address(address)
    return parsed.version == 6 and parsed.is_link_local


def allowed_addresses(setting: str) -> tuple[str, ...]:
    """Read the list; raises `BadSetting` for what is no address."""
    parts = [part.strip() for part in setting.split(",") if part.strip()]
    try:
        return tuple(str(ipaddress.ip_address(part)) for part in parts)
    except ValueError as error:
        raise BadSetting(f"{ADDRESSES_SETTING} must be IP addresses, separated by commas") from error
