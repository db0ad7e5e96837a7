"""A room as JSON lines."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import peer
from peer.cli.json_chat import JsonChat
from peer.testing import Network

from ...support.transport import until
from .stage import at_desks


def kinds(lines: list[str]) -> list[Any]:
    return [json.loads(line)["type"] for line in lines]


async def test_requests_are_answered_and_events_told() -> None:
    async with at_desks() as (ann, bob):
        said: list[str] = []
        chat = JsonChat(ann.desk.room, said.append)
        hearing = asyncio.create_task(chat.hear())
        assert await chat.take('{"type":"send","text":"ahoy","ref":1}')
        assert await chat.take("")
        await bob.desk.room.send("ahoy yourself")
        await until(lambda: "message" in kinds(said))
        assert not await chat.take('{"type":"leave"}')
        await ann.desk.room.leave()
        await hearing
        assert kinds(said)[0] == "entered"
        assert "connection-changed" not in kinds(said)
        [done] = [json.loads(line) for line in said if '"done"' in line]
        assert (done["ref"], done["message"]["text"]) == (1, "ahoy")
        assert kinds(said)[-1] == "state-changed"
        assert not chat.has_failed


async def test_what_fails_is_an_answer_too() -> None:
    """With the name of the error for programs, and a sentence for people."""
    async with at_desks() as (_, bob):
        said: list[str] = []
        chat = JsonChat(bob.desk.room, said.append)
        assert await chat.take('{"type":"title","title":"Mine","ref":"t"}')
        assert await chat.take("ahoy")
        answers = [json.loads(line) for line in said[1:]]
        assert [(each["type"], each["ref"], each["error"]) for each in answers] == [
            ("failed", "t", "NotAllowed"),
            ("failed", None, "BadRequest"),
        ]
        assert all(each["message"] for each in answers)
        assert chat.has_failed


async def test_invite_is_told_by_whoever_opened_the_room() -> None:
    async with Network() as network:
        room = await (await network.peer("ann")).create_room("Deck")
        said: list[str] = []
        JsonChat(room, said.append)
        JsonChat(room, said.append, shows_invite=True)
        assert [json.loads(line).get("invite") for line in said] == [None, room.invite]


async def test_gap_is_told() -> None:
    async with at_desks(peer.Config(max_queued_events=1)) as (ann, bob):
        said: list[str] = []
        chat = JsonChat(ann.desk.room, said.append)
        for text in ("one", "two", "three"):
            await bob.desk.room.send(text)
        await until(lambda: ann.desk.room.unread == 3)
        hearing = asyncio.create_task(chat.hear())
        await until(lambda: "fell-behind" in kinds(said))
        hearing.cancel()
