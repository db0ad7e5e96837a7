"""What is said in a room outlives absences, a removal and restarts: over real data channels, kept on real disks."""

from __future__ import annotations

from pathlib import Path

import pytest

import peer

from .crew import Crew

pytestmark = pytest.mark.rtc

FIVE = ("alice", "bob", "carol", "dan", "eve")


async def talk(crew: Crew) -> None:
    """Hundreds of messages, some of them changed, taken back or laughed at."""
    for number in range(60):
        sent = [await crew.room(name).send(f"{name} {number}") for name in ("alice", "bob", "carol")]
        if number % 10 == 0:
            await sent[0].edit(f"alice {number}, rather")
            await sent[1].delete()
            await crew.agree()
            await crew.room("alice").react(sent[2].id, "👍")
            await crew.room("bob").react(sent[2].id, "👍")


async def test_all_hold_the_same_after_absences_a_removal_and_restarts(server: str, tmp_path: Path) -> None:
    """Two go away and come back, one of them when one member alone is left; then everybody restarts, twice."""
    crew = Crew(server, tmp_path)
    try:
        await crew.come(*FIVE, "frank")
        await crew.room("frank").send("you will be sorry")
        await crew.agree()
        await crew.go("dan", "eve")
        await talk(crew)
        frank = crew.aboard["frank"].me.id
        await crew.room("alice").kick(frank)
        await crew.aboard["frank"].ear.until(lambda: crew.room("frank").state is peer.RoomState.LEFT)
        await crew.go("frank")
        await crew.room("bob").send("peace at last")

        await crew.come("dan")
        await crew.agree()
        dan = crew.aboard["dan"].ear
        await crew.aboard["dan"].hear_all(181)
        missed = [message.text for message in dan.of(peer.Message)]
        assert missed == list(reversed(await crew.texts("carol")))[1:]
        assert {message.arrival for message in dan.of(peer.Message)} == {"missed"}
        await crew.go("alice", "bob", "dan")
        await crew.come("eve")
        await crew.agree()
        await crew.come("alice", "bob", "dan")
        before = await crew.agree()
        texts = await crew.texts("alice")
        assert len(texts) == 182

        for _ in range(2):
            await crew.go(*FIVE)
            await crew.come(*FIVE)
            assert await crew.agree() == before
            assert [await crew.texts(name) for name in FIVE] == [texts] * 5
            assert [each.heard() for each in crew.aboard.values()] == [[]] * 5
    finally:
        await crew.go(*crew.aboard)


async def test_what_was_written_alone_survives_a_restart(server: str, tmp_path: Path) -> None:
    """A draft goes to whoever comes first, though its writer was restarted before anybody came."""
    crew = Crew(server, tmp_path)
    try:
        await crew.come("alice")
        draft = await crew.room("alice").send("is anybody here?")
        assert draft.status == "draft"
        await crew.go("alice")
        await crew.come("alice")
        assert [message.status async for message in crew.room("alice").history()] == ["draft"]
        await crew.come("bob")
        await crew.aboard["bob"].hear("is anybody here?")
        [kept] = await crew.room("bob").search("ANYBODY")
        assert kept.sender.name == "alice"
    finally:
        await crew.go(*crew.aboard)
