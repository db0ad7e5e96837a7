"""Which messages have arrived: confirmed by their receivers, kept by their sender until then (docs/protocol.md).

Each side counts the messages that it took in from a link, and tells the other that number from time to time. Who sent
keeps what is not confirmed; where the link ends first, it is sent again on the next link to the same member, whichever
process of theirs is at its other end. Receivers know by its id what they have shown.

A member who lost a link is owed what is said meanwhile as well, in order, whatever other devices of it are linked;
whoever said goodbye is not. It is sent in waves, each when the one before is confirmed, as a link holds only so much;
what is new waits behind it. All of it is bounded: of too much the oldest goes. Whatever has gone is not reported as
delivered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
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
    backlog: deque[Sent] = field(default_factory=deque)
    """What is to be sent once that is confirmed."""

    @property
    def open(self) -> tuple[Sent, ...]:
        """All that its other end may not have."""
        return (*self.waiting, *self.backlog)

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

    def __init__(self, *, limit: int, wave_bytes: int) -> None:
        """`limit` bounds what is kept for each link, and for each member who lost one."""
        self._limit = limit
        self._wave_bytes = wave_bytes
        self._lines: dict[PeerId, _Line] = {}
        self._owed: dict[MemberId, deque[Sent]] = {}
        """To those who lost a link; also to those to whom nothing is owed yet."""
        self._undelivered: dict[bytes, set[MemberId]] = {}
        """Who has yet to confirm a message, of those who were linked when it was sent."""

    @property
    def is_awaited(self) -> bool:
        """Whether somebody who is linked has yet to confirm something."""
        return any(line.open for line in self._lines.values())

    def unsettled(self) -> list[PeerId]:
        """Those peers."""
        return [peer for peer, line in self._lines.items() if line.open]

    @property
    def has_listeners(self) -> bool:
        """Whether anybody is linked."""
        return bool(self._lines)

    # ---- what is sent

    def send(self, sent: Sent) -> list[PeerId | None]:
        """A message goes to all who are linked, and will go to those who were lost; whom to tell now, None for all."""
        if self._lines:
            self._undelivered[sent.message_id] = {line.member for line in self._lines.values()}
        told = [peer for peer, line in self._lines.items() if not line.backlog]
        for peer in told:
            self._add(self._lines[peer], sent)
        for line in self._lines.values():
            if line.backlog:
                self._put_off(line.member, line.backlog, sent)
        for member, owed in self._owed.items():
            self._put_off(member, owed, sent)
        return [*told] if len(told) < len(self._lines) else [None]

    def _add(self, line: _Line, sent: Sent) -> None:
        self._give_up(line.member, line.add(sent))

    def _put_off(self, member: MemberId, owed: deque[Sent], sent: Sent) -> None:
        owed.append(sent)
        self._give_up(member, [owed.popleft()] if len(owed) > self._limit else [])

    def owe(self, peer: PeerId, messages: Iterable[Sent], *, first: Collection[bytes] = ()) -> None:
        """These of before are to go to one who is linked now, by `resume`; nobody had those whose ids are `first`."""
        line = self._lines[peer]
        line.backlog.extend(messages)
        self._undelivered.update((message_id, {line.member}) for message_id in first)

    def resume(self, peer: PeerId) -> list[Sent]:
        """What it is to be told now: the next wave of what it is owed, if all before is confirmed."""
        line = self._lines.get(peer)
        wave: list[Sent] = []
        if line is None or line.waiting:
            return wave
        room_bytes = self._wave_bytes
        while line.backlog and room_bytes > 0:
            wave.append(line.backlog.popleft())
            room_bytes -= _size_bytes(wave[-1].chat)
            self._add(line, wave[-1])
        return wave

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

        It is to be owed.
        """
        before = self._lines.pop(peer, None)
        others = [line.open for line in self._lines.values() if line.member == member]
        missing = [
            *(before.open if before else ()),
            *self._owed.pop(member, ()),
            *(each for w in others for each in w),
        ]
        self._lines[peer] = _Line(member, self._limit)
        return in_order(missing)

    def lose(self, peer: PeerId) -> None:
        """A link ended without a goodbye: what it leaves open is owed; other links of the member are other devices."""
        line = self._lines.pop(peer, None)
        if line is None:
            return
        owed = in_order([*self._owed.pop(line.member, ()), *line.open])
        self._give_up(line.member, owed[: -self._limit])
        self._owed[line.member] = deque(owed[-self._limit :])
        while len(self._owed) > MAX_AWAY:
            self.forget(next(iter(self._owed)))

    def part(self, peer: PeerId) -> None:
        """A link ended by a goodbye, or because its other end is no member any more."""
        line = self._lines.pop(peer, None)
        if line is not None:
            self._give_up(line.member, line.open)
            self.forget(line.member)

    def forget(self, member: MemberId) -> None:
        """Nothing is owed to this member."""
        self._give_up(member, self._owed.pop(member, ()))


def _size_bytes(chat: Chat) -> int:
    """Of all that can be long."""
    return sum(len(each.encode()) for each in (chat.text, *chat.emote_ids, *chat.custom_emoji_ids)) + 1


def in_order(messages: Iterable[Sent]) -> list[Sent]:
    """As they were written, each once."""
    return [sent for _, sent in sorted({sent.number: sent for sent in messages}.items())]
