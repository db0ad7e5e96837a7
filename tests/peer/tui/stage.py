"""Alice at her desk, in a room with bob, in memory; and the words that tests of commands need."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from peer.events import Member
from peer.peer import Peer
from peer.room import Room
from peer.testing import Network
from peer.tui.commands import parse
from peer.tui.desk import Desk
from peer.tui.obey import obey
from peer.tui.room_view import RoomView
from peer.tui.transcript import Notice

__all__ = ["Recorder", "Stage", "stage", "until"]


async def until(is_so: Callable[[], object]) -> None:
    """A few turns of the loop, and a moment for the disk; fails where it does not become so."""
    for pause_s in (0.0,) * 50 + (0.005,) * 2000:
        if is_so():
            return
        await asyncio.sleep(pause_s)
    raise AssertionError("it did not become so within ten seconds")


@dataclass
class Recorder:
    """An `order.Screen` that remembers what it was asked for."""

    shown: list[tuple[str, ...]] = field(default_factory=list)

    def show_help(self) -> None:
        self.shown.append(("help",))

    def show_invite(self, link: str, note: str) -> None:
        self.shown.append(("invite", link, note))

    def show_code(self, member: Member, number: str, code: str) -> None:
        self.shown.append(("code", member.name, number, code))

    def set_theme(self, name: str) -> str:
        return f"the theme is {name}"

    def end(self) -> None:
        self.shown.append(("end",))


@dataclass
class Stage:
    """Bob made the room, alice came; what she types goes through `type`."""

    network: Network
    bob: Peer
    bobs: Room
    desk: Desk
    screen: Recorder = field(default_factory=Recorder)

    @property
    def view(self) -> RoomView:
        assert self.desk.view is not None
        return self.desk.view

    async def type(self, line: str) -> str:
        """What the room shows for it, where it is an answer."""
        view, before = self.view, len(self.notices())
        typed = parse(line)
        assert typed is not None
        await obey(typed, desk=self.desk, view=view, screen=self.screen)
        return "\n".join(self.notices(view)[before:])

    def notices(self, view: RoomView | None = None) -> list[str]:
        entries = (view or self.view).transcript.entries
        return [entry.text for entry in entries if isinstance(entry, Notice)]

    def texts(self) -> list[str]:
        return [message.text for message in self.view.transcript.messages()]

    async def hear(self, text: str) -> None:
        """Bob says something, and alice has it."""
        await self.bobs.send(text)
        await until(lambda: text in self.texts())


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    async with Network() as network:
        bob, me = await network.peer("bob"), await network.peer("alice")
        room = await bob.create_room("Deck")
        desk = Desk(me, now=lambda: datetime.now(UTC))
        assert room.invite is not None
        await desk.join(room.invite)
        set_up = Stage(network, bob, room, desk)
        await until(lambda: _see_each_other(room, set_up.view.room) and set_up.notices())
        yield set_up


def _see_each_other(*rooms: Room) -> bool:
    names = [{member.name for member in room.members if member.presence == "online"} for room in rooms]
    return all(seen == {"alice", "bob"} for seen in names) and all(room.name == "Deck" for room in rooms)
