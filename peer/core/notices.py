"""Whether somebody is to be told now that a message came, and why."""

from __future__ import annotations

import re

from ..message import Message, Notice

__all__ = ["notice_of"]


def notice_of(message: Message, *, our_name: str, answers_us: bool, is_direct: bool, is_muted: bool) -> Notice | None:
    """The most urgent reason; None for what is ours, old, taken back, or in a room that was muted.

    A mention is `@` and our name as a word of its own, whatever its case.
    """
    if is_muted or message.sender.is_me or message.arrival == "history" or message.is_deleted:
        return None
    if _mentions(message.text, our_name):
        return "mention"
    if answers_us:
        return "reply"
    return "direct" if is_direct else "message"


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w@])@{re.escape(name.casefold())}(?!\w)", text.casefold()) is not None
