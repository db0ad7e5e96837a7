"""Each message is told to the program until it was done with it, across restarts and crashes, and not once more."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from peer import Bot, Message, Peer
from peer.room import Room
from peer.testing import Network

from ..support.rooms import linked


@asynccontextmanager
async def living(network: Network, folder: Path, invite: str | None) -> AsyncIterator[Room]:
    """One life of bob's process."""
    assert invite is not None
    transport = network.transport("bob")
    async with Peer("http://memory.invalid", name="bob", data_dir=folder, transport=transport) as bob:
        yield await bob.join_room(invite)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while not is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def told(room: Room, count: int) -> list[Message]:
    """The next messages, each dealt with but for the last."""
    messages: list[Message] = []
    async for event in room.events():
        messages += [event] if isinstance(event, Message) else []
        if len(messages) == count:
            break
    return messages


async def test_what_was_not_handed_over_is_told_by_the_next_process_once(tmp_path: Path) -> None:
    """DESIGN, section 7, 3: each id once, across restarts."""
    async with Network() as network:
        ann = await network.peer("ann")
        deck = await ann.create_room("Deck")
        async with living(network, tmp_path, deck.invite) as room:
            await linked(deck, room)
            sent = [await deck.send(text) for text in ("one", "two", "three")]
            assert [each.id for each in await told(room, 1)] == [sent[0].id]
            await until(lambda: room.unread == 3)
        await deck.send("four")
        async with living(network, tmp_path, deck.invite) as room:
            again = await told(room, 3)
            assert [each.text for each in again] == ["two", "three", "four"]
            assert [each.id for each in again[:2]] == [each.id for each in sent[1:]]
            assert [each.arrival for each in again] == ["missed", "missed", "live"]
        async with living(network, tmp_path, deck.invite) as room:
            await deck.send("five")
            assert [each.text for each in await told(room, 1)] == ["five"]


async def test_message_at_which_the_process_died_is_told_again(tmp_path: Path) -> None:
    """At least once, under the same id; what was dealt with before is not."""
    async with Network() as network:
        ann = await network.peer("ann")
        deck = await ann.create_room("Deck")
        async with living(network, tmp_path / "first", deck.invite) as room:
            await linked(deck, room)
            sent = [await deck.send(text) for text in ("one", "two")]
            events = room.events()
            while not isinstance(event := await anext(events), Message) or event.id != sent[1].id:
                pass
            await room.send("something that is on the disk once this returns")
            shutil.copytree(tmp_path / "first", tmp_path / "copy")  # the disk at the moment of a crash
        async with living(network, tmp_path / "copy", deck.invite) as room:
            assert [each.id for each in await told(room, 1)] == [sent[1].id]


async def test_bot_hears_again_what_its_handler_had_not_done_with(tmp_path: Path) -> None:
    """The handler that was cut off by the end of the process, and nothing that was handled."""
    async with Network() as network:
        ann = await network.peer("ann")
        deck = await ann.create_room("Deck")
        heard: list[str] = []
        bot = Bot("bob")

        @bot.on
        async def note(message: Message) -> None:
            heard.append(message.text)
            if heard == ["one", "two"]:
                await asyncio.Event().wait()  # as long as the process lives

        for texts, expected in ((["one", "two"], ["one", "two"]), (["three"], ["one", "two", "two", "three"])):
            async with living(network, tmp_path, deck.invite) as room:
                serving = asyncio.create_task(bot.serve(room))
                for text in texts:
                    await deck.send(text)
                await until(lambda: heard == expected)  # noqa: B023
                serving.cancel()
                await asyncio.wait([serving])
