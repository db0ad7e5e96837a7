"""Three servers on one Redis, one of them killed, and nobody notices: python examples/cluster_demo.py

Starts redis-server, three `python -m signaling` on it, and a small front that sends each connection to the next server.
Thirty peers meet in ten rooms, whichever server they are on, and talk. Then one server is killed: its peers come back
by the others, a newcomer enters each room, and everybody talks again. Prints what everyone saw; leaves nothing behind.
Exit code 1, and a sentence, where anything went otherwise.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

import peer

ROOMS, PEERS_A_ROOM, SERVERS = 10, 3, 3
PATIENCE_S = 120.0
"""For the whole demo; it takes about fifteen seconds on two cores."""


class DemoFailed(Exception):
    """What went otherwise, as a sentence."""


def main() -> None:
    os.environ.setdefault("SPEAKTUBE_ICE_ADDRESSES", "127.0.0.1")
    if shutil.which("redis-server") is None:
        sys.exit("cluster-demo: redis-server is missing: apt-get install redis-server")
    try:
        asyncio.run(asyncio.wait_for(demo(), PATIENCE_S))
    except (DemoFailed, peer.PeerError) as error:
        sys.exit(f"cluster-demo: {error}")
    except TimeoutError:
        sys.exit(f"cluster-demo: not finished after {PATIENCE_S:.0f} s")
    except KeyboardInterrupt:
        sys.exit("cluster-demo: interrupted; everything is cleaned up")


async def demo() -> None:
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(running_redis())
        print(f"redis-server at {redis}")
        servers = [await stack.enter_async_context(running_server(redis)) for _ in range(SERVERS)]
        front = await stack.enter_async_context(running_front(servers))
        print(f"{SERVERS} servers on it, behind a front at {front.url}")
        rooms = await meet(stack, front)
        await talk(rooms, "before")
        victim = max(servers, key=front.open_to)
        print(f"\nkilling the server on port {victim.port}, which holds {front.open_to(victim)} connections")
        victim.child.kill()
        await return_to_others(rooms)
        await welcome_newcomers(stack, front, rooms)
        await talk(rooms, "after")
        tell_what_was_seen(rooms)


# ---- the processes


@dataclass(eq=False)
class Server:
    """One `python -m signaling`."""

    child: asyncio.subprocess.Process
    port: int


@asynccontextmanager
async def process(*line: str, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A child of ours, which is gone when the block is left."""
    pipe, quiet = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    child = await asyncio.create_subprocess_exec(*line, stdout=pipe, stderr=quiet, env={**os.environ, **settings})
    try:
        yield child
    finally:
        with suppress(ProcessLookupError):
            child.terminate()
        await child.communicate()


@asynccontextmanager
async def running_redis() -> AsyncIterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="speaktube-cluster-") as folder:
        options = ("--bind", "127.0.0.1", "--port", port, "--dir", folder, "--save", "", "--appendonly", "no")
        async with process("redis-server", *options) as child:
            assert child.stdout is not None
            async for line in child.stdout:
                if b"Ready to accept connections" in line:
                    break
            else:
                raise DemoFailed("redis-server did not start")
            yield f"redis://127.0.0.1:{port}/0"


@asynccontextmanager
async def running_server(redis: str) -> AsyncIterator[Server]:
    line = (sys.executable, "-m", "signaling", "--guests", "--port", "0", "--store", redis)
    async with process(*line) as child:
        assert child.stdout is not None
        first = (await child.stdout.readline()).decode().strip()
        if not first.startswith("listening on "):
            raise DemoFailed("a server did not start; python -m signaling serve --guests says why")
        yield Server(child, int(first.rpartition(":")[2]))


