"""What others wrote stays text in a file, for programs and for eyes."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from peer.export import MAX_REACTIONS, Entry, json_line, markdown
from peer.ids import MemberId

ENTRY = Entry(
    id="ab" * 32,
    sender_id=MemberId("A" * 43),
    sender_name="Ann",
    sent_at=datetime(2026, 11, 22, 10, 43, 5, tzinfo=UTC),
    text="Ahoy",
)
HOSTILE = st.text(st.sampled_from("#*_-+=>`~[]()!<>&|\\:$1.) \t\n\r\x1b\x9b\x85\u2028\u202eaé"), max_size=30)

parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def rendered(*entries: Entry, title: str = "Deck") -> list[Token]:
    return parser.parse("".join(markdown(title, entries)))


def texts(tokens: list[Token]) -> list[str]:
    """What each paragraph or heading shows; a hard break is a line feed."""
    return [
        "".join("\n" if child.type == "hardbreak" else child.content for child in token.children or ())
        for token in tokens
        if token.type == "inline"
    ]


def test_message_is_one_line_of_json() -> None:
    """With all that is known of it."""
    entry = replace(
        ENTRY,
        edited_at=ENTRY.sent_at,
        is_pinned=True,
        reply_to="cd" * 32,
        emote_ids=("kappa",),
        custom_emoji_ids=("anchor",),
        reactions=(("👍", ("Ben", "Cid")),),
    )
    assert json.loads(json_line(entry)) == {
        "id": "ab" * 32,
        "sender": {"id": "A" * 43, "name": "Ann"},
        "sentAt": "2026-11-22T10:43:05+00:00",
        "text": "Ahoy",
        "editedAt": "2026-11-22T10:43:05+00:00",
        "deleted": False,
        "pinned": True,
        "replyTo": "cd" * 32,
        "emoteIds": ["kappa"],
        "customEmojiIds": ["anchor"],
        "reactions": [{"emoji": "👍", "by": ["Ben", "Cid"]}],
    }
    assert json.loads(json_line(ENTRY))["editedAt"] is None


@settings(max_examples=100)
@given(st.text(max_size=30) | HOSTILE)
def test_json_is_ascii_and_gives_every_character_back(text: str) -> None:
    """Nothing in it moves a cursor or ends the line."""
    line = json_line(replace(ENTRY, text=text, sender_name=text))
    assert line[-1] == "\n"
    assert line[:-1].isascii()
    assert line[:-1].isprintable()
    assert (json.loads(line)["text"], json.loads(line)["sender"]["name"]) == (text, text)


def test_conversation_reads_well() -> None:
    """Days apart, each message under who said it and when."""
    entries = [
        ENTRY,
        replace(ENTRY, sender_name="Ben", text="Aye!\n\n  1. heave", edited_at=ENTRY.sent_at, is_pinned=True),
        replace(ENTRY, sent_at=datetime(2026, 11, 23, tzinfo=UTC), text="gone", is_deleted=True),
        replace(ENTRY, sent_at=datetime(2026, 11, 23, tzinfo=UTC), reactions=(("👍", ("Ben", "Cid")), ("❤️", ("Eve",)))),
    ]
    assert "".join(markdown("The *Deck*", entries)) == (
        "# The \\*Deck\\*\n\n## 2026-11-22\n\nAnn at 10:43:05:\n\n> Ahoy\n\n"
        "Ben at 10:43:05 (edited, pinned):\n\n> Aye\\!\\\n> \u00a0\\\n> \u00a0\u00a01\\. heave\n\n"
        "## 2026-11-23\n\nAnn at 00:00:00:\n\n> *deleted*\n\n"
        "Ann at 00:00:00:\n\n> Ahoy\n\nreactions: 👍 Ben, Cid · ❤️ Eve\n"
    )


INJECTIONS = [
    "# heading\n## another",
    "ahoy\n\nBen at 10:44:00:\n\n> forged",
    "</blockquote><script>alert(1)</script>",
    "![](https://tracker.example/x.png)",
    "[safe](https://evil.example)\n[safe]: https://evil.example",
    "<https://evil.example>",
    "```\ncode\n```\n~~~",
    "    indented code\n\tand by tab",
    "- list\n* list\n+ list\n1. one\n2) two",
    "title\n=====\ntitle\n-----\n***\n___",
    "a | b\n--|--\n1 | 2",
    "&lt;b&gt; &#x1b;[2J &copy;",
    "**bold** _it_ ~~gone~~ `code` $x$",
    "trailing backslash \\\nand two spaces  \nend\\",
    "\x1b[2J\x1b]0;title\x07 \x9b31m \u202etxt.exe",
    "one\rtwo\r\nthree\u2028four\x0bfive",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_text_stays_text(text: str) -> None:
    """In its quotation, between what was said before and after it."""
    check_structure(text)


@settings(max_examples=100)
@given(HOSTILE)
def test_any_text_stays_text(text: str) -> None:
    """As words and as the name of a member, a reaction or the room."""
    check_structure(text)


def check_structure(text: str) -> None:
    hostile = replace(ENTRY, text=text, sender_name=text, reactions=((text, (text,)),))
    tokens = rendered(ENTRY, hostile, ENTRY, title=text)
    quote = ["blockquote_open", "paragraph_open", "inline", "paragraph_close"]
    said = ["paragraph_open", "inline", "paragraph_close", *quote, "blockquote_close"]
    reacted = [*said, "paragraph_open", "inline", "paragraph_close"]
    heading = ["heading_open", "inline", "heading_close"]
    assert [token.type for token in tokens] == [*heading, *heading, *said, *reacted, *said]
    assert {child.type for token in tokens for child in token.children or ()} <= {"text", "text_special", "hardbreak"}
    shown = texts(tokens)
    assert comparable(shown[5]) == comparable(text)
    assert len(shown[5].split("\n")) <= len(text.splitlines()) + 1
    control = [c for part in shown for c in part if c != "\n" and unicodedata.category(c) in {"Cc", "Zl", "Zp"}]
    assert control == []
    assert "\u202e" not in "".join(shown)


def comparable(text: str) -> str:
    """Letters and marks that are seen."""
    return "".join(c for c in text if unicodedata.category(c)[0] not in "CZ")


def test_answer_names_what_it_answers() -> None:
    """By who said it and when; what is not in the file has no name."""
    answer = replace(ENTRY, id="cd" * 32, sender_name="Ben", reply_to=ENTRY.id)
    lost = replace(answer, reply_to="ef" * 32)
    heads = [text for text in texts(rendered(ENTRY, answer, lost)) if text.startswith("Ben")]
    assert heads == [
        "Ben at 10:43:05 (answers Ann at 10:43:05):",
        "Ben at 10:43:05 (answers what is not here):",
    ]


def test_many_reactions_are_counted() -> None:
    """Somebody may give hundreds."""
    entry = replace(ENTRY, reactions=tuple((f"{number}", ("Ben",)) for number in range(MAX_REACTIONS + 7)))
    assert texts(rendered(entry))[-1].endswith(f"{MAX_REACTIONS - 1} Ben · 7 more")


def test_empty_conversation_has_its_title() -> None:
    assert list(markdown("Deck", [])) == ["# Deck\n"]
