"""The life of a bot: who may use what, what is around its handlers and beside them, how it ends and begins again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import peer
from peer import BadSetting, Bot, Event, MemberJoined, MemberLeft, Message, Room
from peer.testing import Stage

from ..support.transport import until


async def bare(room) -> None:  # type: ignore[no-untyped-def]
    """No annotation."""


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
    bot = Bot("bot")

    @bot.command
    async def add(message: Message, a: int, b: int = 1) -> None:
        await message.reply(str(a + b))

    await stage.serve(bot)
    alice = await stage.guest("alice")
    await alice.say("!help")
    assert await alice.hears() == "commands:\n!add <a> [b]\n!help <command> says more"
    await alice.say("!help !add")
    assert await alice.hears() == "usage: !add <a> [b]\na: a whole number; b: a whole number"

    async def help_(message: Message) -> None:
        await message.reply("help yourself")

    bot.command(name="help")(help_)
    await alice.say("!help")
    assert await alice.hears() == "help yourself"


@pytest.mark.allow_logged_errors
@pytest.mark.parametrize("text", ["!say hello", "!say", "!help", "!help say", "!say_ hello"])
async def test_two_bots_with_the_same_commands_do_not_answer_each_other(stage: Stage, text: str) -> None:
    """What one of them says of a failure, of usage or as help is no command for the other."""

    def parrot(name: str) -> Bot:
        bot = Bot(name)

        @bot.command
        async def say(message: Message, *, text: str) -> None:
            raise RuntimeError("no voice")

        @bot.command(name="say_", role="moderator")
        async def shout(message: Message, *, text: str) -> None: ...

        return bot

    for name in ("polly", "jacko"):
        await stage.serve(parrot(name))
    alice = await stage.guest("alice")
    await alice.say(text)
    answers = [await alice.hears(), await alice.hears()]
    assert not any(answer.startswith("!") for answer in answers)
    await alice.say("!help say")
    answers += [await alice.hears(), await alice.hears()]
    assert len([event for event in alice.of(Message) if not event.sender.is_me]) == len(answers)


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
    assert await alice.hears() == "the command !divide failed; whoever runs bot finds out why"
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


async def test_handler_whose_own_task_was_cancelled_goes_on_hearing(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """The same exception would end the task that calls it, and the member would never be heard again."""
    bot, heard = Bot("bot"), list[str]()

    async def give_up() -> None:
        task = asyncio.ensure_future(asyncio.sleep(60))
        task.cancel()
        await task

    @bot.on
    async def listen(message: Message, room: Room) -> None:
        heard.append(message.text)
        await give_up()

    @bot.command
    async def wait(message: Message) -> None:
        await give_up()

    await stage.serve(bot)
    alice = await stage.guest("alice")
    await alice.say("!wait")
    await alice.say("still there?")
    await until(lambda: heard == ["!wait", "still there?"])
    assert "handler listen waited for something that was cancelled" in caplog.text
    assert "command wait waited for something that was cancelled" in caplog.text


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


async def test_what_was_missed_is_handled_once_and_what_was_before_never(stage: Stage, tmp_path: Path) -> None:
    """A bot that comes back goes on where it was; nobody asked it before it first came."""
    bot, heard = Bot("bot"), list[str]()

    @bot.on
    async def listen(message: Message) -> None:
        heard.append(f"{message.text} {message.arrival}")

    alice = await stage.guest("alice")
    await alice.say("before")
    for expected in (["while there live"], ["while away missed"], []):
        heard.clear()
        await stage.serve(bot, data_dir=tmp_path)
        if "while there live" in expected:
            await alice.say("while there")
        await until(partial(heard.__eq__, expected))
        await stage.stop(bot)
        if "while there live" in expected:
            await alice.say("while away")
    assert heard == []


async def test_message_whose_handler_was_cut_off_is_handled_again(stage: Stage, tmp_path: Path) -> None:
    """At the next start: at least once, rather than perhaps never."""
    config = peer.Config(handler_grace_s=0.01)
    first, second, started, heard = Bot("bot", config=config), Bot("bot"), asyncio.Event(), list[str]()

    @first.on
    async def hang(message: Message) -> None:
        started.set()
        await asyncio.Event().wait()

    @second.on
    async def listen(message: Message) -> None:
        heard.append(message.text)

    alice = await stage.guest("alice")
    await stage.serve(first, data_dir=tmp_path)
    await alice.say("do it")
    await started.wait()
    await stage.stop(first)
    await stage.serve(second, data_dir=tmp_path)
    await until(lambda: heard == ["do it"])
