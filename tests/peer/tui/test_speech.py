from datetime import UTC
from typing import Any

import pytest

from peer.events import Reaction
from peer.ids import MemberId, MessageId
from peer.tui.lines import line_width
from peer.tui.speech import Look, action_of, clock, excerpt, mentions, speech

from .values import at, member, message

ME = member("alice", is_me=True)


def shown(width: int = 60, *, nick_width: int = 0, quote: str = "", **fields: Any) -> list[str]:
    look = Look(width=width, nick_width=nick_width, my_name="alice", tz=UTC)
    lines = speech(message(**fields), look, quote=quote)
    assert all(line_width(line) <= width for line in lines)
    return ["".join(span.text for span in line) for line in lines]


def styles(**fields: Any) -> set[str]:
    lines = speech(message(**fields), Look(width=60, my_name="alice", tz=UTC))
    return {span.style for line in lines for span in line}


def test_a_message_has_time_name_and_words() -> None:
    assert shown(text="ahoy") == ["12:00 bob: ahoy"]
    assert clock(at(61), UTC) == "13:01"


def test_names_have_a_column_where_there_is_room() -> None:
    assert shown(nick_width=6, text="ahoy") == ["12:00    bob │ ahoy"]
    assert shown(nick_width=6, text="x", sender=member("maximilian", verified=True)) == ["12:00 ✓maxi… │ x"]


def test_lines_of_a_message_are_indented() -> None:
    """So that none can pass for another message."""
    assert shown(text="one\n12:00 eve: two") == ["12:00 bob: one", "      12:00 eve: two"]
    assert shown(20, text="one two three four") == ["12:00 bob: one two ", "      three four"]


@pytest.mark.parametrize(
    ("status", "ending"),
    [
        ("draft", "◌ waits for somebody to come"),
        ("sent", "›"),
        ("delivered", "✓"),
        ("read", "✓✓"),
        ("failed", "✗ not sent"),
    ],
)
def test_our_messages_tell_how_far_they_got(status: Any, ending: str) -> None:
    assert shown(sender=ME, status=status) == [f"12:00 alice: ahoy {ending}"]


def test_those_of_others_tell_nothing() -> None:
    assert shown(status="sent") == ["12:00 bob: ahoy"]


def test_changes_are_told() -> None:
    assert shown(edited_at=at(1), is_pinned=True) == ["12:00 bob: ahoy (edited) (pinned)"]
    assert shown(sender=ME, text="", is_deleted=True, edited_at=at(1)) == ["12:00 alice: message deleted"]


def test_an_answer_shows_what_it_answers() -> None:
    assert shown(reply_to=MessageId("q"), quote="eve: who?") == ["12:00 ┌ eve: who?", "      bob: ahoy"]
    assert shown(reply_to=MessageId("q"))[0] == "12:00 ┌ a message that is not here"


def test_reactions_are_counted() -> None:
    given = (Reaction("👍", (MemberId("a"), MemberId("b"))), Reaction("party", (MemberId("a"),), custom=True))
    assert shown(reactions=given)[1] == "       👍 2   :party: 1  "


def test_actions_are_told_in_the_third_person() -> None:
    assert action_of("/me waves") == "waves"
    assert action_of("/meow") is None
    assert shown(text="/me waves") == ["12:00 * bob waves"]
    assert shown(text="/me waves", nick_width=6) == ["12:00      * │ bob waves"]
    assert "action" in styles(text="/me waves")


def test_our_name_stands_out() -> None:
    assert mentions("Alice: come", "alice")
    assert not mentions("malice", "alice")
    assert not mentions("anything", "")
    assert "mention" in styles(text="hey alice!")
    assert "mention" not in styles(text="I, alice", sender=ME)


def test_an_excerpt_is_one_line() -> None:
    assert excerpt(message("one\ntwo")) == "bob: one two"
    assert excerpt(message("", is_deleted=True)) == "bob: (deleted)"
    assert excerpt(message("x" * 99), 10) == "bob: xxxx…"


def test_nothing_steers_the_terminal() -> None:
    """Names, words and emoji come from peers."""
    evil = "\x1b[31m\u202e\x07"
    lines = shown(
        text=f"a{evil}b",
        sender=member(f"✓eve{evil}"),
        reactions=(Reaction(evil + "x", (MemberId("a"),)),),
        reply_to=MessageId("q"),
        quote=excerpt(message(f"q{evil}", sender=member(f"x{evil}"))),
    )
    assert not {"\x1b", "\u202e", "\x07", "✓"} & set("".join(lines))
