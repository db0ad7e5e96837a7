"""What a room's members tell each other in passing: its title, who we are, presence, typing.

Knows no link: it speaks through `say`, and hears of members whose link is open. Who may be heard at all is decided
before; what members tell of themselves is kept by `company`.
"""

from __future__ import annotations

import math
from typing import Protocol

from ..config import Config
from ..errors import BadSetting
from ..events import Presence
from ..ids import MemberId, PeerId
from ..wire.frames import (
    MAX_NAME_CHARS,
    AttestationUpdate,
    Frame,
    Introduction,
    PresenceUpdate,
    TypingNotice,
)
from .company import Company
from .contact import Linked
from .names import clean_name
from .pace import Pace
from .typing_notice import OurTyping

__all__ = ["Conversation", "Say"]


class Say(Protocol):
    """Sends a frame to everybody who is linked, or to one of them; answers how many that was."""

    def __call__(self, frame: Frame, *, now: float, to: PeerId | None = None) -> int: ...


class Conversation:
    """Of one room, ours and theirs; the events are those of the company."""

    def __init__(
        self,
        company: Company,
        *,
        say: Say,
        title: str,
        config: Config,
    ) -> None:
        self.title = title
        """Of the room; empty while nobody has told us."""
        self._attestation = ""
        """The server's latest word for us, as the others are told it; empty where there is none."""
        self._max_name_chars = config.max_name_chars
        self._company = company
        self._say = say
        pace = Pace(burst=config.typing_burst, per_s=config.typing_per_s, now=-math.inf)
        self._our_typing = OurTyping(ttl_s=config.typing_ttl_s, pace=pace)

    # ---- we speak

    @property
    def introduction(self) -> Introduction:
        """How we introduce ourselves on each new link."""
        me = self._company.me
        return Introduction(me.name[:MAX_NAME_CHARS], self.title[:MAX_NAME_CHARS], me.presence, self._attestation)

    def stop_typing(self) -> None:
        """What was typed has been sent: nobody need be told."""
        self._our_typing.stop()

    def set_typing(self, typing: bool, *, now: float) -> None:
        """Tell the others, at the pace that is kept here."""
        if self._our_typing.set_typing(typing, now=now):
            self._say(TypingNotice(typing), now=now)

    def set_presence(self, presence: Presence, *, now: float) -> None:
        """Tell the others, where it is news. Raises BadSetting."""
        if presence not in ("online", "away", "offline"):
            raise BadSetting(f"presence is online, away or offline, not {presence!r}")
        if self._company.set_our_presence(presence):
            self._say(PresenceUpdate(presence), now=now)

    def set_attestation(self, attestation: str, *, now: float) -> None:
        """The server vouches for us: tell the others, where it is news."""
        if attestation not in ("", self._attestation):
            self._attestation = attestation
            self._company.hear_of_us(attestation, now=now)
            self._say(AttestationUpdate(attestation), now=now)

    # ---- they come, speak and go

    def welcome(self, linked: Linked, *, now: float) -> None:
        """A link to a member opened: it is told what it missed."""
        self._company.welcome(linked.member, linked.introduction, now=now)
        self._learn_title(linked)
        if self._attestation not in ("", linked.told.attestation):
            self._say(AttestationUpdate(self._attestation), now=now, to=linked.peer)
        if linked.told.presence != self._company.me.presence:
            self._say(PresenceUpdate(self._company.me.presence), now=now, to=linked.peer)

    def _learn_title(self, linked: Linked) -> None:
        """The owner's word counts, any member's will do until then; a public room's title is its name."""
        if not self.title or self._company.role_of(linked.member) == "owner":
            self.title = clean_name(linked.introduction.title, max_chars=self._max_name_chars) or self.title

    def hear(
        self, member_id: MemberId, frame: PresenceUpdate | TypingNotice | AttestationUpdate, *, now: float
    ) -> None:
        """A member says something that concerns itself."""
        self._company.hear(member_id, frame, now=now)
