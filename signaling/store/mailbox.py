"""The mailbox of one peer: letters in order, bounded, and no more of one sender than its share.

Without shares, one sender could fill a mailbox and so keep the mail of all others out. Notices are the server's own
and have no share; they find place as long as there is any. Pure: times are arguments, in seconds of the store's clock.
"""

from collections import deque
from typing import Literal, NamedTuple

from ..ids import PeerId
from ..wire import Kind
from .port import Limits, Mail, Refusal
from .rows import Letter

__all__ = ["Mailbox"]


class _Share(NamedTuple):
    """What one sender has waiting."""

    entries: int
    size: int


_NO_SHARE = _Share(0, 0)


class Mailbox:
    """What waits for one peer."""

    __slots__ = ("_letters", "_shares", "_size")

    def __init__(self) -> None:
        self._letters: deque[Letter] | tuple[()] = ()  # an empty deque has 760 bytes, and most mailboxes are empty
        self._size = 0
        """Bytes of all frames."""
        self._shares: dict[PeerId, _Share] = {}

    @property
    def ends_at(self) -> float | None:
        """When the first letter is too old; None where none waits."""
        return self._letters[0].expires_at if self._letters else None

    def check(
        self, mail: Mail, sender: PeerId, limits: Limits, *, free: int
    ) -> Literal[Refusal.MAILBOX_FULL, Refusal.SHARE_FULL] | None:
        """Why a mail has no place here, if it has none; `free` bytes are what all mailboxes together leave.

        A mailbox may hold as much as all of them leave free (the dynamic threshold of Choudhury and Hahne, 1998): a
        few that hoard cannot fill the store, and among many that do, there is still a place for small mail.
        """
        size, (entries, held) = len(mail.frame), self._shares.get(sender, _NO_SHARE)
        if sender and (entries >= limits.sender_entries or held + size > limits.sender_bytes):
            return Refusal.SHARE_FULL
        has_place = len(self._letters) < limits.mailbox_entries
        if has_place and self._size + size <= min(limits.mailbox_bytes, free):
            return None
        return Refusal.MAILBOX_FULL

    def add(self, letter: Letter) -> None:
        """Put a letter behind those that wait."""
        if isinstance(self._letters, tuple):
            self._letters = deque()
        self._letters.append(letter)
        self._count(letter, 1)

    def drop_old(self, now: float) -> list[Letter]:
        """Take out those whose time is over."""
        dropped = []
        while self._letters and self._letters[0].expires_at <= now:
            dropped.append(self._letters.popleft())
            self._count(dropped[-1], -1)
        self._letters = self._letters or ()
        return dropped

    def take(self, kind: Kind | None = None) -> list[Letter]:
        """Take out all, or those of one kind."""
        taken = [letter for letter in self._letters if kind is None or letter.kind == kind]
        if taken:
            left = deque(letter for letter in self._letters if kind is not None and letter.kind != kind)
            self._letters = left or ()
        for letter in taken:
            self._count(letter, -1)
        return taken

    def _count(self, letter: Letter, sign: Literal[1, -1]) -> None:
        self._size += sign * len(letter.frame)
        if letter.sender:
            entries, held = self._shares.pop(letter.sender, _NO_SHARE)
            if entries + sign > 0:
                self._shares[letter.sender] = _Share(entries + sign, held + sign * len(letter.frame))
