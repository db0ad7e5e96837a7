"""Messages composed and read."""

from datetime import UTC, datetime

import pytest

from peer.config import Config
from peer.core.messages import Messages
from peer.errors import BadSetting, MessageTooLarge
from peer.events import Member
from peer.ids import MemberId, MessageId, Topic
from peer.wire.frames import Chat

BOB = Member(id=MemberId("bob"), name="bob")


def messages(config: Config | None = None) -> Messages:
    return Messages(room=Topic("deck"), config=config or Config(), random_bytes=bytes, wall_ms=lambda: 1500)


def chat(number: int, text: str = "ahoy") -> Chat:
    return Chat(number.to_bytes(16), 1500, text)


def test_composed_message_carries_what_was_written_and_when() -> None:
    composed = messages().compose("ahoy", emote_ids=("a",), custom_emoji_ids=("b",))
    assert composed == Chat(bytes(16), 1500, "ahoy", ("a",), ("b",))


def test_message_is_shown_with_its_sender_and_its_reply() -> None:
    reader = messages()
    event = reader.as_event(chat(1), BOB, "sent")
    assert (event.id, event.room, event.sender, event.text) == (MessageId("0" * 31 + "1"), "deck", BOB, "ahoy")
    assert event.sent_at == datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)


@pytest.mark.parametrize("text", ["x" * 11, "é" * 6])
def test_text_is_measured_in_bytes(text: str) -> None:
    """Nothing was sent; the error says both figures."""
    with pytest.raises(MessageTooLarge, match=r"takes 1[12] bytes, 10 are allowed"):
        messages(Config(max_text_bytes=10)).compose(text, emote_ids=(), custom_emoji_ids=())


@pytest.mark.parametrize("ids", [("x" * 65,), ("x",) * 65, ("\ud800",)], ids=["long", "many", "half a character"])
def test_emote_ids_that_do_not_fit_are_refused(ids: tuple[str, ...]) -> None:
    for kinds in ({"emote_ids": ids, "custom_emoji_ids": ()}, {"emote_ids": (), "custom_emoji_ids": ids}):
        with pytest.raises(BadSetting):
            messages().compose("ahoy", **kinds)


def test_lone_surrogate_is_refused() -> None:
    with pytest.raises(BadSetting, match="half a character"):
        messages().compose("\udc80", emote_ids=(), custom_emoji_ids=())


def test_message_is_news_once_for_each_sender() -> None:
    """Nobody can spoil the id of somebody else's."""
    reader = messages()
    assert reader.is_news(BOB.id, chat(1))
    assert not reader.is_news(BOB.id, chat(1))
    assert reader.is_news(MemberId("eve"), chat(1))


def test_message_larger_than_we_would_send_is_no_news() -> None:
    assert not messages(Config(max_text_bytes=3)).is_news(BOB.id, chat(1))


def test_made_up_senders_do_not_push_out_who_speaks() -> None:
    """Those go first who were silent longest."""
    reader = messages()
    for number in range(600):
        assert reader.is_news(MemberId(f"mallory {number}"), chat(0))
        assert reader.is_news(BOB.id, chat(number))
    assert not reader.is_news(BOB.id, chat(599))
    assert not reader.is_news(BOB.id, chat(100))
    assert len(reader._seen) == 512


def test_memory_of_what_was_shown_is_bounded() -> None:
    reader = messages()
    for number in range(4097):
        assert reader.is_news(BOB.id, chat(number))
    assert reader.is_news(BOB.id, chat(0))
    assert not reader.is_news(BOB.id, chat(4096))
