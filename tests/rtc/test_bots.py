"""Bots over real parts: what they hear and answer among real peers."""

import asyncio

import pytest

import peer

from .rooms import Attendee, Company

pytestmark = pytest.mark.rtc


def make_bot(errors: list[str]) -> peer.Bot:
    """Greets, adds, echoes; fails on demand; thinks until it is told to stop thinking."""
    bot = peer.Bot(name="helper")
    thought = asyncio.Event()

    @bot.on
    async def greet(joined: peer.MemberJoined) -> None:
        if joined.member.role == "member":
            errors.append(f"{joined.member.name} came")

    @bot.on
    async def answer(message: peer.Message) -> None:
        match message.text:
            case "think":
                await thought.wait()
                await message.reply("I have thought")
            case "stop thinking":
                thought.set()
            case "fail":
                raise RuntimeError("told to")
            case text if not text.startswith("!"):
                await message.reply(f"{message.sender.name}: {text}")

    @bot.command
    async def add(message: peer.Message, a: int, b: int = 1) -> None:
        """!add 2 3"""
        await message.reply(str(a + b))

    return bot


class Serving:
    """A bot that serves a room beside the test."""

    def __init__(self, bot: peer.Bot, attendee: Attendee) -> None:
        self._attendee = attendee
        self._task = asyncio.create_task(bot.serve(attendee.room))

    async def __aenter__(self) -> Attendee:
        return self._attendee

    async def __aexit__(self, *_: object) -> None:
        await self._attendee.room.leave()
        async with asyncio.timeout(5):
            await self._task


async def test_bot_answers_messages_and_commands(server: str, company: Company) -> None:
    """Echo, commands with converted arguments, usage for wrong ones; it never hears itself."""
    came: list[str] = []
    alice = await company.create(server, "alice")
    helper = await company.join(alice.invite, "helper")
    async with Serving(make_bot(came), helper):
        await alice.meet(helper)
        conversation = {
            "ahoy": "alice: ahoy",
            "!add 2 3": "5",
            "!add 2": "3",
            "!add two": "a must be a whole number, not 'two'; usage: !add <a> [b]",
        }
        for said, answered in conversation.items():
            await alice.say(said)
            await alice.hear(answered)
        await alice.say("!unknown")
        await alice.say("still there?")
        await alice.hear("alice: still there?")
        bob = await company.join(alice.invite, "bob")
        await bob.meet(helper)
        await bob.say("me too")
        await bob.hear_from("helper", "bob: me too")
        assert came == ["bob came"]
        await alice.hear_from("helper", "bob: me too")  # by another link, so perhaps later
        assert len(alice.heard("helper")) == len(conversation) + 2


async def test_slow_handler_for_one_member_holds_up_nobody_else(server: str, company: Company) -> None:
    """Alice waits for her answer, in her order; Bob has his meanwhile."""
    alice = await company.create(server, "alice")
    helper, bob = await company.join(alice.invite, "helper"), await company.join(alice.invite, "bob")
    async with Serving(make_bot([]), helper):
        await helper.meet(alice, bob)
        await alice.say("think")
        await alice.say("afterwards")
        await bob.say("hello")
        await bob.hear_from("helper", "bob: hello")
        assert "I have thought" not in alice.heard("helper")
        await bob.say("stop thinking")
        await alice.hear_from("helper", "alice: afterwards")
        answers = [text for text in alice.heard("helper") if text != "bob: hello"]
        assert answers == ["I have thought", "alice: afterwards"]


async def test_bot_whose_handler_hangs_can_still_be_stopped(server: str, company: Company) -> None:
    """The room is left at once; what is at work then gets two seconds, so that Ctrl-C always ends a bot."""
    alice = await company.create(server, "alice")
    helper = await company.join(alice.invite, "helper")
    async with Serving(make_bot([]), helper):
        await alice.meet(helper)
        await alice.say("think")
        await alice.say("never answered")
        await helper.hear_from("alice", "never answered")
    assert (await alice.ear.next(peer.MemberLeft)).reason == "left"
    assert alice.heard() == []


@pytest.mark.allow_logged_errors
async def test_handler_that_fails_is_logged_by_name_and_stops_nothing(
    server: str, company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    alice = await company.create(server, "alice")
    helper = await company.join(alice.invite, "helper")
    async with Serving(make_bot([]), helper):
        await alice.meet(helper)
        await alice.say("fail")
        await alice.say("go on")
        await alice.hear("alice: go on")
    assert any("answer failed" in record.getMessage() for record in caplog.records if record.name == "peer")


async def test_bot_serves_several_rooms_of_one_peer(server: str, company: Company) -> None:
    """Answers go to the room that they came from, and nowhere else."""
    hosts = [await company.create(server, name, f"Deck of {name}") for name in ("alice", "bob")]
    bot = make_bot([])
    me = await company.open(server, "helper")
    helpers = [Attendee(me, await me.join_room(host.invite)) for host in hosts]
    async with Serving(bot, helpers[0]), Serving(bot, helpers[1]):
        for host, helper in zip(hosts, helpers, strict=True):
            await host.meet(helper)
        for host in hosts:
            await host.say("who am I?")
        for host in hosts:
            await host.hear(f"{host.me.name}: who am I?")
            assert len(host.heard()) == 1
