"""A stage for a bot: one room, the bot in it, and guests who say things and hear what is answered.

    async with Stage() as stage:
        await stage.serve(bot)
        alice = await stage.guest("alice")
        await alice.say("!add 2 3")
        assert await alice.hears() == "5"

In memory it takes milliseconds. With a `server` the same runs over that server and real data channels. Whoever waits in
vain fails with all that was heard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from ..bot import Bot
from ..config import Config
from ..errors import BadSetting
from ..events import Event, Message, Role, RoomState
from ..peer import Peer
from ..room import Room
from ..runtime import Runtime
from .clock import ManualClock
from .network import Network

__all__ = ["Guest", "Stage"]

PATIENCE_S = 10.0
"""Nothing takes so long unless it never comes."""

_MOST_TOLD = 20

E = TypeVar("E", bound=Event)


class Guest:
    """Somebody in the room, who says things and remembers what was heard."""

    def __init__(self, me: Peer, room: Room) -> None:
        self.me = me
        self.room = room
        self._events: list[Event] = []
        self._heard = 0
        self._taken: dict[type, int] = {}
        self._changed = asyncio.Event()
        room.attach(self)

    @property
    def name(self) -> str:
        return self.me.name

    async def say(self, text: str) -> Message:
        """Send a message."""
        return await self.room.send(text)

    async def hears(self) -> str:
        """The text of the next message of anybody else."""
        return (await self.next(Message)).text

    async def next(self, kind: type[E]) -> E:
        """The next event of a kind that was not asked for yet, whatever else came in between."""
        taken = self._taken.get(kind, 0)
        await self._wait(lambda: len(self.of(kind)) > taken, f"a {kind.__name__}")
        self._taken[kind] = taken + 1
        return self.of(kind)[taken]

    def of(self, kind: type[E]) -> list[E]:
        """All events of a kind so far."""
        return [event for event in self._events if isinstance(event, kind)]

    async def leave(self) -> None:
        """Go away; where it has a `data_dir` it can come back as the same member."""
        await self.me.__aexit__(None, None, None)

    async def sees(self, other: Guest) -> None:
        """Until both are linked."""
        await self._wait(lambda: _is_here(self.room, other), f"{other.name} to be here")

    async def stands_as(self, role: Role) -> None:
        """Until this is our role."""
        await self._wait(lambda: self.room.me.role == role, f"to be {role}")

    def put(self, event: Event) -> None:
        """For the room."""
        self._events.append(event)
        self._changed.set()

    def fall_behind(self) -> None:
        """For the room."""
        raise BadSetting("a guest of a test heard more events than a room keeps for it")

    def end(self) -> None:
        """For the room."""

    async def _wait(self, is_so: Callable[[], object], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not is_so():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            heard = ", ".join(map(_brief, self._events[-_MOST_TOLD:]))
            raise AssertionError(f"{self.name} waited in vain for {what}; heard last: {heard}") from None


class Stage:
    """One private room. `async with Stage() as stage:`, or the fixture `stage`."""

    owner: Guest
    """Who made the room."""

    def __init__(self, server: str | None = None) -> None:
        """`server` is the address of a real one; without it all is in memory."""
        self.clock = ManualClock()
        """What the bots here go by."""
        self.network: Network | None = Network() if server is None else None
        """In memory, to stop its server and cut its links."""
        self._server = server
        self._stack = AsyncExitStack()
        self._runtime = Runtime()
        self._guests: list[Guest] = []
        """Who is there."""
        self._actors: dict[Bot, tuple[Guest, asyncio.Task[None]]] = {}

    async def __aenter__(self) -> Stage:
        if self.network is not None:
            await self._stack.enter_async_context(self.network)
        await self._stack.enter_async_context(self._runtime)
        owner = await self._open("owner")
        self.owner = Guest(owner, await owner.create_room("Stage"))
        self._invite = str(self.owner.room.invite)
        self._guests.append(self.owner)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for bot in tuple(self._actors):
            await self.stop(bot)
        await self._stack.__aexit__(kind, error, trace)

    async def serve(self, bot: Bot, *, role: Role = "member", data_dir: str | Path | None = None) -> Guest:
        """Bring a bot into the room; what it keeps outlives `stop` where there is a `data_dir`."""
        bot.clock = self.clock
        me, room = await self._join(bot.name, data_dir, bot.config)
        task = self._runtime.spawn(bot.serve(room), name=f"bot {bot.name}")
        await asyncio.sleep(0)  # the bot is to hear first what happened before it came
        actor = await self._meet(Guest(me, room), role)
        self._actors[bot] = (actor, task)
        return actor

    async def stop(self, bot: Bot) -> None:
        """As SIGTERM does: handlers finish, then it leaves."""
        actor, task = self._actors.pop(bot)
        await bot.finish()
        await actor.leave()
        await asyncio.wait([task])

    async def guest(self, name: str, *, role: Role = "member", data_dir: str | Path | None = None) -> Guest:
        """Bring somebody into the room, who then sees all others; the same as before with the same `data_dir`."""
        return await self._meet(Guest(*await self._join(name, data_dir)), role)

    async def _join(
        self, name: str, data_dir: str | Path | None = None, config: Config | None = None
    ) -> tuple[Peer, Room]:
        me = await self._open(name, data_dir, config)
        return me, await me.join_room(self._invite)

    async def _meet(self, guest: Guest, role: Role) -> Guest:
        self._guests = [other for other in self._guests if other.room.state is not RoomState.LEFT]
        for other in self._guests:
            await other.sees(guest)
            await guest.sees(other)
        self._guests.append(guest)
        if role != guest.room.me.role:
            await self.owner.room.promote(guest.me.id, role)
            await guest.stands_as(role)
        return guest

    async def _open(self, name: str, data_dir: str | Path | None = None, config: Config | None = None) -> Peer:
        transport = self.network.transport(name) if self.network else None
        server = self._server or "http://memory.invalid"
        me = Peer(server, name=name, data_dir=data_dir, config=config, transport=transport)
        await me.__aenter__()
        self._stack.push_async_exit(me)
        return me


def _brief(event: Event) -> str:
    """For whoever reads why a test failed."""
    if isinstance(event, Message):
        return f"{event.sender.name}: {event.text!r}"
    return type(event).__name__


def _is_here(room: Room, other: Guest) -> bool:
    return any(member.id == other.me.id and member.connection == "linked" for member in room.members)
