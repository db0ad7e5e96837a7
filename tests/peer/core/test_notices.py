"""Whom a message is to be brought to: mentioned, answered, alone with its author, or just there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from peer.core.notices import notice_of
from peer.ids import MemberId, MessageId, Topic
from peer.member import Member
from peer.message import Message, Notice

BOB = Member(id=MemberId("bob"), name="bob")
SAID = Message(id=MessageId("1"), room=Topic("deck"), sender=BOB, text="ahoy", sent_at=datetime(2026, 1, 1, tzinfo=UTC))


def judge(
    message: Message = SAID, *, name: str = "Ann", answers_us: bool = False, is_direct: bool = False,
    is_muted: bool = False,
) -> Notice | None:  # fmt: skip
    return notice_of(message, our_name=name, answers_us=answers_us, is_direct=is_direct, is_muted=is_muted)


@pytest.mark.parametrize(("text", "name"), [
    ("@ann", "Ann"), ("hey @ANN, look", "Ann"), ("(@ann)", "ann"), ("@ann lee: hi", "Ann Lee"), ("@a.b+c!", "a.b+c"),
    ("@Straße", "STRASSE"), ("@bob @ann", "ann"),
])  # fmt: skip
def test_our_name_behind_an_at_is_a_mention(text: str, name: str) -> None:
    assert judge(replace(SAID, text=text), name=name) == "mention"


@pytest.mark.parametrize("text", ["ann", "@anna", "mail@ann", "@@ann", "@ ann", "@an n", ""])
def test_part_of_another_word_is_none(text: str) -> None:
    assert judge(replace(SAID, text=text)) == "message"


def test_most_urgent_reason_counts() -> None:
    """A mention before an answer, before a room of two."""
    mention = replace(SAID, text="@ann")
    assert judge(mention, answers_us=True, is_direct=True) == "mention"
    assert judge(answers_us=True, is_direct=True) == "reply"
    assert judge(is_direct=True) == "direct"
    assert judge(replace(SAID, arrival="missed")) == "message"


def test_nobody_is_told_of_what_is_ours_old_gone_or_muted() -> None:
    mention = replace(SAID, text="@ann")
    for quiet in (
        replace(mention, sender=replace(BOB, is_me=True)),
        replace(mention, arrival="history"),
        replace(mention, is_deleted=True),
    ):
        assert judge(quiet, answers_us=True, is_direct=True) is None
    assert judge(mention, is_muted=True) is None
