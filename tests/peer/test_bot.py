"""Bots over the network in memory: who hears what, in which order, and what a mistake costs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Union

import pytest

import peer
from peer import (
    BadSetting,
    Bot,
    ConnectionChanged,
    Event,
    MemberJoined,
    MemberLeft,
    Message,
    PresenceChanged,
    Room,
    StateChanged,
    TypingChanged,
)
from peer.testing import Network

from ..support.rooms import linked, next_of, pair
from ..support.transport import until


@contextlib.asynccontextmanager
async def serving(bot: Bot, *, config: peer.Config | None = None) -> AsyncIterator[tuple[Room, Room]]:
    """The bot serves ann's room; bob is its guest."""
    async with Network() as network:
        deck, guest = await pair(network, config=config)
        async with asyncio.TaskGroup() as group:
            group.create_task(bot.serve(deck))
            yield deck, guest
            await deck.leave()


# ---- who hears what


async def test_handler_hears_what_its_annotation_names() -> None:
    """One kind, a union in both spellings, or all events."""
    bot, heard = Bot("bot"), dict[str, list[Any]](message=[], two=[], old=[], every=[])

    @bot.on
    async def on_message(message: Message) -> None:
        heard["message"].append(message)

    @bot.on
    async def on_two(event: TypingChanged | PresenceChanged) -> None:
        heard["two"].append(event)

    @bot.on
    async def on_old(event: Union[MemberJoined, MemberLeft]) -> None:  # noqa: UP007 - the old spelling
        heard["old"].append(event)

    @bot.on
    async def on_every(event: Event) -> None:
        heard["every"].append(event)

    async with serving(bot) as (_, guest):
        await guest.set_typing(True)
        await guest.set_presence("away")
        await guest.send("hello")
        await guest.leave()
        await until(lambda: len(heard["old"]) == 2)
    kinds = {name: [type(event) for event in events] for name, events in heard.items()}
    assert kinds["message"] == [Message]
    assert sorted(kind.__name__ for kind in kinds["two"]) == ["PresenceChanged", "TypingChanged", "TypingChanged"]
    assert kinds["old"] == [MemberJoined, MemberLeft]
    assert len([event for event in heard["every"] if not isinstance(event, ConnectionChanged)]) == 9
    assert type(heard["every"][-1]) is StateChanged


async def test_bot_hears_no_message_of_its_own() -> None:
    """Or an echo would never end."""
    bot, heard = Bot("bot"), list[str]()

    @bot.on
    async def echo(message: Message) -> None:
        heard.append(message.text)
        await message.reply(message.text)

    async with serving(bot) as (_, guest):
        events = guest.events()
        await guest.send("once")
        assert (await next_of(events, Message)).text == "once"
        await guest.send("twice")
        assert (await next_of(events, Message)).text == "twice"
    assert heard == ["once", "twice"]


async def test_late_bot_hears_what_happened_since_the_room_was_entered() -> None:
    """Programs may hold their own `Peer` and begin to serve later."""
    bot, heard = Bot("bot"), list[str]()

    @bot.on
    async def listen(message: Message) -> None:
        heard.append(message.text)

    async with Network() as network:
        deck, guest = await pair(network)
        await guest.send("early")
        await asyncio.sleep(0.01)
        await deck.leave()
        await bot.serve(deck)
    assert heard == ["early"]


async def test_bot_that_missed_events_serves_on(caplog: pytest.LogCaptureFixture) -> None:
    """The gap is a line in the log, not the end of the bot."""
    bot, heard = Bot("bot"), list[str]()

    @bot.on
    async def listen(message: Message) -> None:
        heard.append(message.text)

    async with Network() as network:
        deck, guest = await pair(network, config=peer.Config(max_queued_events=6))
        for number in range(5):
            await guest.send(str(number))
        await asyncio.sleep(0.01)
        async with asyncio.TaskGroup() as group:
            group.create_task(bot.serve(deck))
            await until(lambda: heard == ["0"])
            await guest.send("after")
            await until(lambda: heard == ["0", "after"])
            await deck.leave()
    assert "events were dropped" in caplog.text


# ---- mistakes at import


def test_misspelt_annotation_fails_at_import() -> None:
    """The editor knows as well."""
    with pytest.raises(
        BadSetting, match=r"has no attribute 'Mesage'; write async def misspelt\(message: peer.Message\)"
    ):

        @Bot("bot").on
        async def misspelt(message: peer.Mesage) -> None:  # type: ignore[name-defined]
            """Never registered."""


@pytest.mark.parametrize("annotation", [str, Message | None, list[Message], Any])
def test_annotation_that_names_no_event_fails_at_import(annotation: Any) -> None:
    """With the list of events."""

    async def wrong(message: Any) -> None:
        """Never registered."""

    wrong.__annotations__["message"] = annotation
    with pytest.raises(BadSetting, match=r"wrong: .* is no event; the events are Message, MessageEdited"):
        Bot("bot").on(wrong)


