"""How we stand with each member, whose processes may be several: the best of them counts."""

from __future__ import annotations

from ..events import ConnectionState
from ..ids import MemberId, PeerId

__all__ = ["Connections"]

_BEST_FIRST: tuple[ConnectionState, ...] = ("linked", "suspect", "connecting", "new", "lost", "closed")


class Connections:
    """Of those members whose processes we know; bounded by the number of peers."""

    def __init__(self) -> None:
        self._states: dict[MemberId, dict[PeerId, ConnectionState]] = {}

    def change(self, member: MemberId, peer: PeerId, state: ConnectionState) -> ConnectionState:
        """One process of a member is in this state now; how we stand with the member then."""
        states = self._states.setdefault(member, {})
        states[peer] = state
        if state == "closed":
            self._forget(member, peer)
        return min([*states.values(), state], key=_BEST_FIRST.index)

    def _forget(self, member: MemberId, peer: PeerId) -> None:
        del self._states[member][peer]
        if not self._states[member]:
            del self._states[member]
