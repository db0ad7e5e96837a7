"""Events as JSON: names, kinds, and what stays out."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from peer import Member, MemberJoined, Reaction
from peer.cli.json_lines import json_line, plain
from peer.ids import MemberId

BOB = Member(id=MemberId("bob-key"), name="bób\x1b", last_seen=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))


@dataclass
class Hiding:
    shown_part: bytes
    secret: str = field(repr=False)


def test_event_becomes_an_object_with_its_kind() -> None:
    line = json_line(None, MemberJoined(BOB), {"ref": 7})
    found = json.loads(line)
    assert line.isascii()
    assert "\x1b" not in line
    assert (found["type"], found["ref"]) == ("member-joined", 7)
    assert found["member"]["isMe"] is False
    assert found["member"]["lastSeen"] == "2026-01-02T03:04:00+00:00"
    assert found["member"]["name"] == "bób\x1b"


def test_what_hides_in_a_repr_hides_here() -> None:
    assert json.loads(json_line("x", Hiding(b"\xff\xfe", "open sesame"))) == {"type": "x", "shownPart": "__4"}


def test_nested_values_are_plain() -> None:
    assert plain({"some_one": [Reaction("👍", (MemberId("a"),))]}) == {
        "someOne": [{"emoji": "👍", "members": ["a"], "custom": False}]
    }
