"""What a person wrote, as the frame that travels and as the event that is shown; and which of it was shown before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from ..config import Config
from ..errors import BadSetting, MessageTooLarge
from ..events import Member, Message, MessageStatus
from ..ids import MemberId, MessageId, Topic
from ..wire.frames import MAX_ID_CHARS, MAX_IDS, MAX_TEXT_CHARS, Chat

__all__ = ["Messages"]

_REMEMBERED_IDS = 512
"""Of each sender: it sends again what was not confirmed, and keeps half as many of these."""

_REMEMBERED_SENDERS = 512
"""Twice as many as are linked and gone in all; of more, those go first who were silent longest."""


class Messages:
    """Composes ours, reads theirs."""

    def __init__(
        self,
        *,
        room: Topic,
        config: Config,
        random_bytes: Callable[[int], bytes],
        wall_ms: Callable[[], int],
    ) -> None:
        self.replier: Callable[[str], Awaitable[Message]] | None = None
        """What `Message.reply` calls."""
        self._room = room
        self._max_text_bytes = min(config.max_text_bytes, MAX_TEXT_CHARS)  # more would end the link that carries it
        self._max_ids = min(config.max_emote_ids, MAX_IDS)
        self._random_bytes = random_bytes
        self._wall_ms = wall_ms
        self._seen: dict[MemberId, dict[bytes, None]] = {}

    def compose(self, text: str, *, emote_ids: tuple[str, ...], custom_emoji_ids: tuple[str, ...]) -> Chat:
        """A new message of ours; raise MessageTooLarge, BadSetting."""
        self._check_text(text)
        for ids in (emote_ids, custom_emoji_ids):
            if len(ids) > self._max_ids or any(len(_encoded(each)) > MAX_ID_CHARS for each in ids):
                raise BadSetting(f"at most {self._max_ids} emote ids of {MAX_ID_CHARS} bytes fit in a message")
        return Chat(self._random_bytes(16), self._wall_ms(), text, emote_ids, custom_emoji_ids)

    def is_news(self, sender: MemberId, chat: Chat) -> bool:
        """Whether to show it: for the first time, and of a size that we would have sent."""
        seen = self._seen_of(sender)
        if chat.message_id in seen or len(chat.text.encode()) > self._max_text_bytes:
            return False
        seen[chat.message_id] = None
        if len(seen) > _REMEMBERED_IDS:
            del seen[next(iter(seen))]
        return True

    def _seen_of(self, sender: MemberId) -> dict[bytes, None]:
        """Others cannot push out what we know of this one."""
        seen = self._seen.pop(sender, {})
        if len(self._seen) >= _REMEMBERED_SENDERS:
            del self._seen[next(iter(self._seen))]
        self._seen[sender] = seen  # the last now
        return seen

    def as_event(self, chat: Chat, sender: Member, status: MessageStatus) -> Message:
        return Message(
            id=MessageId(chat.message_id.hex()),
            room=self._room,
            sender=sender,
            text=chat.text,
            sent_at=datetime.fromtimestamp(chat.sent_at_ms / 1000, UTC),
            status=status,
            emote_ids=chat.emote_ids,
            custom_emoji_ids=chat.custom_emoji_ids,
            replier=self.replier,
        )

    def _check_text(self, text: str) -> None:
        actual_bytes = len(_encoded(text))
        if actual_bytes > self._max_text_bytes:
            raise MessageTooLarge(actual_bytes=actual_bytes, limit_bytes=self._max_text_bytes)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadSetting("the text holds half a character (a lone surrogate): decode it properly first") from error
