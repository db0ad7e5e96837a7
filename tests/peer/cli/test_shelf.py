"""Which message a line points at."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from peer import Member, Message, UsageError
from peer.cli.shelf import MAX_SHOWN, Shelf
from peer.ids import MemberId, MessageId, Topic

ANN = Member(id=MemberId("ann-key"), name="ann", is_me=True)
BOB = Member(id=MemberId("bob-key"), name="bob")
EVERYBODY = (ANN, BOB)


def said(by: Member, key: str) -> Message:
    return Message(id=MessageId(key), room=Topic("t"), sender=by, text=key, sent_at=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf()
    for message in (said(ANN, "a1"), said(BOB, "b1"), said(BOB, "b2"), said(ANN, "a2")):
        shelf.put(message)
    return shelf


def test_names_and_numbers_point_at_messages(shelf: Shelf) -> None:
    number = shelf.number(said(BOB, "b1"))
    assert shelf.number(said(BOB, "b1")) == number
    assert shelf.point(f"#{number}", EVERYBODY) == "b1"
    assert shelf.point("@bob", EVERYBODY) == "b2"
    assert [shelf.point(word, EVERYBODY) for word in ("bob", "#", "#one", "@", "")] == [None] * 5


def test_newest_is_meant_where_nothing_is_said(shelf: Shelf) -> None:
    assert (shelf.newest_of_others(), shelf.newest_of(ANN)) == ("b2", "a2")
    shelf.put(replace(said(BOB, "b2"), is_deleted=True))
    assert shelf.newest_of_others() == "b1"


def test_what_points_nowhere_says_so(shelf: Shelf) -> None:
    with pytest.raises(UsageError, match="no message #7"):
        shelf.point("#7", EVERYBODY)
    with pytest.raises(UsageError, match="nobody here is called carol"):
        shelf.point("@carol", EVERYBODY)
    for action in (Shelf().newest_of_others, lambda: Shelf().newest_of(ANN), lambda: Shelf().newest_of(BOB)):
        with pytest.raises(UsageError, match="/history"):
            action()


def test_draft_that_was_sent_keeps_its_place(shelf: Shelf) -> None:
    shelf.rename(MessageId("a2"), MessageId("a2-sent"))
    assert shelf.newest_of(ANN) == "a2-sent"
    assert MessageId("a2") not in shelf


def test_oldest_make_room() -> None:
    shelf = Shelf()
    for number in range(MAX_SHOWN + 1):
        shelf.put(said(BOB, str(number)))
    assert MessageId("0") not in shelf
    assert MessageId("1") in shelf
