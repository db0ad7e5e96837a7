"""`python -m peer` as programs and people start it: real processes, a real server, real links."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .children import Child

pytestmark = pytest.mark.rtc


def command(*words: str, folder: Path, server: str) -> Child:
    return Child("-m", "peer", *words, settings={"XDG_DATA_HOME": str(folder), "SPEAKTUBE_SERVER": server})


def told(child: Child, kind: str) -> dict[str, Any]:
    """The first object of this type; waited for."""
    line = child.find(rf'(\{{"type":"{kind}".*\}})\n')
    return dict(json.loads(line))


def test_programs_talk_in_json_lines(server: str, tmp_path: Path) -> None:
    """Each in a process; both see messages, reactions and who goes, and end with 0."""
    with command("chat", "--create", "Deck", "--json", "--name", "ann", folder=tmp_path, server=server) as ann:
        invite = told(ann, "entered")["invite"]
        with command("chat", invite, "--json", "--name", "bob", folder=tmp_path, server=server) as bob:
            told(bob, "member-joined")
            bob.type('{"type":"send","text":"ahoy","ref":"a"}\n')
            sent = told(bob, "done")
            assert (sent["ref"], sent["message"]["text"]) == ("a", "ahoy")
            heard = told(ann, "message")
            assert (heard["text"], heard["sender"]["name"]) == ("ahoy", "bob")
            ann.type(json.dumps({"type": "react", "id": heard["id"], "emoji": "👍"}) + "\n")
            assert told(bob, "reaction-changed")["emoji"] == "👍"
            bob.end_input()
            assert (bob.wait(), bob.errors.join()) == (0, "")
        assert told(ann, "member-left")["reason"] == "left"
        ann.type('{"type":"leave"}\n')
        assert (ann.wait(), ann.errors.join()) == (0, "")


def test_interrupted_listener_says_goodbye(server: str, tmp_path: Path) -> None:
    """Ctrl-C is 130 without a word, and the others are told that it left."""
    with command("chat", "--create", "Lobby", "--public", "--name", "ann", folder=tmp_path, server=server) as ann:
        ann.wait_for("Lobby is open")
        with command("recv", "Lobby", "--name", "bob", folder=tmp_path, server=server) as bob:
            ann.wait_for("bob is here")
            bob.interrupt()
            assert (bob.wait(), bob.errors.join()) == (130, "")
        ann.wait_for("bob left")
