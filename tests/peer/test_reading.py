"""What one can look at in a room, on the network in memory."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from peer import BadSetting, Message, Room
from peer.testing import Network

from ..support.rooms import linked, next_of


async def pair(network: Network) -> tuple[Room, Room]:
    ann, bob = await network.peer("ann"), await network.peer("bob")
    deck = await ann.create_room("Deck")
    guest = await bob.join_room(str(deck.invite))
    await linked(deck, guest)
    return deck, guest


async def test_room_is_looked_through_newest_first() -> None:
    """In pages, with a bound, or before a message."""
    async with Network() as network:
        deck, _ = await pair(network)
        sent = [await deck.send(str(number)) for number in range(60)]
        assert [message.text async for message in deck.history()] == [str(number) for number in range(59, -1, -1)]
        assert [message.text async for message in deck.history(limit=2)] == ["59", "58"]
        assert [message.text async for message in deck.history(before=sent[2])] == ["1", "0"]


async def test_drafts_come_first() -> None:
    """They are what was written last."""
    async with Network() as network:
        ann = await network.peer("ann")
        deck = await ann.create_room("Deck")
        for text in ("one", "two"):
            await deck.send(text)
        assert [(message.text, message.status) async for message in deck.history()] == [
            ("two", "draft"),
            ("one", "draft"),
        ]
        assert [message.text async for message in deck.history(limit=1)] == ["two"]


async def test_words_are_found() -> None:
    """All of them, whatever their case."""
    async with Network() as network:
        deck, guest = await pair(network)
        heard = guest.events()
        for text in ("Ahoy there", "ahoy", "nothing"):
            await deck.send(text)
            await next_of(heard, Message)
        assert [message.text for message in await guest.search("AHOY")] == ["ahoy", "Ahoy there"]


async def test_room_is_written_out(tmp_path: Path) -> None:
    """As lines of JSON or as Markdown, to a file or a stream."""
    async with Network() as network:
        deck, guest = await pair(network)
        heard = guest.events()
        await deck.send("ahoy")
        message = await next_of(heard, Message)
        await message.react("👍")
        await guest.export(tmp_path / "deck.jsonl")
        [line] = (tmp_path / "deck.jsonl").read_text("utf-8").splitlines()
        written = json.loads(line)
        assert (written["text"], written["sender"]["name"]) == ("ahoy", "ann")
        assert written["reactions"] == [{"emoji": "👍", "by": ["bob"]}]
        stream = io.StringIO()
        await deck.export(stream, format="markdown")
        assert stream.getvalue().startswith("# Deck\n")
        with pytest.raises(BadSetting, match="jsonl or markdown"):
            await deck.export(stream, format="pdf")  # type: ignore[arg-type]
