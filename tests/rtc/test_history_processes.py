"""What is said in a room outlives the processes of all its members, however they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from .ship import Ship, sailing

pytestmark = pytest.mark.rtc

FIVE = ("alice", "bob", "carol", "dan", "eve")
ROUNDS, EACH = 6, 10


async def talk(ship: Ship) -> None:
    """Hundreds of messages, some of them changed, taken back or laughed at; bob dies in the middle of a sentence."""
    for number in range(ROUNDS):
        three = ("alice", "bob", "carol")
        texts = {name: [f"{name} {number} {word}" for word in range(EACH)] for name in three}
        if number == ROUNDS // 2:
            before = len(ship.sent)
            ship.hands["bob"].begin("say", texts=texts["bob"] * 20)
            await ship.until(lambda: len(ship.sent) > before + EACH)  # noqa: B023 - awaited at once
            await ship.go("bob", kill=True)
            await ship.come("bob")
        await ship.all_do(three, "say", texts=texts.__getitem__)
        await ship.all_do(("alice", "carol"), "change", text=lambda name: f"{name} {number} 5")  # noqa: B023


async def test_all_hold_the_same_after_every_process_died_twice(server: str, tmp_path: Path) -> None:
    """Two go away, one of them killed, and come back, one when a single member is left; then all restart, twice.

    All hold and show the same, nothing that was acknowledged is lost, and no process is told what was told before.
    """
    async with sailing(server, tmp_path) as ship:
        await ship.come("alice")
        await ship.come(*FIVE[1:], "frank")
        await ship.hands["frank"].ask("say", texts=["you will be sorry"])
        await ship.agree()
        await ship.go("dan")
        await ship.go("eve", kill=True)
        await talk(ship)
        await ship.hands["alice"].ask("kick", name="frank")
        await ship.hands["frank"].ask("part")
        await ship.go("frank", kill=True)

        await ship.come("dan")
        await ship.agree()
        await ship.go("alice", "dan")
        await ship.go("bob", kill=True)
        await ship.come("eve")
        await ship.agree()
        await ship.come("alice", "bob", "dan")
        before = await ship.agree()
        assert lost(ship.sent, before[2]) == set()

        for kill in (True, False):
            await ship.go(*FIVE, kill=kill)
            await ship.come(*FIVE)
            assert await ship.agree() == before
        assert {name: told_again(ship, name) for name in FIVE} == dict.fromkeys(FIVE, 0)


def lost(sent: list[str], texts: list[str]) -> set[str]:
    """What was acknowledged and is not there, but for what its author took back, which is the one before its edit."""
    there = {text.removesuffix(", rather") for text in texts}
    edited = [text.removesuffix(", rather") for text in texts if text.endswith(", rather")]
    taken_back = {f"{text[:-1]}4" for text in edited}
    return set(sent) - there - taken_back


def told_again(ship: Ship, name: str) -> int:
    return sum(count > 1 for count in ship.told[name].values())
