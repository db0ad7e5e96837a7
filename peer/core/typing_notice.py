"""Who is typing. A notice goes stale after `typing_ttl_s`; the sender renews at half of that, whatever it is asked.

Sent unordered and at most once: a lost notice costs nothing that the next one does not mend, and a lost "stopped"
goes stale by itself.
"""

from __future__ import annotations

from ..ids import MemberId
from .pace import Pace

__all__ = ["OurTyping", "TheirTyping"]


class OurTyping:
    """Decides which calls of `set_typing` are worth a frame."""

    def __init__(self, *, ttl_s: float, pace: Pace) -> None:
        self._renew_s = ttl_s / 2
        self._pace = pace
        self._renew_at: float | None = None

    def set_typing(self, typing: bool, *, now: float) -> bool:
        """True if the others should be told: it is news, and not too much of it."""
        return self._is_news(typing, now=now) and self._pace.spend(now=now)

    def stop(self) -> None:
        """What was typed is sent, which says it all."""
        self._renew_at = None

    def _is_news(self, typing: bool, *, now: float) -> bool:
        if not typing:
            was_typing, self._renew_at = self._renew_at is not None, None
            return was_typing
        if self._renew_at is not None and now < self._renew_at:
            return False
        self._renew_at = now + self._renew_s
        return True


class TheirTyping:
    """Remembers who types until when; bounded by the number of members."""

    def __init__(self, *, ttl_s: float) -> None:
        self._ttl_s = ttl_s
        self._until: dict[MemberId, float] = {}

    def receive_notice(self, member: MemberId, *, typing: bool, now: float) -> bool:
        """True if that changes anything for the user."""
        if not typing:
            return self.forget(member)
        is_new = member not in self._until
        self._until[member] = now + self._ttl_s
        return is_new

    def forget(self, member: MemberId) -> bool:
        """They stopped, wrote or left; True if they were typing."""
        return self._until.pop(member, None) is not None

    def clear(self) -> None:
        """Nobody is listened to any more."""
        self._until.clear()

    def next_deadline(self) -> float | None:
        return min(self._until.values()) if self._until else None

    def handle_timeout(self, *, now: float) -> list[MemberId]:
        """Those whose notice has gone stale."""
        stale = [member for member, until in self._until.items() if until <= now]
        for member in stale:
            del self._until[member]
        return stale
