"""Where streams meet the room: over which link they go, whose they are, and how our program is handed theirs.

Only a member is heard, and only one who is here is shown; that is known here, and nothing of credit or turns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from ..config import Config
from ..errors import LinkFailed
from ..events import StreamOpened, StreamReader
from ..ids import MemberId
from ..wire.frames import MAX_STREAM_LABEL_CHARS
from .company import Company
from .contact import Streamed
from .incoming import Incoming
from .links import Links
from .membership import Membership
from .names import clean_name
from .outgoing import Outgoing
from .streams import Carry, Offered, Overdone, StreamOrder, Streams, Violated

__all__ = ["Transfers"]


class Transfers:
    """Of one room. `take_events` after each call, and `run` until it has nothing more to do."""

    def __init__(self, links: Links, company: Company, membership: Membership, config: Config) -> None:
        self.streams = Streams(config)
        self.read_with: Callable[[Incoming], StreamReader] | None = None
        """How a stream of theirs is handed to our program; without it, all are refused."""
        self._links = links
        self._company = company
        self._membership = membership
        self._events: list[StreamOpened] = []

    def take_events(self) -> list[StreamOpened]:
        taken, self._events = self._events, []
        return taken

    def open(self, member: MemberId, *, label: str, size: int | None, now: float) -> Outgoing:
        """Begin a stream to one member. Raises LinkFailed."""
        link = self._links.link_to(member)
        if link is None:
            raise LinkFailed(
                "this member is not linked just now: wait for its MemberJoined, then open the stream again"
            )
        return self.streams.open(link, member, label=label, size=size, now=now)

    def hear(self, streamed: Streamed, *, now: float) -> None:
        """What came over a link; of somebody who is no member any more it is nothing."""
        if self._membership.is_member(streamed.member):
            self.streams.receive(streamed.link, streamed.member, streamed.frame, now=now)

    def run(self, *, now: float) -> bool:
        """Carry out what the streams want, at both of their ends; whether there was something."""
        self.streams.retain(self._links.is_open)
        orders = self.streams.orders()
        for order in orders:
            self._carry_out(order, now=now)
        return bool(orders)

    def _carry_out(self, order: StreamOrder, *, now: float) -> None:
        match order:
            case Carry(link=link, frame=frame):
                self._links.send_on(link, frame, now=now)
            case Offered(stream=stream):
                self._offer(stream)
            case Violated(link=link, reason=reason):
                self._links.cut(link, reason, now=now)
            case Overdone(link=link):
                self._links.dismiss(link, now=now)
            case _:  # pragma: no cover - the type checker proves that none is left
                assert_never(order)

    def _offer(self, stream: Incoming) -> None:
        member = self._company.get(stream.member)
        if member is None or self.read_with is None:
            self.streams.refuse(stream, "refused")
            return
        label = clean_name(stream.label, max_chars=MAX_STREAM_LABEL_CHARS)
        self._events.append(StreamOpened(self.read_with(stream), member, label, stream.size))
