"""What a bot keeps of each room: typed, one handler at a time, across restarts."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict

import pytest

from peer import BadSetting, Bot, Member, Message, Peer, Room
from peer.bots.state import State
from peer.ids import MemberId, MessageId, Topic
from peer.testing import Network

from ...support.transport import until


@dataclass
class Scores:
    points: dict[str, int] = field(default_factory=dict)
    rounds: int = 0


class Seen(TypedDict, total=False):
    names: list[str]


class Strict(TypedDict):
    names: list[str]


@dataclass
class Plain:
    names: list[str]


@dataclass
class Odd:
    thing: Any = field(default_factory=object)


def state(kind: type[Any] = Scores, *, name: str = "scores", max_bytes: int = 1000) -> State[Any]:
    return State(kind, name=name, max_bytes=max_bytes)


async def test_rooms_have_values_of_their_own() -> None:
    """By room or by a message of it; what is read is a copy."""
    scores = state()
    async with Network() as network:
        ann = await network.peer("ann")
        deck, cabin = await ann.create_room("Deck"), await ann.create_room("Cabin")
        async with scores.of(deck) as kept:
            kept.points["ann"] = 1
        async with scores.of(await deck.send("mine")) as kept:
            kept.points["ann"] += 1
        (await scores.read(deck)).points.clear()
        assert (await scores.read(deck)).points == {"ann": 2}
        assert await scores.read(cabin) == Scores()


async def test_typed_dicts_will_do() -> None:
    """Their fields may be missing."""
    seen = state(Seen, name="seen")
    async with Network() as network:
        deck = await (await network.peer("ann")).create_room("Deck")
        async with seen.of(deck) as kept:
            kept.setdefault("names", []).append("ann")
        assert await seen.read(deck) == {"names": ["ann"]}


async def break_off(scores: State[Any], room: Room) -> None:
    async with scores.of(room) as kept:
        kept.rounds = 1
        raise ZeroDivisionError


async def test_block_that_raises_changes_nothing() -> None:
    """Half a change is none."""
    scores = state()
    async with Network() as network:
        deck = await (await network.peer("ann")).create_room("Deck")
        with pytest.raises(ZeroDivisionError):
            await break_off(scores, deck)
        assert (await scores.read(deck)).rounds == 0


async def test_handlers_change_it_one_after_the_other() -> None:
    """Two senders at once lose no count."""
    scores = state()

    async def count(room: Room) -> None:
        async with scores.of(room) as kept:
            before = kept.rounds
            await asyncio.sleep(0)
            kept.rounds = before + 1

    async with Network() as network:
        deck = await (await network.peer("ann")).create_room("Deck")
        await asyncio.gather(*(count(deck) for _ in range(5)))
        assert (await scores.read(deck)).rounds == 5


class SlowNotes:
    """As on a disk that takes its time."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.begun, self.go_on = threading.Event(), threading.Event()

    def load(self, name: str) -> bytes:
        return self.kept.get(name, b"")

    def save(self, name: str, value: bytes) -> None:
        self.begun.set()
        assert self.go_on.wait(5)
        self.kept[name] = value


async def test_handler_that_is_cut_off_while_it_saves_leaves_no_doubt() -> None:
    """What was written in spite of it is what the next one finds."""
    scores, notes = state(), SlowNotes()
    async with Network() as network:
        deck = await (await network.peer("ann")).create_room("Deck")
        deck.notes = notes

        async def play() -> None:
            async with scores.of(deck) as kept:
                kept.rounds += 1

        playing = asyncio.create_task(play())
        await asyncio.to_thread(notes.begun.wait, 5)
        playing.cancel()
        await asyncio.wait([playing])
        notes.go_on.set()
        await until(lambda: notes.kept)
        assert (await scores.read(deck)).rounds == 1


async def test_it_survives_a_restart_sealed_in_the_folder(tmp_path: Path) -> None:
    """And is forgotten with the room."""
    async with Network() as network:

        def ann() -> Peer:
            return Peer("http://memory.invalid", name="ann", data_dir=tmp_path, transport=network.transport("ann"))

        async with ann() as me:
            deck = await me.create_room("Deck")
            invite = str(deck.invite)
            async with state().of(deck) as kept:
                kept.points["nobody-else"] = 7
        assert not any(b"nobody-else" in path.read_bytes() for path in tmp_path.iterdir())  # noqa: ASYNC240
        async with ann() as me:
            deck = await me.join_room(invite)
            assert (await state().read(deck)).points == {"nobody-else": 7}
            with pytest.raises(BadSetting, match="what is kept as scores does not fit Odder any more"):
                await state(Odder).read(deck)
            await me.forget_room(deck)
        async with ann() as me:
            deck = await me.create_room("Deck")
            assert await state().read(deck) == Scores()


@dataclass
class Odder:
    points: int = 0


async def test_value_over_the_bound_is_refused_and_not_kept() -> None:
    """What members can grow is bounded."""
    scores = state(max_bytes=50)
    async with Network() as network:
        deck = await (await network.peer("ann")).create_room("Deck")
        with pytest.raises(BadSetting, match=r"state scores takes \d+ bytes, 50 are kept"):
            async with scores.of(deck) as kept:
                kept.points["a" * 60] = 1
        assert await scores.read(deck) == Scores()


@pytest.mark.parametrize("kind", [Plain, Strict, Odd])
def test_class_that_cannot_be_kept_fails_at_import(kind: type[Any]) -> None:
    """Every field needs a default, and a plain type."""
    with pytest.raises(BadSetting, match=f"state {kind.__name__} must be a dataclass"):
        Bot("bot").state(kind)


def test_two_states_of_one_name_fail_at_import() -> None:
    """Each would overwrite the other."""
    bot = Bot("bot")
    bot.state(Scores)
    with pytest.raises(BadSetting, match="state Scores is there twice"):
        bot.state(Scores)
    bot.state(Scores, name="more")


async def test_message_made_by_hand_has_no_state() -> None:
    """It belongs to no room."""
    message = Message(
        id=MessageId("m"),
        room=Topic("t"),
        sender=Member(id=MemberId("a"), name="ann"),
        text="",
        sent_at=datetime(2030, 1, 1, tzinfo=UTC),
    )
    with pytest.raises(BadSetting, match="pass the room"):
        await state().read(message)
