"""Bots of examples/ as programs, over a real server and real data channels; `--speaktube-real` does so with all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from peer.bots.serving import INVITE_SETTING
from peer.rtc.ice import ADDRESSES_SETTING
from peer.testing import Stage

from .bots import load
from .children import ROOT, Child

pytestmark = pytest.mark.rtc


async def test_bots_answer_over_data_channels(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of them in one room, beside each other."""
    monkeypatch.setenv(ADDRESSES_SETTING, "127.0.0.1")
    async with Stage(server) as stage:
        await stage.serve(load("quiz_bot").bot)
        await stage.serve(load("reminder_bot").bot)
        alice = await stage.guest("alice")
        await alice.say("!scores")
        assert await alice.hears() == "nobody has any yet"
        await alice.say("!reminders")
        assert await alice.hears() == "none of yours waits"


async def test_bot_is_a_program_that_stops_when_told_to(
    server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its invite comes from the environment, so it stands in no list of processes."""
    monkeypatch.setenv(ADDRESSES_SETTING, "127.0.0.1")
    async with Stage(server) as stage:
        settings = {INVITE_SETTING: str(stage.owner.room.invite)}
        with Child(ROOT / "examples" / "history_keeper.py", "--data-dir", tmp_path, settings=settings) as keeper:
            await asyncio.to_thread(keeper.errors.wait_for, lambda text: "keeper is in the room; Ctrl-C leaves" in text)
            await stage.owner.say("!kept")
            assert "1 messages since" in await stage.owner.hears()
            keeper.interrupt()
            assert await asyncio.to_thread(keeper.wait) == 0
