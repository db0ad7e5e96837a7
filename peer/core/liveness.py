"""Whether the other end of one link lives, by what is heard of it (docs/protocol.md, Liveness of a link).

Who is quiet shows by heartbeats that it is there. Silence makes a link suspect first, and lost later; only what was
heard with proof counts. A process that was itself frozen or asleep heard nothing because it did not listen: it
forgives that silence, and gives the others some time to show themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..config import Config

__all__ = ["Liveness"]

_EARLY = 0.25
"""A beat may go out this part of its interval too early, so that those of many links share one wake-up."""


@dataclass(slots=True)
class Liveness:
    """Of one link; `now` is monotonic seconds."""

    config: Config
    heard_at: float
    """When we last heard of it, or forgave that we did not."""
    spoke_at: float = field(init=False)
    is_suspect: bool = False
    _is_forgiven: bool = False
    """Once, until something is heard: a process that is always late would never miss anybody."""
    _show_by: float | None = None
    """Asked for a sign of life, it has until then."""

    def __post_init__(self) -> None:
        self.spoke_at = self.heard_at

    def hear(self, *, now: float) -> None:
        """A frame that is theirs came."""
        self.heard_at = now
        self.is_suspect = self._is_forgiven = False
        self._show_by = None

    def probe(self, *, now: float) -> None:
        """Something happened to us or to our network: the other end has a short time to show itself."""
        self._show_by = self._show_by or now + self.config.probe_s

    def forgive(self, *, now: float) -> None:
        """We did not listen: what is left of its time begins now."""
        if not self._is_forgiven:
            self.heard_at = max(self.heard_at, now - self.config.suspect_after_s)
        self._is_forgiven = True

    @property
    def lost_at(self) -> float:
        """When it counts as lost, unless something is heard before."""
        silent_until = self.heard_at + self.config.lost_after_s
        return silent_until if self._show_by is None else min(silent_until, self._show_by)

    def is_lost(self, *, now: float) -> bool:
        """A silence too long to go on."""
        return now >= self.lost_at

    def is_beat_due(self, *, now: float) -> bool:
        """Nothing of ours showed them for long that we live."""
        return now >= self.spoke_at + self.config.heartbeat_s * (1 - _EARLY)

    def next_deadline(self) -> float:
        """Of the next beat of ours, or the next doubt about them."""
        doubt_at = self.lost_at if self.is_suspect else min(self.lost_at, self._suspect_at)
        return min(self.spoke_at + self.config.heartbeat_s, doubt_at)

    def handle_timeout(self, *, now: float) -> None:
        """Silence makes suspect."""
        self.is_suspect = self.is_suspect or now >= self._suspect_at

    @property
    def _suspect_at(self) -> float:
        return self.heard_at + self.config.suspect_after_s
