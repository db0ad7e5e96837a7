"""Whole rooms over real parts: a server, peers whose every event is kept, servers in processes of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import peer
from peer.events import Presence
from peer.rtc.ice import ADDRESSES_SETTING
from signaling.config import Config as ServerConfig

__all__ = ["GUESTS", "IMPATIENT", "ROOT", "Attendee", "Company", "Ear", "environment", "server_process", "spawned"]

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20.0
GUESTS = ServerConfig(guests=True, store="memory:", port=0)

IMPATIENT = peer.Config(signaling_backoff_base_s=0.05, signaling_backoff_max_s=0.2)
"""Comes back to a server soon after it is there again."""

E = TypeVar("E", bound=peer.Event)


class Ear:
    """Hears all events of one room, in order, without a task."""

    def __init__(self, deal_with: Callable[[peer.Event], None] = lambda _: None) -> None:
        """`deal_with` is called with each event; to acknowledge it, so that no later life is told again."""
        self._deal_with = deal_with
        self.events: list[peer.Event] = []
        self._taken: Counter[type] = Counter()
        self._changed = asyncio.Event()

    def put(self, event: peer.Event) -> None:
        self.events.append(event)
        self._deal_with(event)
        self._changed.set()

    def fall_behind(self) -> None:
        raise AssertionError("a test has not so many events")

    def end(self) -> None:
        """Nothing more to hear."""

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, is_so: Callable[[], object]) -> None:
        """Look again after each event; fail with all that was heard."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not is_so():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited in vain; heard {self.events}") from None

    async def next(self, kind: type[E]) -> E:
        """The next event of this kind, whatever came in between."""
        await self.until(lambda: len(self.of(kind)) > self._taken[kind])
        self._taken[kind] += 1
        return self.of(kind)[self._taken[kind] - 1]


class Attendee:
    """A peer in one room."""

    def __init__(self, me: peer.Peer, room: peer.Room) -> None:
        self.me = me
        self.room = room
        self.ear = Ear(room.acknowledge)
        room.attach(self.ear)

    @property
    def invite(self) -> str:
        assert self.room.invite is not None
        return self.room.invite

    async def say(self, text: str) -> None:
        await self.room.send(text)

    async def hear(self, text: str) -> peer.Message:
        """The next message, which must be this one."""
        message = await self.ear.next(peer.Message)
        assert message.text == text
        return message

    async def set_presence(self, presence: Presence) -> None:
        await self.room.set_presence(presence)

    async def hear_from(self, sender: str, text: str) -> None:
        """This message, whatever others say."""
        await self.ear.until(lambda: text in self.heard(sender))

    async def hear_all(self, count: int) -> None:
        """Wait until so many messages have come."""
        await self.ear.until(lambda: len(self.heard()) >= count)

    def here(self) -> set[str]:
        """The names of the others who are not offline."""
        return {member.name for member in self.room.members if not member.is_me and member.presence != "offline"}

    async def meet(self, *others: Attendee) -> None:
        """Wait until each of these is a member here, and we are one there."""
        for other in others:
            await self.see(other.me.name)
            await other.see(self.me.name)

    async def see(self, name: str) -> None:
        """Wait until somebody of this name is here."""
        await self.ear.until(lambda: name in self.here())

    def heard(self, sender: str | None = None) -> list[str]:
        """The texts so far, of one sender or of all."""
        return [event.text for event in self.ear.of(peer.Message) if sender in (None, event.sender.name)]


class Company:
    """Opens peers, and closes them all at its end."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Company:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def close(self) -> None:
        """Close all peers now, and not only at the end of the block."""
        await self._stack.aclose()

    async def open(
        self, server: str, name: str, *, token: str | None = None, config: peer.Config | None = None
    ) -> peer.Peer:
        return await self._stack.enter_async_context(peer.Peer(server, name=name, token=token, config=config))

    async def create(
        self,
        server: str,
        name: str,
        title: str = "Deck",
        *,
        public: bool = False,
        approve: bool = False,
        **options: Any,
    ) -> Attendee:
        me = await self.open(server, name, **options)
        return Attendee(me, await me.create_room(title, public=public, approve=approve))

    async def join(self, where: str, name: str, *, server: str | None = None, **options: Any) -> Attendee:
        """By an invite, or on `server` by name."""
        me = await self.open(server or peer.server_of(where), name, **options)
        return Attendee(me, await me.join_room(where))

    async def pair(self, server: str, **options: Any) -> tuple[Attendee, Attendee]:
        """Alice with her private room, and Bob in it; both are linked."""
        alice = await self.create(server, "alice", **options)
        bob = await self.join(alice.invite, "bob", **options)
        await alice.meet(bob)
        return alice, bob


# Processes


def environment(**settings: str) -> dict[str, str]:
    """Ours, on loopback only, and with no setting of a server but these."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("SIGNALING_", "SPEAKTUBE_"))}
    return {**kept, ADDRESSES_SETTING: "127.0.0.1", **settings}


@asynccontextmanager
async def spawned(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Python process; killed at the end, if it has not ended by itself."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=ROOT,
        env=environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGKILL)
        await child.communicate()


@asynccontextmanager
async def server_process(store: str, *, port: int = 0) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """`python -m signaling` and its address."""
    async with spawned("-m", "signaling", "--guests", "--port", str(port), "--store", store) as child:
        assert child.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = (await child.stdout.readline()).decode()
        assert line.startswith("listening on "), line
        yield line.removeprefix("listening on ").strip(), child
