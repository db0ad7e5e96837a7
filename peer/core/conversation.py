"""What is said in one room: its title, messages, presence, typing, and what each of its members has yet to be told.

Knows no link: it speaks through `say`, and hears of members whose link is open. Who may be heard at all is decided
before; what members tell of themselves is kept by `company`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from ..config import Config
from ..errors import BadSetting
from ..events import Event, Message, Presence, StatusChanged
from ..ids import MemberId, MessageId, PeerId, Topic
from ..wire.frames import (
    MAX_NAME_CHARS,
    AttestationUpdate,
    Chat,
    Confirmed,
    Frame,
    Heartbeat,
    Introduction,
    PresenceUpdate,
    TypingNotice,
)
from .company import Company
from .confirmation import Confirmation, Sent, in_order
from .contact import Linked, Parted, Said
from .messages import Messages
from .names import clean_name
from .outbox import Outbox
from .pace import Pace
from .typing_notice import OurTyping

__all__ = ["Conversation", "Say"]


class Say(Protocol):
    """Sends a frame to everybody who is linked, or to one of them; answers how many that was."""

    def __call__(self, frame: Frame, *, now: float, to: PeerId | None = None) -> int: ...


class Conversation:
    """Of one room, ours and theirs. `take_events` after each call, behind those of the company."""

    def __init__(
        self,
        company: Company,
        *,
        say: Say,
        title: str,
        room: Topic,
        config: Config,
        random_bytes: Callable[[int], bytes],
        wall_ms: Callable[[], int],
    ) -> None:
        self.title = title
        """Of the room; empty while nobody has told us."""
        self._attestation = ""
        """The server's latest word for us, as the others are told it; empty where there is none."""
        self._max_name_chars = config.max_name_chars
        self._company = company
        self._say = say
        self._messages = Messages(room=room, config=config, random_bytes=random_bytes, wall_ms=wall_ms)
        self._numbers = itertools.count()
        self._confirmation = Confirmation(limit=config.max_pending_messages, wave_bytes=config.high_water_bytes)
        self._outbox = Outbox(limit=config.max_pending_messages)
        pace = Pace(burst=config.typing_burst, per_s=config.typing_per_s, now=-math.inf)
        self._our_typing = OurTyping(ttl_s=config.typing_ttl_s, pace=pace)
        self._events: list[Event] = []

    def reply_with(self, replier: Callable[[str], Awaitable[Message]]) -> None:
        """What `Message.reply` is to call: the `send` of the room."""
        self._messages.replier = replier

    def take_events(self) -> list[Event]:
        taken, self._events = self._events, []
        return taken

    # ---- we speak

    @property
    def introduction(self) -> Introduction:
        """How we introduce ourselves on each new link."""
        me = self._company.me
        return Introduction(me.name[:MAX_NAME_CHARS], self.title[:MAX_NAME_CHARS], me.presence, self._attestation)

    def send(
        self,
        text: str,
        *,
        emote_ids: tuple[str, ...],
        custom_emoji_ids: tuple[str, ...],
        waiting: Iterable[PeerId],
        now: float,
    ) -> Message:
        """Hand a message to all who are linked, and to `waiting` once they are.

        Raises MessageTooLarge, BadSetting, OutboxFull.
        """
        chat = self._messages.compose(text, emote_ids=emote_ids, custom_emoji_ids=custom_emoji_ids)
        sent = Sent(next(self._numbers), chat)
        is_draft = not self._confirmation.has_listeners
        if is_draft:
            self._outbox.add_draft(sent)
        told = self._confirmation.send(sent)
        self._outbox.add_waiting(sent, waiting)
        for peer in told:
            self._say(chat, now=now, to=peer)
        self._our_typing.stop()
        return self._messages.as_event(chat, self._company.me, "draft" if is_draft else "sent")

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

    def owes(self, peers: Iterable[PeerId]) -> bool:
        """Whether one of these, none of them linked yet, has to get something, or whoever is linked to confirm it."""
        return self._confirmation.is_awaited or self._outbox.owes(peers)

    def ask_for_confirmation(self, *, now: float) -> None:
        """Of those who have not confirmed everything: a heartbeat makes them do it at once."""
        for peer in self._confirmation.unsettled():
            self._say(Heartbeat(), now=now, to=peer)

    def welcome(self, linked: Linked, *, now: float) -> None:
        """A link to a member opened: it is told what it missed."""
        self._company.welcome(linked.member, linked.introduction, now=now)
        self._learn_title(linked)
        if self._attestation not in ("", linked.told.attestation):
            self._say(AttestationUpdate(self._attestation), now=now, to=linked.peer)
        if linked.told.presence != self._company.me.presence:
            self._say(PresenceUpdate(self._company.me.presence), now=now, to=linked.peer)
        unconfirmed = self._confirmation.link(linked.peer, linked.member)
        waiting, drafts = self._outbox.take(linked.peer)
        self._confirmation.owe(linked.peer, in_order([*unconfirmed, *waiting]), first=drafts)
        self._resume(linked.peer, now=now)
        self._events += [StatusChanged(MessageId(message_id.hex()), "sent") for message_id in drafts]

    def _resume(self, peer: PeerId, *, now: float) -> None:
        for sent in self._confirmation.resume(peer):
            self._say(sent.chat, now=now, to=peer)

    def _learn_title(self, linked: Linked) -> None:
        """The owner's word counts, any member's will do until then; a public room's title is its name."""
        if not self.title or self._company.role_of(linked.member) == "owner":
            self.title = clean_name(linked.introduction.title, max_chars=self._max_name_chars) or self.title

    def hear(self, peer: PeerId, member_id: MemberId, frame: Said, *, now: float) -> None:
        """A member said something, over its link to this process of its."""
        if isinstance(frame, Chat):
            self._hear_chat(member_id, frame)
        elif isinstance(frame, Confirmed):
            done = self._confirmation.confirm(peer, frame.count)
            self._events += [StatusChanged(MessageId(message_id.hex()), "delivered") for message_id in done]
            self._resume(peer, now=now)
        else:
            self._company.hear(member_id, frame, now=now)

    def _hear_chat(self, member_id: MemberId, chat: Chat) -> None:
        sender = self._company.get(member_id)
        if sender is None or not self._messages.is_news(member_id, chat):
            return
        self._company.stop_typing(member_id)
        self._events.append(self._messages.as_event(chat, sender, "sent"))

    def part(self, parted: Parted) -> None:
        """A link to a member ended: what it left open is owed, unless that was the member's own wish, or ours."""
        if parted.reason in ("left", "removed"):
            self._confirmation.part(parted.peer)
        else:
            self._confirmation.lose(parted.peer)

    def forget(self, peer: PeerId, *, member: MemberId | None = None) -> None:
        """This peer is gone for good; or it is this member, who is to hear nothing of what was said."""
        self._outbox.forget(peer)
        if member is not None:
            self._confirmation.forget(member)
