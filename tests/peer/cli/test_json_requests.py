"""What a program may ask for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from peer.cli.json_requests import REQUESTS, decode_request, ref_of

from .stage import at_desks

DOCUMENT = Path(__file__).parents[3] / "docs" / "terminal.md"


async def test_every_request_does_what_it_says() -> None:
    """In an order in which each has something to work on."""
    async with at_desks() as (ann, _):
        room = ann.desk.room
        sent = await decode_request('{"type":"send","text":"ahoy","emoteIds":["a"]}').do(room)
        message, bob = sent["message"]["id"], room.members[1].id
        requests = [
            {"type": "edit", "id": message, "text": "ahoy there"},
            {"type": "react", "id": message, "emoji": "👍"},
            {"type": "react", "id": message, "emoji": "👍", "on": False},
            {"type": "pin", "id": message},
            {"type": "read"},
            {"type": "typing"},
            {"type": "presence", "presence": "away"},
            {"type": "history"},
            {"type": "search", "text": "there"},
            {"type": "members"},
            {"type": "invite", "open": True, "expiresS": None},
            {"type": "role", "member": bob, "role": "moderator"},
            {"type": "title", "title": "Bridge"},
            {"type": "delete", "id": message},
            {"type": "kick", "member": bob},
            {"type": "admit", "member": bob},
            {"type": "leave"},
        ]
        answers = {each["type"]: await decode_request(json.dumps(each)).do(room) for each in requests}
        assert {*answers, "send"} == set(REQUESTS)
        assert [each["text"] for each in answers["history"]["messages"]] == ["ahoy there"]
        assert [each["id"] for each in answers["search"]["messages"]] == [message]
        assert len(answers["members"]["members"]) == 2
        assert answers["invite"]["invite"].startswith("http")
        assert room.name == "Bridge"


@pytest.mark.parametrize(
    "line", ["", "ahoy", "[]", '{"type":"dance"}', '{"type":"send"}', '{"type":"send","text":"x","loud":1}']
)
def test_what_is_no_request_is_refused(line: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_request(line)


def test_ref_is_found_where_there_is_one() -> None:
    assert [ref_of(line) for line in ('{"type":"dance","ref":7}', '{"ref":"a"}', "{}", "ahoy")] == [7, "a", None, None]


def test_document_lists_every_request() -> None:
    """docs/terminal.md, each with its fields."""
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    listed = {name: set(re.findall(r"`(\w+)", fields)) for name, fields in rows if name in REQUESTS}
    fields = {name: set(each.__struct_encode_fields__) - {"ref"} for name, each in REQUESTS.items()}
    assert listed == fields
