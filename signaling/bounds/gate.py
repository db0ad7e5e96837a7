"""Who may do what how often, and how many may be here: the limits that the settings name, put together.

One gate a server. It answers by raising the refusal that the client gets, or not at all. Rare things that one user
could do at many servers (creating, joining, listing, proving) are asked of a `Limiter` that servers may share; what
happens all the time is decided here. Behind one address may be an office, so that an address has the room of many
users; and a guest, who is a new user at each call, is held by the address alone. Who shows a good room token is known,
and has a pace of its own: a neighbour who floods without one costs it nothing. Who has a whole IPv6 /48 has 65,536
addresses, so that what an address may is held against the /48 as well, some times over.

Pure: the clock is an argument, and nothing waits. Addresses are keys here, and never shown.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from enum import StrEnum
from typing import NamedTuple
from weakref import WeakValueDictionary

from ..config import Config
from ..errors import InvalidToken, PeerGone, RateLimited, Refused, ServerFull, TokenExpired, TooManyConnections
from ..ids import PeerKey, User
from .addresses import Addresses, network_of
from .limits import Bucket, Demand, Excess, Key, Limiter, LocalLimiter, Rate

__all__ = ["GATED", "Act", "Bound", "Gate", "Headcount", "Paces"]

RATES = tuple(each.name for each in fields(Config) if isinstance(each.default, Rate))
GATED = (*RATES, "user_connections", "address_connections", "max_connections", "network_factor")
"""The settings that the gate holds visitors to."""


FAILURES: tuple[tuple[tuple[type[Refused], ...], str], ...] = (
    ((InvalidToken, TokenExpired), "address_failures"),
    ((PeerGone,), "address_requests"),
)
"""Refusals that count for the address they come from, and at which bound."""

Paces = tuple[tuple[Demand, Bucket], ...]


class Act(StrEnum):
    """What users do; `user_` or `address_` before it names the setting."""

    CREATE = "creates"
    JOIN = "joins"
    LIST = "listings"
    ATTEST = "attestations"


class Bound(NamedTuple):
    """A number that is a setting."""

    setting: str
    most: int


class Headcount:
    """How many each of many holds at a time, and all together."""

    def __init__(self, each: Bound, together: Bound | None = None) -> None:
        self._each = each
        self._together = together
        self._counts: Counter[str] = Counter()
        self.total = 0

    def __len__(self) -> int:
        """How many are known by name."""
        return len(self._counts)

    def enter(self, name: str) -> None:
        """One more; raise ServerFull or TooManyConnections."""
        if self._together and self.total >= self._together.most:
            raise ServerFull(*self._together)
        if self._counts[name] >= self._each.most:
            raise TooManyConnections(*self._each)
        self._counts[name] += 1
        self.total += 1

    def leave(self, name: str) -> None:
        """One fewer."""
        self.total -= 1
        self._counts[name] -= 1
        if not self._counts[name]:
            del self._counts[name]


class Gate:
    """What this server knows of its visitors."""

    def __init__(self, config: Config, *, clock: Callable[[], float], limiter: Limiter | None = None) -> None:
        """`limiter` is shared with other servers; without one, this server counts alone."""
        self.addresses = Addresses(config.trusted_proxies)
        an_address = Bound("address_connections", config.address_connections)
        self.users = Headcount(Bound("user_connections", config.user_connections))
        """Peers that are connected, by user."""
        self.sockets = Headcount(an_address, Bound("max_connections", config.max_connections))
        """WebSockets, by the client's address."""
        self.networks = Headcount(Bound("network_factor", config.network_factor * config.address_connections))
        """The same, by the network around it."""
        self._clock = clock
        self._local = LocalLimiter(config.limiter_names)
        self._limiter = limiter or self._local
        self._address_paces: WeakValueDictionary[Key, Bucket] = WeakValueDictionary()
        self._rates: dict[str, Rate] = {name: getattr(config, name) for name in RATES}
        self._factor = config.network_factor

    @property
    def remembered(self) -> int:
        """How many paces are remembered, of `limiter_names` at most."""
        return len(self._local.buckets)

    # Paces

    def check_request(self, address: str) -> None:
        """An HTTP request by nobody in particular; raise RateLimited."""
        self._check_now(*self._around("address_requests", address))

    def check_call(self, caller: PeerKey, address: str) -> None:
        """An HTTP request with a good room token; raise RateLimited."""
        self._check_now(self._demand("peer_requests", _name(caller)), *self._around("address_calls", address))

    def harden(self, refused: Refused, address: str) -> Refused:
        """What the client hears: a refused token is a failure of its address, and too many of these are RateLimited.

        Good tokens are still let in from there: whoever tries bad ones must not lock out an office. A token whose peer
        is gone was good once, and is one of the address's requests now: it does not get its peer a pace any more.
        """
        bound = next((bound for kinds, bound in FAILURES if isinstance(refused, kinds)), None)
        if bound is None:
            return refused
        try:
            self._check_now(*self._around(bound, address))
        except RateLimited as limited:
            return limited
        return refused

    async def check(self, act: Act, user: User, address: str) -> None:
        """Something that counts for the user and for the address; raise RateLimited."""
        demands = [] if user.is_guest else [self._demand(f"user_{act}", user.user_id)]
        demands += self._around(f"address_{act}", address)
        excess = await self._limiter.decide(demands, now=self._clock())
        if excess is not None:
            raise self._refusal(excess)

    def check_envelope(self, sender: PeerKey) -> None:
        """An envelope of a peer that has no WebSocket here; raise RateLimited."""
        self._check_now(self._demand("peer_envelopes", _name(sender)))

    def pace_of(self, sender: PeerKey) -> Bucket:
        """For a WebSocket that opens: what the peer has taken of `peer_envelopes`."""
        return self._local.buckets.bucket(("peer_envelopes", _name(sender)), self._rates["peer_envelopes"])

    def keep_pace(self, sender: PeerKey, pace: Bucket) -> None:
        """A WebSocket has closed: a new one does not begin anew."""
        self._local.buckets.keep(("peer_envelopes", _name(sender)), pace, self._clock())

    def address_paces(self, address: str) -> Paces:
        """What an address has taken of `address_envelopes`, and the network around it: shared by all WebSockets."""
        return tuple((demand, self._shared_pace(demand)) for demand in self._around("address_envelopes", address))

    def _shared_pace(self, demand: Demand) -> Bucket:
        pace = self._address_paces.get(demand[:2])
        if pace is None:
            pace = self._address_paces[demand[:2]] = self._local.buckets.bucket(demand[:2], demand.rate)
        return pace

    def keep_paces(self, paces: Paces) -> None:
        """A WebSocket has closed: when it was the last, the next one does not begin anew."""
        for demand, pace in paces:
            self._local.buckets.keep(demand[:2], pace, self._clock())

    def new_pace(self, bound: str) -> Bucket:
        """A bucket that its owner holds, and that ends with it."""
        return Bucket(self._rates[bound])

    def _check_now(self, *demands: Demand) -> None:
        excess = self._local.decide_now(demands, now=self._clock())
        if excess is not None:
            raise self._refusal(excess)

    def _around(self, bound: str, address: str) -> list[Demand]:
        """Of an address, and of the network around it where there is one."""
        demands, network = [self._demand(bound, address)], network_of(address)
        if network is not None:
            demands.append(Demand("network_factor", f"{bound} {network}", self._rates[bound].times(self._factor)))
        return demands

    def _demand(self, bound: str, subject: str) -> Demand:
        return Demand(bound, subject, self._rates[bound])

    def limited(self, bound: str, wait_s: float) -> RateLimited:
        """What somebody hears who has to wait."""
        return RateLimited(bound, str(self._rates[bound]), wait_s)

    def _refusal(self, excess: Excess) -> RateLimited:
        return self.limited_by(excess.demand, excess.wait_s)

    def limited_by(self, demand: Demand, wait_s: float) -> RateLimited:
        """The same for a demand, whose rate may be that of a network."""
        is_wide = demand.bound == "network_factor"
        shown = f"{self._factor}, so that a whole IPv6 /48 has {demand.rate}" if is_wide else str(demand.rate)
        return RateLimited(demand.bound, shown, wait_s)

    # Heads

    def enter_socket(self, address: str) -> None:
        """One more WebSocket; raise ServerFull or TooManyConnections."""
        network = network_of(address)
        if network is not None:
            self.networks.enter(network)
        try:
            self.sockets.enter(address)
        except Refused:
            self._leave_network(network)
            raise

    def leave_socket(self, address: str) -> None:
        """One fewer."""
        self.sockets.leave(address)
        self._leave_network(network_of(address))

    def _leave_network(self, network: str | None) -> None:
        if network is not None:
            self.networks.leave(network)


def _name(peer: PeerKey) -> str:
    return f"{peer.room_id}/{peer.peer_id}"