async def two(one: Message, other: Message) -> None:
    """Too many parameters."""


async def only_room(room: Room) -> None:
    """Hears nothing."""


async def none() -> None:
    """Too few."""


async def bare(message) -> None:  # type: ignore[no-untyped-def]
    """No annotation."""


def plain(message: Message) -> None:
    """Cannot be awaited."""


@pytest.mark.parametrize("handler", [two, none, bare, plain, only_room])
def test_function_that_cannot_be_a_handler_fails_at_import(handler: Any) -> None:
    """With its name in the sentence."""
    with pytest.raises(BadSetting, match=handler.__name__):
        Bot("bot").on(handler)


def test_two_commands_of_one_name_fail_at_import() -> None:
    """The first one would never be called."""
    bot = Bot("bot")

    async def add(message: Message) -> None:
        """Add."""

    bot.command(add)
    with pytest.raises(BadSetting, match="add is there twice"):
        bot.command(add)


# ---- mistakes at run time


@pytest.mark.allow_logged_errors
async def test_handler_that_raises_is_logged_by_name_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Not the other handlers of the same event, nor its own next call."""
    bot, heard = Bot("bot"), list[str]()

    @bot.on
    async def broken(message: Message) -> None:
        raise ValueError(f"cannot {message.id}")

    @bot.on
    async def sound(message: Message) -> None:
        heard.append(message.text)

    async with serving(bot) as (_, guest):
        for text in ("one", "two"):
            await guest.send(text)
        await until(lambda: heard == ["one", "two"])
    named = [record for record in caplog.records if "broken failed" in record.getMessage()]
    assert len(named) == 2


async def test_slow_handler_for_one_sender_keeps_its_order_and_holds_up_nobody_else() -> None:
    """Bob's messages wait for each other, cy's for none of them."""
    bot, heard, gate = Bot("bot"), list[str](), asyncio.Event()

    @bot.on
    async def slow_for_bob(message: Message) -> None:
        if message.sender.name == "bob":
            await gate.wait()
        heard.append(message.text)

    async with Network() as network:
        deck, bob = await pair(network)
        cy = await (await network.peer("cy")).join_room(str(deck.invite))
        await linked(deck, bob, cy)
        async with asyncio.TaskGroup() as group:
            group.create_task(bot.serve(deck))
            for number in range(3):
                await bob.send(f"bob {number}")
                await cy.send(f"cy {number}")
            await until(lambda: len(heard) == 3)
            assert heard == ["cy 0", "cy 1", "cy 2"]
            gate.set()
            await until(lambda: len(heard) == 6)
            await deck.leave()
    assert heard[3:] == ["bob 0", "bob 1", "bob 2"]


async def test_cancelled_bot_leaves_nothing_behind() -> None:
    """A handler at work is cancelled with it; the room is still ours."""
    bot, started = Bot("bot"), asyncio.Event()

    @bot.on
    async def endless(message: Message) -> None:
        started.set()
        await asyncio.sleep(3600)

    async with Network() as network:
        deck, guest = await pair(network)
        task = asyncio.create_task(bot.serve(deck))
        await guest.send("go")
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await deck.send("still here")
        assert (await next_of(guest.events(), Message)).text == "still here"


# ---- commands


def calculator(prefix: str = "!") -> Bot:
    bot = Bot("bot", prefix=prefix)

    @bot.command
    async def add(message: Message, a: int, b: int = 1) -> None:
        await message.reply(str(a + b))

    return bot


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("!add 2 3", "5"),
        ("!add 2", "3"),
        ("!add\n2\t3 ", "5"),
        ("!add two", "a must be a whole number, not 'two'; usage: !add <a> [b]"),
        ("!add", "a is missing; usage: !add <a> [b]"),
        ('!add "two', "a quotation mark is missing; usage: !add <a> [b]"),
    ],
)
async def test_command_is_answered_or_explained(text: str, answer: str) -> None:
    """Typed arguments, and a usage line for bad ones."""
    async with serving(calculator()) as (_, guest):
        events = guest.events()
        await guest.send(text)
        assert (await next_of(events, Message)).text == answer


async def test_what_is_no_command_is_not_answered() -> None:
    """Unknown words, other prefixes, talk; handlers hear all of it, commands included."""
    bot, heard = calculator(prefix="?"), list[str]()

    @bot.on
    async def listen(message: Message) -> None:
        heard.append(message.text)

    texts = ["?unknown 1", "!add 1", "add 1", "?", "?add 1"]
    async with serving(bot) as (_, guest):
        events = guest.events()
        for text in texts:
            await guest.send(text)
        assert (await next_of(events, Message)).text == "2"
        await until(lambda: heard == texts)
