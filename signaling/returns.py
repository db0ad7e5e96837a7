"""When those that a stopping server sends home are asked back: each at a moment of its own.

Two thousand clients that are told "in two seconds" come back in the same second, and the next server falls over them.
So the time grows with their number, each draws its own, and all of them end while their leases still run: then nobody
is told that they left. Pure: chance is an argument.
"""

from dataclasses import dataclass
from math import ceil

from .ids import RandomBytes

__all__ = ["Returns", "plan_returns"]

SOONEST_S = 1
"""A server that is started again needs about as long."""

CHANCE_BYTES = 4
CHANCES = 1 << 8 * CHANCE_BYTES


@dataclass(frozen=True, slots=True)
class Returns:
    """The whole seconds among which each client's is drawn, both included."""

    soonest_s: int = SOONEST_S
    latest_s: int = SOONEST_S

    def draw(self, random_bytes: RandomBytes) -> int:
        """One client's seconds."""
        chance = int.from_bytes(random_bytes(CHANCE_BYTES), "big")
        return self.soonest_s + chance * (self.latest_s - self.soonest_s + 1) // CHANCES


def plan_returns(clients: int, *, per_s: int, lease_s: float) -> Returns:
    """Spread `clients` so that about `per_s` of them come back each second, but within a third of a lease.

    Every peer has two thirds left, for that is when its lease is renewed; the last third is for what goes wrong.
    """
    wanted_s = ceil(clients / per_s)
    return Returns(SOONEST_S, max(SOONEST_S, min(wanted_s, int(lease_s / 3))))
