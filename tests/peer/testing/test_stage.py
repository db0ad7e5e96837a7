"""The stage of a bot's test: short to write, quick to run, and honest when something does not come."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import peer
from peer.testing import Stage
from peer.testing import stage as module


def adder() -> peer.Bot:
    bot = peer.Bot(name="adder")

    @bot.command
    async def add(message: peer.Message, a: int, b: int) -> None:
        await message.reply(str(a + b))

    return bot


async def test_bot_adds(stage: Stage) -> None:
    """Five lines."""
    await stage.serve(adder())
    alice = await stage.guest("alice")
    await alice.say("!add 2 3")
    assert await alice.hears() == "5"


async def test_guest_and_bot_have_the_role_that_the_test_gives_them(stage: Stage) -> None:
    """For commands that not everybody may use, and bots that kick."""
    bot = await stage.serve(adder(), role="moderator")
    alice = await stage.guest("alice", role="admin")
    assert (bot.room.me.role, alice.room.me.role, stage.owner.room.me.role) == ("moderator", "admin", "owner")


async def test_waiting_in_vain_fails_with_what_was_heard(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that hangs says nothing."""
    alice, bob = await stage.guest("alice"), await stage.guest("bob")
    await bob.say("something else")
    assert await alice.hears() == "something else"
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)
    with pytest.raises(
        AssertionError, match=r"alice waited in vain for a Message; heard last: .*bob: 'something else'"
    ):
        await alice.hears()


async def test_bot_that_was_stopped_can_come_back(stage: Stage, tmp_path: Path) -> None:
    """As the same member, where it has a folder."""
    bot = adder()
    first = await stage.serve(bot, data_dir=tmp_path)
    alice = await stage.guest("alice")
    await stage.stop(bot)
    assert (await alice.next(peer.MemberLeft)).member.id == first.me.id
    second = await stage.serve(bot, data_dir=tmp_path)
    assert second.me.id == first.me.id
    await alice.say("!add 1 1")
    assert await alice.hears() == "2"


async def test_guest_that_was_removed_is_waited_for_by_nobody(stage: Stage) -> None:
    """Whatever it said last: nobody will confirm it."""
    alice = await stage.guest("alice")
    for number in range(5):
        await alice.say(str(number))
    await stage.owner.room.kick(alice.me.id)
    await alice.next(peer.StateChanged)
    async with asyncio.timeout(1):
        await alice.leave()


async def test_guest_that_falls_behind_says_so() -> None:
    """Nobody should look for an event that was dropped."""
    async with Stage() as stage:
        with pytest.raises(peer.BadSetting, match="more events"):
            stage.owner.fall_behind()
        assert stage.owner.name == "owner"
