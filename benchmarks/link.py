"""All about links in one go: one line of JSON a figure, each beside bare aiortc in the same run.

    python benchmarks/link.py                    everything, some minutes
    python benchmarks/link.py --only idle,mesh   parts of it
    python benchmarks/link.py --quick            very little of everything, to see that it runs

`connect`, `throughput` and `latency` are `connect.py`, `throughput.py` and `bulk.py` beside this file. `idle`, `mesh`
and `teardown` hold many links in one process, a fresh one for each round, so that its memory is theirs; rounds of ours
and of bare aiortc alternate. `room` is what an idle room costs, with its signaling, encryption and heartbeats: all
members sit in one process, and the figures are shared among them. A link is one end of a path: a pair has two.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bare import bare_pair
from connect import open_pair
from report import print_values
from rooms import running_server

import peer
from peer.rtc.ice import ADDRESSES_SETTING

FOLDER = Path(__file__).parent
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
AT_ONCE = 20
"""Pairs that are opened together."""
SETTLE_S = 1.0
MEETING_S = 60.0


@dataclass(frozen=True)
class Amount:
    """How much of each."""

    rounds: int = 3
    idle_pairs: int = 50
    idle_s: float = 10.0
    meshes: tuple[int, ...] = (10, 20)
    teardown_pairs: int = 200
    rooms: tuple[int, ...] = (2, 16, 20)
    room_s: float = 20.0


QUICK = Amount(rounds=1, idle_pairs=3, idle_s=0.3, meshes=(3,), teardown_pairs=5, rooms=(3,), room_s=0.3)


class End(Protocol):
    """What ours and aiortc's have in common."""

    async def close(self) -> None: ...


Kind = Callable[[], Awaitable[tuple[End, End]]]
KINDS: dict[str, Kind] = {"ours": open_pair, "bare": bare_pair}


# ---- a round, in a process of its own


