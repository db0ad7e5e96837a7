"""Three servers on one Redis, one of them killed, and nobody notices: python examples/cluster_demo.py

Starts redis-server, three `python -m signaling` on it, and a small front that sends each connection to the next server.
Thirty peers meet in ten rooms, whichever server they are on, and talk. Then one server is killed: its peers come back
by the others, a newcomer enters each room, and everybody talks again. Prints what happened and a line for what each
peer saw; leaves nothing behind. Exit code 1, and a sentence, where anything went otherwise.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

from cluster_front import Front, running_front

try:
    import aiohttp

    import peer
except KeyboardInterrupt:  # they take most of a second
    sys.exit("cluster-demo: interrupted; nothing has begun")

ROOMS, PEERS_A_ROOM, SERVERS = 10, 3, 3
PATIENCE_S = 120.0
"""For the whole demo; it takes six seconds on two cores."""


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
    for number in (signal.SIGTERM, signal.SIGHUP):  # a terminal that is closed leaves nothing behind either
        asyncio.get_running_loop().add_signal_handler(number, signal.raise_signal, signal.SIGINT)
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(running_redis())
        servers = [await stack.enter_async_context(running_server(redis, number + 1)) for number in range(SERVERS)]
        front = await stack.enter_async_context(running_front([server.port for server in servers]))
        print(f"redis-server at {redis}, {SERVERS} signaling servers on it, and a front at {front.url}")
        rooms = await meet(stack, front)
        await tell_who_is_where(servers)
        await talk(rooms, "before")
        victim = max(servers, key=lambda server: server.peers)
        print(f"\nkilling {victim.name}, to which {victim.peers} peers are connected")
        victim.child.kill()
        await victim.child.wait()
        await return_to_others(rooms, lost=victim.peers)
        await welcome_newcomers(stack, front, rooms)
        await tell_who_is_where(servers)
        await talk(rooms, "after")
        tell_what_was_seen(rooms)


# ---- the processes


@dataclass(eq=False)
class Server:
    """One `python -m signaling`."""

    child: asyncio.subprocess.Process
    number: int
    port: int
    peers: int = 0
    """Connected to it when it was asked last."""

    @property
    def name(self) -> str:
        return f"server {self.number}"

    async def ask(self, session: aiohttp.ClientSession) -> None:
        async with session.get(f"http://127.0.0.1:{self.port}/metrics") as answer:
            found = re.search(r"^signaling_connected_peers ([0-9]+)", await answer.text(), re.MULTILINE)
        self.peers = int(found[1]) if found else 0


async def tell_who_is_where(servers: list[Server]) -> None:
    async with aiohttp.ClientSession() as session:
        alive = [server for server in servers if server.child.returncode is None]
        await asyncio.gather(*(server.ask(session) for server in alive))
    print("  " + ", ".join(f"{server.name}: {server.peers} peers" for server in alive))


@asynccontextmanager
async def process(*line: str, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A child of ours, which is gone when the block is left; in a group of its own: Ctrl-C is for us alone."""
    pipe, quiet = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    environment = {**os.environ, **settings}
    child = await asyncio.create_subprocess_exec(*line, stdout=pipe, stderr=quiet, env=environment, process_group=0)
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
async def running_server(redis: str, number: int) -> AsyncIterator[Server]:
    line = (sys.executable, "-m", "signaling", "--guests", "--port", "0", "--store", redis)
    async with process(*line) as child:
        assert child.stdout is not None
        first = (await child.stdout.readline()).decode().strip()
        if not first.startswith("listening on "):
            raise DemoFailed("a server did not start; python -m signaling serve --guests says why")
        yield Server(child, number, int(first.rpartition(":")[2]))


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

    def heard(self, when: str = "") -> list[str]:
        """The lines of others, all or those of one time."""
        return [event.text for event in self.seen if isinstance(event, peer.Message) and event.text.endswith(when)]

    def count(self, kind: type[peer.Event]) -> int:
        return sum(isinstance(event, kind) for event in self.seen)

    def has_lost_its_server(self) -> bool:
        return self.count(peer.StateChanged) > 0

    def is_back(self) -> bool:
        return self.room.state is peer.RoomState.JOINED


Rooms = list[list[Guest]]


async def meet(stack: AsyncExitStack, front: Front) -> Rooms:
    """Three to a room, linked with each other."""
    started = time.monotonic()
    rooms: Rooms = []
    for number in range(1, ROOMS + 1):
        host = await enter(stack, front, f"peer {number}a")
        others = [
            await enter(stack, front, f"peer {number}{i}", host.room.invite) for i in "bcdefgh"[: PEERS_A_ROOM - 1]
        ]
        rooms.append([host, *others])
    await until(lambda: all(len(guest.room.members) == PEERS_A_ROOM for room in rooms for guest in room), "a full room")
    print(f"{ROOMS * PEERS_A_ROOM} peers met in {ROOMS} rooms, one after the other, in {since(started)}")
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
    lines = sum(len(room) for room in rooms)
    heard = sum(len(guest.heard(when)) for room in rooms for guest in room)
    print(f"{lines} lines said {when} the kill, one a peer: {heard} times heard by the others, in {since(started)}")


async def return_to_others(rooms: Rooms, *, lost: int) -> None:
    """Until all who lost their server have another."""
    started = time.monotonic()
    guests = [guest for room in rooms for guest in room]
    await until(lambda: sum(guest.has_lost_its_server() for guest in guests) >= lost, "peers that notice")
    await until(lambda: all(guest.is_back() for guest in guests), "all peers back")
    print(f"its {lost} peers noticed, and were all back by the other servers after {since(started)}")


async def welcome_newcomers(stack: AsyncExitStack, front: Front, rooms: Rooms) -> None:
    """One more in each room: it finds everybody through the servers that are left."""
    started = time.monotonic()
    for number, room in enumerate(rooms, start=1):
        room.append(await enter(stack, front, f"newcomer {number}", room[0].room.invite))
    await until(lambda: all(len(guest.room.members) == len(room) for room in rooms for guest in room), "newcomers")
    print(f"{ROOMS} newcomers, one a room, met everybody there in {since(started)}")


def since(started: float) -> str:
    return f"{time.monotonic() - started:.2f} s"


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
    print("\nwhat everyone saw   others met   lines heard before, after   others leave   its own server lost")
    for room in rooms:
        for guest in room:
            lost = "yes, and back" if guest.has_lost_its_server() else "no"
            print(
                f"  {guest.name:14}{guest.count(peer.MemberJoined):11}{len(guest.heard('before')):19}"
                f"{len(guest.heard('after')):8}{guest.count(peer.MemberLeft):15}   {lost}"
            )
    for guest in (guest for room in rooms for guest in room):
        if guest.count(peer.MemberLeft):
            raise DemoFailed(f"{guest.name} saw somebody leave")
        if len(set(guest.heard())) != len(guest.heard()):
            raise DemoFailed(f"{guest.name} heard a line twice")
    print("\nnobody saw anybody leave, and no line came twice")


if __name__ == "__main__":
    main()
