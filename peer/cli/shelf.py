"""The messages that were shown in a line chat, so that a line may point at one.

`#7` is a number that /history or /search shows, `@bob` the newest of bob's, nothing the newest there is. Pure.
"""

from __future__ import annotations

from collections import OrderedDict

from ..errors import UsageError
from ..events import Member, Message
from ..ids import MessageId
from ..shown import find

__all__ = ["MAX_SHOWN", "Shelf"]

MAX_SHOWN = 2000
"""The oldest go first."""


class Shelf:
    """Of one room."""

    def __init__(self) -> None:
        self._shown: OrderedDict[MessageId, Message] = OrderedDict()
        self._numbers: dict[MessageId, int] = {}

    def __contains__(self, message_id: MessageId) -> bool:
        return message_id in self._shown

    def get(self, message_id: MessageId) -> Message | None:
        """As it was shown last."""
        return self._shown.get(message_id)

    def put(self, message: Message) -> None:
        """It was shown, or it looks otherwise now."""
        self._shown[message.id] = message
        while len(self._shown) > MAX_SHOWN:
            self._shown.popitem(last=False)

    def rename(self, draft_id: MessageId, message_id: MessageId) -> None:
        """A draft was sent and has its lasting name."""
        self._shown = OrderedDict(
            (message_id if key == draft_id else key, message) for key, message in self._shown.items()
        )

    def number(self, message: Message) -> int:
        """The number that stands for it from now on."""
        return self._numbers.setdefault(message.id, len(self._numbers) + 1)

    def point(self, word: str, members: tuple[Member, ...]) -> MessageId | None:
        """What `#7` or `@bob` stands for; None where the word is none of those. Raises UsageError."""
        if word.startswith("#") and word[1:].isascii() and word[1:].isdigit():
            return self._numbered(int(word[1:]))
        if word.startswith("@") and len(word) > 1:
            return self.newest_of(find(members, word[1:]))
        return None

    def newest_of(self, member: Member) -> MessageId:
        """Raises UsageError where nothing of theirs was shown."""
        for key, message in reversed(self._shown.items()):
            if message.sender.id == member.id and not message.is_deleted:
                return key
        who = "you have" if member.is_me else f"{member.name} has"
        raise UsageError(f"{who} said nothing here yet that you could mean: /history shows what was said before")

    def newest_of_others(self) -> MessageId:
        """Raises UsageError where nobody else said anything."""
        for key, message in reversed(self._shown.items()):
            if not message.sender.is_me and not message.is_deleted:
                return key
        raise UsageError("nobody else said anything here yet: /history shows what was said before")

    def _numbered(self, number: int) -> MessageId:
        found = next((key for key, each in self._numbers.items() if each == number), None)
        if found is None:
            raise UsageError(f"there is no message #{number}: /history and /search show numbers")
        return found
