"""Which suites we speak, and the best that each identity ever spoke with us: below that it is not believed again.

docs/protocol.md, "Handshake". Promised: what is remembered of an identity rises and never falls. Not promised: memory
beyond its limit. A full memory takes in nobody new rather than forget somebody, so a crowd of made-up identities
gains nothing with those who were here before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..crypto.exchange import SUITES
from ..errors import BadSetting
from ..ids import MemberId

__all__ = ["Suites"]


@dataclass(slots=True, kw_only=True)
class Suites:
    """One for each identity of ours. `known` is what a caller kept of `best_known` from an earlier run."""

    minimum: int = min(SUITES)
    limit: int = 10_000
    known: Mapping[MemberId, int] = field(default_factory=dict)
    on_change: Callable[[], None] = lambda: None
    """Called when there is something new to keep."""
    _best: dict[MemberId, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Raise BadSetting for a minimum that is no suite."""
        if self.minimum not in SUITES:
            raise BadSetting(f"min_suite is {self.minimum}: set it to one of {', '.join(map(str, SUITES))}")
        self._best = dict(self.known)

    @property
    def accepted(self) -> tuple[int, ...]:
        return tuple(suite for suite in SUITES if suite >= self.minimum)

    @property
    def best_known(self) -> Mapping[MemberId, int]:
        """All that is remembered, to be kept."""
        return self._best

    def best(self, member: MemberId) -> int:
        """The best suite that this identity ever used with us; 0 if it never did."""
        return self._best.get(member, 0)

    def note(self, member: MemberId, suite: int) -> None:
        """A handshake with this identity ended well. The lowest suite needs no memory."""
        has_room = member in self._best or len(self._best) < self.limit
        if has_room and suite > max(min(SUITES), self.best(member)):
            self._best[member] = suite
            self.on_change()
