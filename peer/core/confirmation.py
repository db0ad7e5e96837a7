"""Which messages have arrived: confirmed by their receivers, kept by their sender until then (docs/protocol.md).

Each side counts the messages that it took in from a link, and tells the other that number from time to time. Who sent
keeps what is not confirmed; where the link ends first, it is sent again on the next link to the same member, whichever
process of theirs is at its other end. Receivers know by its id what they have shown.

A member whose last link was lost is owed what is said meanwhile as well, in order; whoever said goodbye is not.
All of it is bounded: of too much the oldest goes. Whatever has gone is not reported as delivered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..ids import MemberId, PeerId
from ..wire.frames import Chat

__all__ = ["MAX_AWAY", "Confirmation", "Confirmer", "Sent", "in_order"]

MAX_AWAY = 256
"""Members whose link was lost and who are still owed something; the longest lost goes first."""

_CONFIRM_AT_ONCE = 32
"""So many messages are confirmed without waiting: a sender keeps only so many."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of ours; `number` is its place among all of them."""

    number: int
    chat: Chat

    @property
    def message_id(self) -> bytes:
        return self.chat.message_id


@dataclass(slots=True)
class Confirmer:
    """The receiver's side of one link: how many messages came, and when to say so."""

    delay_s: float
    _count: int = 0
    _told: int = 0
    _due_at: float | None = None

    def take_in(self, *, now: float) -> None:
        """One more message came."""
        self._count += 1
        self._due_at = self._due_at or now + self.delay_s
        if self._count - self._told >= _CONFIRM_AT_ONCE:
            self._due_at = now

    def next_deadline(self) -> float | None:
        return self._due_at

    def maybe_confirm(self, *, at_once: bool = False, now: float) -> int | None:
        """The number to tell them now, if it is time to; `at_once`: they want to know."""
        if self._due_at is None or (now < self._due_at and not at_once):
            return None
        self._due_at = None
        self._told = self._count
        return self._count


@dataclass(slots=True)
class _Line:
    """One open link: what was sent over it and is not confirmed."""

    member: MemberId
    limit: int
    confirmed: int = 0
    """How many of the first messages of this link are done with: confirmed, or gone since there were too many."""
    waiting: deque[Sent] = field(default_factory=deque)

    def add(self, sent: Sent) -> list[Sent]:
        """Sent over this link; answers what had to go."""
        self.waiting.append(sent)
        if len(self.waiting) <= self.limit:
            return []
        self.confirmed += 1
        return [self.waiting.popleft()]

    def confirm(self, count: int) -> list[Sent]:
        """They took in so many messages of this link; what they confirm by that."""
        news = min(count - self.confirmed, len(self.waiting))
        self.confirmed += max(news, 0)
        return [self.waiting.popleft() for _ in range(news)]


class Confirmation:
    """The sender's side, of one room."""

    def __init__(self, *, limit: int) -> None:
        """`limit` bounds what is kept for each link, and for each member without one."""
        self._limit = limit
        self._lines: dict[PeerId, _Line] = {}
        self._owed: dict[MemberId, deque[Sent]] = {}
        """To those whose last link was lost; also to those to whom nothing is owed yet."""
        self._undelivered: dict[bytes, set[MemberId]] = {}
        """Who has yet to confirm a message, of those who were linked when it was sent."""

    @property
    def is_awaited(self) -> bool:
        """Whether somebody who is linked has yet to confirm something."""
        return any(line.waiting for line in self._lines.values())

    def unsettled(self) -> list[PeerId]:
        """Those peers."""
        return [peer for peer, line in self._lines.items() if line.waiting]

    @property
    def has_listeners(self) -> bool:
        """Whether anybody is linked."""
        return bool(self._lines)

    # ---- what is sent

    def send(self, sent: Sent) -> None:
        """A message goes to everybody who is linked, and will go to those who were lost."""
        if self._lines:
            self._undelivered[sent.message_id] = {line.member for line in self._lines.values()}
        for line in self._lines.values():
            self._give_up(line.member, line.add(sent))
        for member, owed in self._owed.items():
            owed.append(sent)
            self._give_up(member, [owed.popleft()] if len(owed) > self._limit else [])

    def resend(self, peer: PeerId, sent: Sent, *, is_first: bool = False) -> None:
        """A message of before goes to one who is linked now; `is_first`: nobody had it."""
        line = self._lines[peer]
        if is_first:
            self._undelivered[sent.message_id] = {line.member}
        self._give_up(line.member, line.add(sent))

    def _give_up(self, member: MemberId, messages: Iterable[Sent]) -> None:
        """This member will never confirm these."""
        for sent in messages:
            if member in self._undelivered.get(sent.message_id, ()):
                del self._undelivered[sent.message_id]

    def confirm(self, peer: PeerId, count: int) -> list[bytes]:
        """A peer took in so many messages of its link; the ids of those that everybody has by now."""
        line = self._lines.get(peer)
        confirmed = line.confirm(count) if line else []
        return [sent.message_id for sent in confirmed if line and self._is_done(sent, line.member)]

    def _is_done(self, sent: Sent, member: MemberId) -> bool:
        missing = self._undelivered.get(sent.message_id)
        if missing is None:
            return False
        missing.discard(member)
        if missing:
            return False
        del self._undelivered[sent.message_id]
        return True

    # ---- links

    def link(self, peer: PeerId, member: MemberId) -> list[Sent]:
        """A link opened, perhaps in the place of another one; what its other end may not have, in order.

        Say it with `resend`, before anything else.
        """
        before = self._lines.pop(peer, None)
        others = [line.waiting for line in self._lines.values() if line.member == member]
        missing = [
            *(before.waiting if before else ()),
            *self._owed.pop(member, ()),
            *(each for w in others for each in w),
        ]
        self._lines[peer] = _Line(member, self._limit)
        return in_order(missing)

    def lose(self, peer: PeerId) -> None:
        """A link ended without a goodbye: what it leaves open is owed, unless the member has another link."""
        line = self._lines.pop(peer, None)
        if line is None or any(other.member == line.member for other in self._lines.values()):
            return
        self._owed[line.member] = line.waiting
        while len(self._owed) > MAX_AWAY:
            self.forget(next(iter(self._owed)))

    def part(self, peer: PeerId) -> None:
        """A link ended by a goodbye, or because its other end is no member any more."""
        line = self._lines.pop(peer, None)
        if line is not None:
            self._give_up(line.member, line.waiting)
            self.forget(line.member)

    def forget(self, member: MemberId) -> None:
        """Nothing is owed to this member."""
        self._give_up(member, self._owed.pop(member, ()))


def in_order(messages: Iterable[Sent]) -> list[Sent]:
    """As they were written, each once."""
    return [sent for _, sent in sorted({sent.number: sent for sent in messages}.items())]
