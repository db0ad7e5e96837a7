"""What has happened since the start, as plain numbers: the cheap half of the metrics.

Whoever does something adds one here; `metrics.py` turns the numbers into Prometheus' text when it is asked. Adding is
one step on a dictionary, so that it costs nothing beside an envelope. Labels are words of ours: codes, kinds, reasons,
settings, and never an id, an address or anything else that a client could make up.
"""

from collections import Counter
from dataclasses import dataclass, field

from .errors import Refused

__all__ = ["Tally"]


@dataclass(slots=True)
class Tally:
    """Counts of one server process; they only grow."""

    refusals: Counter[str] = field(default_factory=Counter)
    """By error code, over HTTP and WebSocket alike."""
    bounds: Counter[str] = field(default_factory=Counter)
    """By the setting that was reached: refusals, and what is cut without a word."""
    pushed: Counter[str] = field(default_factory=Counter)
    """Envelopes that went straight to a socket, by kind."""
    mailed: Counter[str] = field(default_factory=Counter)
    """Envelopes that went into a mailbox, by kind."""
    rooms_created: int = 0
    peers_joined: int = 0
    peers_resumed: int = 0
    peers_left: Counter[str] = field(default_factory=Counter)
    """By reason: left or timeout."""
    connections_opened: int = 0
    connections_closed: Counter[str] = field(default_factory=Counter)
    """WebSockets that this server ended, by close code's name."""

    def refused(self, refused: Refused) -> None:
        """A client was told no."""
        self.refusals[refused.code] += 1
        if refused.bound is not None:
            self.bounds[refused.bound] += 1