def resident_bytes() -> int:
    """Of this process."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES


async def open_pairs(kind: Kind, count: int) -> list[End]:
    """Both ends of each; the first pair of all also pays for imports, and is closed again."""
    ends: list[End] = []
    while len(ends) < 2 * count:
        some = min(AT_ONCE, count - len(ends) // 2)
        for pair in await asyncio.gather(*(kind() for _ in range(some))):
            ends += pair
    return ends


async def close_all(ends: list[End]) -> None:
    await asyncio.gather(*(end.close() for end in ends))


async def warm_up(kind: Kind) -> None:
    await close_all(await open_pairs(kind, 1))
    await asyncio.sleep(SETTLE_S / 10)


async def idle(kind: Kind, pairs: int, seconds: float) -> dict[str, float]:
    """Memory and CPU of a link on which nobody says anything."""
    await warm_up(kind)
    before = resident_bytes()
    ends = await open_pairs(kind, pairs)
    await asyncio.sleep(min(SETTLE_S, seconds))
    held = resident_bytes() - before
    cpu_s, began = time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds)
    share = (time.process_time() - cpu_s) / (time.perf_counter() - began)
    await close_all(ends)
    return {"kib_a_link": held / len(ends) / 1024, "cpu_us_per_s": share / len(ends) * 1e6}


async def mesh(kind: Kind, members: int, _seconds: float) -> dict[str, float]:
    """Everybody linked with everybody, all at once."""
    await warm_up(kind)
    before, began = resident_bytes(), time.perf_counter()
    pairs = await asyncio.gather(*(kind() for _ in range(members * (members - 1) // 2)))
    seconds = time.perf_counter() - began
    held = resident_bytes() - before
    await close_all([end for pair in pairs for end in pair])
    return {"ms": seconds * 1000, "mib": held / 2**20}


async def teardown(kind: Kind, pairs: int, _seconds: float) -> dict[str, float]:
    """All closed at once, and what is left of them."""
    await warm_up(kind)
    files, ends = count_files(), await open_pairs(kind, pairs)
    began = time.perf_counter()
    await close_all(ends)
    seconds = time.perf_counter() - began
    await asyncio.sleep(SETTLE_S / 10)
    left = len(asyncio.all_tasks()) - 1
    return {"ms": seconds * 1000, "tasks_left": left, "files_left": count_files() - files}


def count_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def room(_kind: Kind, members: int, seconds: float) -> dict[str, float]:
    """A room whose members are all here, and say nothing."""
    async with running_server() as server, AsyncExitStack() as stack:
        before, began = resident_bytes(), time.perf_counter()
        rooms = await _meet(server, members, stack)
        linked_s = time.perf_counter() - began
        await asyncio.sleep(min(SETTLE_S, seconds))
        held = resident_bytes() - before
        cpu_s, began = time.process_time(), time.perf_counter()
        await asyncio.sleep(seconds)
        share = (time.process_time() - cpu_s) / (time.perf_counter() - began)
        assert all(_are_all_here(room, members) for room in rooms), "a member was lost meanwhile"
    return {"ms": linked_s * 1000, "mib": held / 2**20, "core_percent_a_member": share / members * 100}


async def _meet(server: str, members: int, stack: AsyncExitStack) -> list[peer.Room]:
    async def enter(number: int, invite: str | None) -> peer.Room:
        me = await stack.enter_async_context(peer.Peer(server, name=f"member {number}"))
        return await (me.join_room(invite) if invite else me.create_room("Deck"))

    first = await enter(0, None)
    others = await asyncio.gather(*(enter(number, first.invite) for number in range(1, members)))
    rooms = [first, *others]
    async with asyncio.timeout(MEETING_S):
        await asyncio.gather(*(_hear_of(room, members - 1) for room in rooms))
    return rooms


async def _hear_of(room: peer.Room, others: int) -> None:
    async for event in room.events():
        others -= isinstance(event, peer.MemberJoined)
        if not others:
            return


def _are_all_here(room: peer.Room, members: int) -> bool:
    return sum(member.last_seen is None for member in room.members) == members


ROUNDS = {"idle": idle, "mesh": mesh, "teardown": teardown, "room": room}


# ---- all rounds


def measure(part: str, kind: str, count: int, seconds: float) -> dict[str, float]:
    """One round, in a process of its own."""
    command = [sys.executable, __file__, "--round", part, kind, str(count), str(seconds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    values: dict[str, float] = json.loads(done.stdout)
    return values


def medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(each[key] for each in rounds), 2) for key in rounds[0]}


def compare(name: str, part: str, *, count: int, seconds: float, rounds: int) -> None:
    """Medians of ours and of bare aiortc, and the ratio of each that is not nought."""
    turns = [{kind: measure(part, kind, count, seconds) for kind in KINDS} for _ in range(rounds)]
    ours, bare = (medians([turn[kind] for turn in turns]) for kind in KINDS)
    baseline = {f"bare_{key}": value for key, value in bare.items()}
    ratios = {f"ratio_{key}": round(ours[key] / bare[key], 2) for key in ours if bare[key]}
    print_values(name, **ours, **baseline, **ratios)


def run_idle(amount: Amount) -> None:
    name = f"idle link, of {amount.idle_pairs} pairs"
    compare(name, "idle", count=amount.idle_pairs, seconds=amount.idle_s, rounds=amount.rounds)


def run_mesh(amount: Amount) -> None:
    for members in amount.meshes:
        compare(f"full mesh of {members}", "mesh", count=members, seconds=0, rounds=amount.rounds)


def run_teardown(amount: Amount) -> None:
    pairs = amount.teardown_pairs
    compare(f"teardown of {pairs} pairs", "teardown", count=pairs, seconds=0, rounds=amount.rounds)


def run_room(amount: Amount) -> None:
    for members in amount.rooms:
        rounds = [measure("room", "ours", members, amount.room_s) for _ in range(amount.rounds)]
        print_values(f"idle room of {members}", **medians(rounds))


def run_file(name: str, amount: Amount) -> None:
    """A neighbour of this file, whose lines are passed on."""
    quick = ["--quick"] if amount is QUICK else []
    subprocess.run([sys.executable, str(FOLDER / name), *quick], check=True)


FILES = {"connect": "connect.py", "throughput": "throughput.py", "latency": "bulk.py"}
OWN: dict[str, Callable[[Amount], None]] = {
    "idle": run_idle,
    "mesh": run_mesh,
    "teardown": run_teardown,
    "room": run_room,
}


def parts() -> Iterator[str]:
    yield from (part for part, file in FILES.items() if (FOLDER / file).exists())
    yield from OWN


def run(part: str, amount: Amount) -> None:
    if part in FILES:
        run_file(FILES[part], amount)
    else:
        OWN[part](amount)


def say_what_is_missing() -> None:
    """libdatachannel's binding is an oracle of our tests; it asks for a newer Python than we do."""
    if importlib.util.find_spec("aiolibdatachannel") is None:
        print_values("libdatachannel", absent="aiolibdatachannel is not installed; it needs Python 3.12 or newer")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="very little of everything")
    parser.add_argument("--only", default=",".join(parts()), help="of %(default)s")
    parser.add_argument("--round", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.round:
        part, kind, count, seconds = options.round
        work: Any = ROUNDS[part](KINDS[kind], int(count), float(seconds))
        print(json.dumps(asyncio.run(work)))
        return 0
    chosen = options.only.split(",")
    if unknown := set(chosen) - set(parts()):
        parser.error(f"{', '.join(sorted(unknown))} is no part: choose from {','.join(parts())}")
    for part in chosen:
        run(part, QUICK if options.quick else Amount())
    say_what_is_missing()
    return 0


if __name__ == "__main__":
    os.environ.setdefault(ADDRESSES_SETTING, "127.0.0.1")
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
