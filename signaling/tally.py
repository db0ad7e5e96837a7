"""What has happened since the start, as plain numbers: the cheap half of the metrics.

Whoever does something adds one here; `metrics.py` turns the numbers into Prometheus' text when it is asked. Adding is
one step on a dictionary, so that it costs nothing beside an envelope. Labels are words of ours: codes, kinds, reasons,
settings, and never an id, an address or anything else that a client could make up.
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from .errors import Refused

__all__ = ["BUCKETS_S", "Call", "Durations", "Tally"]

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""An answer takes one or two milliseconds, a poll up to half a minute."""


class Call(NamedTuple):
    """One kind of answered HTTP call."""

    method: str
    route: str
    """The template, never the path."""
    status: int
    """Its class: 2 for 2xx."""


class Durations:
    """A histogram: how many answers took up to each of the bounds, and all of them together."""

    __slots__ = ("counts", "total_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS_S) + 1)
        """Of each bucket alone, not cumulated; the last is beyond all bounds."""
        self.total_s = 0.0

    def add(self, seconds: float) -> None:
        """One more answer."""
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1
        self.total_s += seconds


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
    answers: dict[Call, Durations] = field(default_factory=dict)
    """HTTP calls and how long they took; WebSockets are not among them."""

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A call has its answer."""
        call = Call(method, route, status // 100)
        durations = self.answers.get(call)
        if durations is None:
            durations = self.answers[call] = Durations()
        durations.add(seconds)

    def refused(self, refused: Refused) -> None:
        """A client was told no."""
        self.refusals[refused.code] += 1
        if refused.bound is not None:
            self.bounds[refused.bound] += 1
