"""Bots over the network in memory: who hears what, in which order, and what a mistake costs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
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
from peer.testing import Network, Stage

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


# ---- who may, and what there is


async def test_command_for_a_role_refuses_others_and_says_who_may(stage: Stage) -> None:
    """The role counts that the sender has now."""
    bot = Bot("bot")

    @bot.command(role="moderator", name="mute")
    async def be_quiet(message: Message) -> None:
        await message.reply("muted")

    helper = await stage.serve(bot)
    alice = await stage.guest("alice")
    await alice.say("!mute")
    assert await alice.hears() == "you may not use !mute: moderators and above may"
    await stage.owner.room.promote(alice.me.id, "moderator")
    await alice.stands_as("moderator")
    await until(lambda: "moderator" in {member.role for member in helper.room.members})
    await alice.say("!mute")
    assert await alice.hears() == "muted"


async def test_help_is_made_from_signatures_and_docstrings(stage: Stage) -> None:
    """Unless there is a command of that name."""
    bot = calculator()
    await stage.serve(bot)
    alice = await stage.guest("alice")
    await alice.say("!help")
    assert await alice.hears() == "!add <a> [b]\n!help <command> says more"
    await alice.say("!help !add")
    assert await alice.hears() == "usage: !add <a> [b]\na: a whole number; b: a whole number"

    async def help_(message: Message) -> None:
        await message.reply("help yourself")

    bot.command(name="help")(help_)
    await alice.say("!help")
    assert await alice.hears() == "help yourself"


async def test_bot_without_commands_has_no_help(stage: Stage) -> None:
    """It would answer in place of others."""
    bot, heard = Bot("bot"), list[str]()

    @bot.on
    async def listen(message: Message) -> None:
        heard.append(message.text)

    await stage.serve(bot)
    alice = await stage.guest("alice")
    await alice.say("!help")
    await until(lambda: heard == ["!help"])
    assert alice.of(Message) == []


@pytest.mark.allow_logged_errors
async def test_command_that_raises_is_logged_by_name_and_answered_without_a_traceback(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """But a bad argument that it finds itself is answered as any other."""
    bot = Bot("bot")

    @bot.command
    async def divide(message: Message, a: int, b: int) -> None:
        if a > 100:
            raise peer.BadArgument("a must be at most 100")
        await message.reply(str(a / b))

    await stage.serve(bot)
    alice = await stage.guest("alice")
    await alice.say("!divide 1 0")
    assert await alice.hears() == "!divide failed; whoever runs bot finds out why"
    assert "command divide failed" in caplog.text
    await alice.say("!divide 101 1")
    assert await alice.hears() == "a must be at most 100; usage: !divide <a> <b>"


async def test_handlers_and_commands_get_the_room_where_they_ask_for_it(stage: Stage) -> None:
    """By the annotation; members are found by name."""
    bot, came = Bot("bot"), list[str]()

    @bot.on
    async def greet(joined: MemberJoined, room: Room) -> None:
        came.append(joined.member.name)
        await room.send(f"welcome, {joined.member.name}")

    @bot.command
    async def who(message: Message, room: Room, member: peer.Member) -> None:
        await message.reply(f"{member.name} is {member.role} in {room.name}")

    await stage.serve(bot)
    alice = await stage.guest("alice")
    await until(lambda: "alice" in came)
    await alice.say("!who @OWNER")
    answers = {await alice.hears() for _ in range(3)}
    assert {"welcome, alice", "owner is owner in Stage"} < answers


# ---- around the handlers


async def test_middleware_wraps_what_its_annotation_names(stage: Stage) -> None:
    """The first registered is the outermost; it may change an event, or keep it to itself."""
    bot, log = Bot("bot"), list[str]()

    @bot.middleware
    async def outer(event: Event, call_next: peer.Next) -> None:
        if isinstance(event, Message):
            log.append(f"before {event.text}")
        await call_next(event)
        if isinstance(event, Message):
            log.append(f"after {event.text}")

    @bot.middleware
    async def only_polite(message: Message, call_next: peer.Next, room: Room) -> None:
        log.append(f"in {room.name}")
        if message.text.endswith("please"):
            await call_next(replace(message, text=message.text.removesuffix(" please")))

    @bot.on
    async def listen(message: Message) -> None:
        log.append(message.text)

    await stage.serve(bot)
    alice = await stage.guest("alice")
    await alice.say("now")
    await alice.say("help please")
    await until(lambda: len(log) == 7)
    assert log == ["before now", "in Stage", "after now", "before help please", "in Stage", "help", "after help please"]


@pytest.mark.allow_logged_errors
async def test_middleware_that_raises_lets_nothing_through(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """It may have been there to refuse."""
    bot, heard = Bot("bot"), list[str]()

    @bot.middleware
    async def guard(message: Message, call_next: peer.Next) -> None:
        if message.text == "bad":
            raise RuntimeError
        await call_next(message)

    @bot.on
    async def listen(message: Message) -> None:
        heard.append(message.text)

    await stage.serve(bot)
    alice = await stage.guest("alice")
    await alice.say("bad")
    await alice.say("good")
    await until(lambda: heard)
    assert heard == ["good"]
    assert "guard failed" in caplog.text


# ---- by the clock, and beside


@pytest.mark.allow_logged_errors
async def test_schedules_run_by_the_clock_for_each_room(stage: Stage) -> None:
    """An interval and a time of day; one that raises runs again."""
    bot, ran = Bot("bot"), list[str]()

    @bot.every(seconds=60)
    async def tick(room: Room) -> None:
        ran.append(f"{bot.clock.now():%H:%M:%S} {room.name}")
        if len(ran) == 1:
            raise RuntimeError

    @bot.every("09:00")
    async def morning(room: Room) -> None:
        await room.send("good morning")

    await stage.serve(bot)
    alice = await stage.guest("alice")
    await stage.clock.advance(150)
    assert ran == ["08:01:00 Stage", "08:02:00 Stage"]
    assert alice.of(Message) == []
    await stage.clock.advance(3600)
    assert await alice.hears() == "good morning"


async def test_work_beside_lasts_as_long_as_the_room_is_served(stage: Stage) -> None:
    """Then it is cancelled, so that it can tidy up."""
    bot, log, news = Bot("bot"), list[str](), asyncio.Queue[str]()

    @bot.background
    async def bridge(room: Room) -> None:
        try:
            while True:
                await room.send(await news.get())
        finally:
            log.append("tidied up")

    await stage.serve(bot)
    alice = await stage.guest("alice")
    news.put_nowait("from elsewhere")
    assert await alice.hears() == "from elsewhere"
    await stage.stop(bot)
    assert log == ["tidied up"]


@pytest.mark.parametrize("register", [Bot("bot").background, Bot("bot").every(seconds=1), Bot("bot").middleware])
def test_badly_annotated_function_fails_at_import(register: Any) -> None:
    """Wherever it is registered."""
    with pytest.raises(BadSetting, match="bare"):
        register(bare)


# ---- the end


async def test_bot_that_stops_finishes_what_came_before_it_leaves(stage: Stage) -> None:
    """An answer that is being thought of is still given."""
    bot, started = Bot("bot"), asyncio.Event()

    @bot.on
    async def think(message: Message) -> None:
        started.set()
        await asyncio.sleep(0.02)
        await message.reply(f"{message.text}!")

    await stage.serve(bot)
    alice = await stage.guest("alice")
    await alice.say("one")
    await started.wait()
    await stage.stop(bot)
    assert await alice.hears() == "one!"
    assert (await alice.next(MemberLeft)).reason == "left"


async def test_events_beyond_the_bound_are_counted(stage: Stage) -> None:
    """For whoever watches the bot."""
    bot, gate = Bot("bot", config=peer.Config(max_waiting_events=2)), asyncio.Event()

    @bot.on
    async def slow(message: Message) -> None:
        await gate.wait()

    await stage.serve(bot)
    alice = await stage.guest("alice")
    for number in range(6):
        await alice.say(str(number))
    await until(lambda: bot.dropped)
    gate.set()