@dataclass
class Front:
    """Sends each connection to the next server that takes it."""

    servers: list[Server]
    url: str = ""
    turn: int = 0
    connections: Counter[int] = field(default_factory=Counter)
    ways: set[asyncio.Task[None]] = field(default_factory=set)

    def open_to(self, server: Server) -> int:
        return self.connections[server.port]

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found = await self._connect()
        if found is None:
            writer.close()
            return
        port, there_reader, there_writer = found
        self.connections[port] += 1
        ways = [asyncio.create_task(copy(reader, there_writer)), asyncio.create_task(copy(there_reader, writer))]
        self.ways.update(ways)
        await asyncio.wait(ways)
        self.ways.difference_update(ways)
        self.connections[port] -= 1

    async def _connect(self) -> tuple[int, asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self.servers:
            self.turn += 1
            port = self.servers[self.turn % len(self.servers)].port
            with suppress(OSError):
                return port, *await asyncio.open_connection("127.0.0.1", port)
        return None

    async def close(self) -> None:
        ways = list(self.ways)
        for way in ways:
            way.cancel()
        if ways:
            await asyncio.wait(ways)


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def running_front(servers: list[Server]) -> AsyncIterator[Front]:
    front = Front(servers)
    listener = await asyncio.start_server(front.accept, "127.0.0.1", 0)
    front.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield front
    finally:
        listener.close()
        await front.close()
        await listener.wait_closed()


# ---- the peers


@dataclass
class Guest:
    """A peer in its room, and all that it saw there."""

    name: str
    room: peer.Room
    seen: list[peer.Event] = field(default_factory=list)

    async def watch(self, events: peer.EventStream) -> None:
        async for event in events:
            self.seen.append(event)

    def heard(self) -> list[str]:
        return [event.text for event in self.seen if isinstance(event, peer.Message)]

    def states(self) -> list[peer.RoomState]:
        return [event.state for event in self.seen if isinstance(event, peer.StateChanged)]


Rooms = list[list[Guest]]


async def meet(stack: AsyncExitStack, front: Front) -> Rooms:
    """Three to a room, linked with each other."""
    started = time.monotonic()
    rooms: Rooms = []
    for number in range(ROOMS):
        host = await enter(stack, front, f"peer {number}.0")
        others = [await enter(stack, front, f"peer {number}.{i}", host.room.invite) for i in range(1, PEERS_A_ROOM)]
        rooms.append([host, *others])
    await until(lambda: all(len(guest.room.members) == PEERS_A_ROOM for room in rooms for guest in room), "a full room")
    print(f"{ROOMS * PEERS_A_ROOM} peers linked in {ROOMS} rooms after {time.monotonic() - started:.1f} s")
    return rooms


async def enter(stack: AsyncExitStack, front: Front, name: str, invite: str | None = None) -> Guest:
    me = await stack.enter_async_context(peer.Peer(front.url, name=name))
    room = await (me.join_room(invite) if invite else me.create_room("Deck"))
    guest = Guest(name, room)
    watching = asyncio.create_task(guest.watch(room.events()))
    stack.callback(watching.cancel)
    return guest


async def talk(rooms: Rooms, when: str) -> None:
    """Everybody says one line, and everybody hears all others."""
    started = time.monotonic()
    for room in rooms:
        for guest in room:
            await guest.room.send(f"{guest.name} {when}")

    def has_heard(guest: Guest, room: list[Guest]) -> bool:
        return {f"{each.name} {when}" for each in room if each is not guest} <= set(guest.heard())

    await until(lambda: all(has_heard(guest, room) for room in rooms for guest in room), f"the lines {when} the kill")
    lines = sum(len(room) * (len(room) - 1) for room in rooms)
    print(f"{lines} lines heard {when} the kill, in {time.monotonic() - started:.2f} s")


async def return_to_others(rooms: Rooms) -> None:
    """Until all who lost their server have another."""
    started = time.monotonic()
    guests = [guest for room in rooms for guest in room]
    await until(lambda: any(guest.states() for guest in guests), "a peer that noticed")
    await until(lambda: all(guest.room.state is peer.RoomState.JOINED for guest in guests), "all peers back")
    back = sum(bool(guest.states()) for guest in guests)
    print(f"{back} peers lost their server, and all were back on another after {time.monotonic() - started:.1f} s")


async def welcome_newcomers(stack: AsyncExitStack, front: Front, rooms: Rooms) -> None:
    """One more in each room: it finds everybody through the servers that are left."""
    started = time.monotonic()
    for number, room in enumerate(rooms):
        room.append(await enter(stack, front, f"newcomer {number}", room[0].room.invite))
    await until(lambda: all(len(guest.room.members) == len(room) for room in rooms for guest in room), "newcomers")
    print(f"{ROOMS} newcomers linked with everybody after {time.monotonic() - started:.1f} s")


async def until(is_so: object, what: str) -> None:
    assert callable(is_so)
    try:
        async with asyncio.timeout(40):
            while not is_so():  # noqa: ASYNC110 - thirty peers are looked at, none of which sets an event
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise DemoFailed(f"waited in vain for {what}") from None


def tell_what_was_seen(rooms: Rooms) -> None:
    """A line a peer, and what must not be among it."""
    print()
    for room in rooms:
        for guest in room:
            kinds = Counter(type(event).__name__ for event in guest.seen)
            print(f"{guest.name:12}  " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
            if kinds["MemberLeft"]:
                raise DemoFailed(f"{guest.name} saw somebody leave")
            if len(set(guest.heard())) != len(guest.heard()):
                raise DemoFailed(f"{guest.name} heard a line twice")
    print("\nnobody saw anybody leave, and no line came twice")


if __name__ == "__main__":
    main()
