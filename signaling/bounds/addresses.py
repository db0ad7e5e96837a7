"""Who is asking, as far as the network tells: the key under which an address is held to its limits.

A connection's other end is the client, unless it is a proxy that the operator trusts. Then the client stands in
X-Forwarded-For, which each proxy lengthens at its right end by whom it saw: the rightmost address that is no trusted
proxy. Everything further left is hearsay. A hop that cannot be read counts for the proxy that passed it on.

An IPv4 address is its own key. IPv6 goes by /64, the least that one customer has (RFC 6177, BCP 157): or each would be
a crowd. Many have a /48 all the same, and 65,536 keys with it: `network_of` is what these have in common. Keys are for
counting and are never shown or logged. Pure.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = ["Addresses", "Network", "network_of", "parse_network"]

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

MAX_HOPS = 16
"""Proxies between a client and us; a longer way is walked from our end only."""

MAX_CACHED = 4096
"""Some 2 MB; beyond, the oldest are parsed again, in 5 µs."""

MAX_CHARACTERS = 512
"""Of X-Forwarded-For; as much as the hops of IPv6 need, and all that a cache entry may hold."""

IPV6_CUSTOMER_BITS = 64
IPV6_SITE_BITS = 48

UNKNOWN = "unknown"
"""All who have no address that can be read share one key."""


def parse_network(text: str) -> Network:
    """A network or a single address; raise ValueError."""
    return ip_network(text)


class Addresses:
    """Finds keys, and remembers them."""

    def __init__(self, trusted: Iterable[Network]) -> None:
        """`trusted` are the networks of the operator's proxies."""
        self._trusted = tuple(trusted)
        self.is_proxy = lru_cache(MAX_CACHED)(self._is_proxy)
        """Whether the other end of a connection is a trusted proxy."""
        self._find = lru_cache(MAX_CACHED)(self._walk)

    def key(self, other_end: str | None, forwarded: Iterable[str] = ()) -> str:
        """The key for a connection's other end, and the X-Forwarded-For headers that came with it, in order."""
        return self._find(other_end, ",".join(forwarded)[-MAX_CHARACTERS:])

    def _is_proxy(self, other_end: str | None) -> bool:
        found = _maybe_address(other_end or "")
        return found is not None and self._trusts(found)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)

    def _walk(self, other_end: str | None, forwarded: str) -> str:
        nearest = _maybe_address(other_end or "")
        if nearest is None:
            return UNKNOWN
        for hop in reversed(_hops(forwarded)):
            if not self._trusts(nearest):
                break
            further = _maybe_address(hop)
            if further is None:
                break
            nearest = further
        return _key(nearest)


@lru_cache(MAX_CACHED)
def network_of(key: str) -> str | None:
    """The /48 around the key of an IPv6 address; None for others, which have nothing around them."""
    if "/" not in key:
        return None
    return str(IPv6Network(key).supernet(new_prefix=IPV6_SITE_BITS))


def _hops(forwarded: str) -> list[str]:
    """The nearest ones, in order; the first may have been cut in the middle."""
    hops = forwarded.split(",") if forwarded else []
    if len(forwarded) == MAX_CHARACTERS:
        hops = hops[1:]
    return hops[-MAX_HOPS:]


def _maybe_address(text: str) -> Address | None:
    """With or without a port, as proxies write it: `192.0.2.1:80`, `[2001:db8::1]:80`."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _key(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((address, IPV6_CUSTOMER_BITS), strict=False))
