"""The list of conversations, as a function of what is kept."""

from __future__ import annotations

from datetime import UTC, datetime

from peer.conversation_list import Conversation, Preview, list_conversations, other_in
from peer.ids import RoomId
from peer.log.event import hlc_at
from peer.log.genesis import found_direct
from peer.log.record import Conversation as LogLine
from peer.log.record import Summary
from peer.ports import RoomLine

from ..support.keys import START_MS, identity, private_room

ANN, BOB, CY = (identity(name) for name in ("ann", "bob", "cy"))
DECK, GENESIS, _ = private_room()
PAIR, PAIR_GENESIS = found_direct(ANN.public_key, BOB.public_key)
LOBBY = RoomId(b"L" * 32)
NAMES = {BOB.member_id: "bob"}


def listed(lines: list[RoomLine], *logs: LogLine, is_open: dict[RoomId, str] | None = None) -> list[Conversation]:
    return list_conversations(
        lines, logs, me=ANN.member_id, name_of=lambda member: NAMES.get(member, ""), open_rooms=is_open or {}
    )


def summary(at_s: int, *, author: bytes = BOB.public_key, title: str = "", text: str = "ahoy") -> Summary:
    return Summary(title=title, unread=2, hlc=hlc_at(START_MS + 1000 * at_s), author=author, text=text)


def test_newest_conversation_comes_first() -> None:
    """Those without a message last."""
    lines = [RoomLine(LOBBY, "lobby", public_name="lobby"), RoomLine(DECK, "Deck", GENESIS), RoomLine(PAIR, "", b"")]
    found = listed(lines, LogLine(DECK, summary(1)), LogLine(LOBBY, summary(2)))
    assert [each.room_id for each in found] == [LOBBY, DECK, PAIR]


def test_line_says_what_the_room_is_and_what_came_last() -> None:
    """By whom, when and how much of it is unread."""
    [line] = listed([RoomLine(DECK, "Deck", GENESIS)], LogLine(DECK, summary(60)))
    sent_at = datetime.fromtimestamp(START_MS / 1000 + 60, UTC)
    preview = Preview(sender_name="bob", text="ahoy", sent_at=sent_at, is_mine=False)
    assert line == Conversation(room_id=DECK, kind="private", title="Deck", unread=2, preview=preview)
    assert "ahoy" not in repr(line)


def test_direct_conversation_bears_the_name_of_the_other() -> None:
    """Whatever titles say; who was never met is nameless."""
    [line] = listed([RoomLine(PAIR, "Evil", PAIR_GENESIS)], LogLine(PAIR, summary(1, title="Evil")))
    assert (line.kind, line.title, line.member) == ("direct", "bob", BOB.member_id)
    room_id, genesis = found_direct(ANN.public_key, CY.public_key)
    [line] = listed([RoomLine(room_id, "Evil", genesis)])
    assert (line.title, line.preview) == ("nameless", None)


def test_title_is_the_one_of_the_room_that_we_are_in_then_the_one_last_set() -> None:
    """Then the one we came by."""
    lines = [RoomLine(DECK, "Deck", GENESIS)]
    assert listed(lines)[0].title == "Deck"
    named = LogLine(DECK, summary(1, title="Bridge", author=ANN.public_key))
    assert listed(lines, named)[0].title == "Bridge"
    [line] = listed(lines, named, is_open={DECK: "Mast"})
    assert (line.title, line.is_open) == ("Mast", True)
    assert line.preview is not None
    assert (line.preview.is_mine, line.preview.sender_name) == (True, "nameless")


def test_title_that_steers_a_terminal_is_cleaned() -> None:
    """Whoever may set it may be anybody."""
    [line] = listed([RoomLine(DECK, "Deck", GENESIS)], LogLine(DECK, summary(1, title="\x1b[2JBri\u202edge\n")))
    assert line.title == "[2JBri dge"


def test_room_of_which_only_messages_are_kept_is_listed() -> None:
    """An earlier version kept no public rooms."""
    [line] = listed([], LogLine(LOBBY, summary(1)))
    assert (line.kind, line.title) == ("public", "untitled")


def test_room_is_direct_for_its_two_alone() -> None:
    """Somebody else's pair, or a group of two, is none of ours."""
    assert other_in(PAIR_GENESIS, ANN.member_id) == BOB.member_id
    assert other_in(PAIR_GENESIS, CY.member_id) is None
    assert other_in(GENESIS, ANN.member_id) is None
