"""One member who is linked, as the history of a room sees it: how level we are, and how much it may still tell us."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..ids import MemberId
from ..log.event import LogId
from ..messages.news import Changed, Fact
from ..wire.message_frames import MessageEvents, MessageFrame, MessageMore, MessageSummary
from .message_exchange import MessageExchange
from .pace import Pace

__all__ = ["HistoryLink"]

_SUMMARY_COST = 8


@dataclass(slots=True)
class HistoryLink:
    """Its share of what is compared and said."""

    member: MemberId
    exchange: MessageExchange
    events: Pace
    """Those that nobody asked for."""
    answers: Pace
    """All: twice as many as a room may hold, then no faster than the others."""
    frames: Pace
    since_hlc: int
    """When it came about."""
    level: tuple[LogId, int] | None = None
    """Our log, and the number in it up to which it held all, when it was last found to hold what we do."""
    is_behind: bool = False
    """It told us what we could not take, and may take later."""

    def marked(self, fact: Fact) -> Fact:
        """What came in answer to a question may have been written long ago."""
        if isinstance(fact, Changed) and fact.is_new and fact.view.hlc < self.since_hlc:
            return replace(fact, is_late=True)
        return fact

    def cost_of(self, frame: MessageFrame) -> int:
        """A *more* that is answered is free: we made them say it. So are events, which have a pace of their own."""
        if isinstance(frame, MessageEvents) or (isinstance(frame, MessageMore) and self.exchange.is_answering):
            return 0
        return _SUMMARY_COST if isinstance(frame, MessageSummary) else 1
