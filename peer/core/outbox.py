"""Messages on their way to peers whose link is not open yet.

A message that nobody was handed is a draft: it goes to whoever comes first. A message that some were handed waits for
those who were present, but not linked, when it was written. Both are bounded: drafts are refused beyond the bound, and
for a peer that never links the oldest messages go.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from ..errors import OutboxFull
from ..ids import PeerId
from .confirmation import Sent

__all__ = ["Outbox"]


class Outbox:
    """Drafts, and what each absent peer has yet to get."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._drafts: dict[bytes, Sent] = {}
        self._waiting: dict[PeerId, deque[Sent]] = {}

    def add_draft(self, sent: Sent) -> None:
        """Keep it until the first member is linked; raise OutboxFull beyond the bound."""
        if len(self._drafts) >= self._limit:
            raise OutboxFull(limit=self._limit)
        self._drafts[sent.message_id] = sent

    def add_waiting(self, sent: Sent, peers: Iterable[PeerId]) -> None:
        """Keep it for these peers as well."""
        for peer in peers:
            self._waiting.setdefault(peer, deque(maxlen=self._limit)).append(sent)

    def take(self, peer: PeerId) -> tuple[list[Sent], list[bytes]]:
        """What this newly linked peer is to get, in the order written, and the ids that were drafts until now."""
        waiting = {sent.message_id: sent for sent in self._waiting.pop(peer, ())}
        drafts, self._drafts = self._drafts, {}
        # What does not wait for this peer by name was written before we knew of it.
        earlier = [sent for message_id, sent in drafts.items() if message_id not in waiting]
        return [*earlier, *waiting.values()], list(drafts)

    def owes(self, peers: Iterable[PeerId]) -> bool:
        """Whether one of these, none of them linked yet, has to get something."""
        return any(self._drafts or peer in self._waiting for peer in peers)

    def forget(self, peer: PeerId) -> None:
        """This peer is gone for good."""
        self._waiting.pop(peer, None)
