"""What benchmarks/signaling.py measures and how it is told; the loads themselves are in *_load.py.

Servers are pinned to one core and clients to another. Runs of the contestants alternate, so that a slow moment of the
machine hits all of them, and medians are told. A relay's pace is its own only while it uses its whole core: where one
did not, the line says so, and `per_cpu_s`, envelopes for each second of CPU, is what remains comparable.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from join_load import measure_idleness, measure_joins
from relay_load import Pace, measure_relay
from report import print_values
from rooms_load import Crowd, measure_rooms
from servers import CLIENT_CORE, CONTESTANTS, OURS, Absent, Server, pin_to, raise_file_limit, running

__all__ = ["main"]

BODIES_BYTES = (200, 2000)
WINDOWS = (1, 8)
"""Envelopes under way in each direction: one after the other, and a burst, as candidates come."""
SATURATED_SHARE = 0.95
SPARE_FILES = 1150
"""What our server keeps free of its limit on open files: a backlog, its own files, and newcomers' calls."""

LOOP = "uvloop" if find_spec("uvloop") else "asyncio"
"""On which both servers in Python run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything."""

    runs: int = 3
    pairs: int = 50
    run_s: float = 0.8
    joins: int = 800
    idle_peers: int = 2000
    quiet_s: float = 20.0
    """Below a round of pings, which comes every 25 s."""
    idle_s: float = 30.0
    rooms: int = 10_000
    rooms_pace_s: float = 8.0
    polling_rooms: int = 1000
    polling_pace_s: float = 20.0
    stay_s: float = 3.0


QUICK = Size(
    runs=1,
    pairs=2,
    run_s=0.1,
    joins=20,
    idle_peers=20,
    quiet_s=0.1,
    idle_s=0.2,
    rooms=4,
    rooms_pace_s=0.1,
    polling_rooms=2,
    polling_pace_s=0.1,
    stay_s=0.1,
)
"""Whether all of it still works."""


@dataclass(frozen=True, slots=True)
class Contest:
    """Who is measured, and how long; one event loop for all of it, for Ctrl-C while a loop is made is not clean."""

    size: Size
    names: Sequence[str]
    runner: asyncio.Runner


def main() -> int:
    """Measure what was asked for; answer the exit code."""
    options = _options()
    pin_to(CLIENT_CORE)
    try:
        with asyncio.Runner() as runner:
            runner.get_loop()
            _hold(options, runner)
    except (KeyboardInterrupt, asyncio.CancelledError):  # the latter where Ctrl-C meets a time-out in aiohttp
        _say("stopped")
        return 130
    except (Absent, OSError) as error:
        _say(str(error))
        return 1
    return 0


def _hold(options: argparse.Namespace, runner: asyncio.Runner) -> None:
    names = [OURS, *(name for name in options.against if _is_present(name))]
    contest = Contest(QUICK if options.quick else Size(), names, runner)
    for part in options.only:
        PARTS[part](contest)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Our signaling server, a bare relay, and npm's PeerServer.")
    others = [name for name in CONTESTANTS if name != OURS]
    parser.add_argument("--only", type=_some_of(PARTS), default=tuple(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--against", type=_some_of(others), default=others, help=f"some of {','.join(others)}")
    parser.add_argument("--quick", action="store_true", help="very little of everything: does it work?")
    return parser.parse_args()


def _some_of(names: Collection[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        chosen = text.split(",")
        if not set(chosen) <= set(names):
            raise argparse.ArgumentTypeError(f"choose from {','.join(names)}")
        return chosen

    return parse


def _is_present(name: str) -> bool:
    try:
        CONTESTANTS[name]()
    except Absent as absent:
        print_values(name, skipped=str(absent))
        return False
    return True


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _median(values: Iterable[float], digits: int = 0) -> float:
    return round(statistics.median(values), digits or None)


def _column(name: str, what: str) -> str:
    """Ours go without a name."""
    return what if name == OURS else f"{name}_{what}"


# Relay


def relay(contest: Contest) -> None:
    """Envelopes a second at saturation."""
    with ExitStack() as stack:
        servers = [stack.enter_context(running(name)) for name in contest.names]
        for window in WINDOWS:
            for body_bytes in BODIES_BYTES:
                title = f"relay {body_bytes} B, {window} under way"
                _say(title)
                _tell_relay(title, _alternate(contest, servers, body_bytes=body_bytes, window=window))


def _alternate(contest: Contest, servers: Sequence[Server], *, body_bytes: int, window: int) -> dict[str, list[Pace]]:
    size = contest.size
    paces: dict[str, list[Pace]] = {server.name: [] for server in servers}
    for _ in range(size.runs):
        for server in servers:
            pace = measure_relay(server, body_bytes=body_bytes, pairs=size.pairs, window=window, seconds=size.run_s)
            paces[server.name].append(contest.runner.run(pace))
    return paces


def _tell_relay(title: str, paces: dict[str, list[Pace]]) -> None:
    values: dict[str, Any] = {}
    for name, runs in paces.items():
        values[_column(name, "per_s")] = _median(pace.envelopes_per_s for pace in runs)
        values[_column(name, "per_cpu_s")] = _median(pace.envelopes_per_cpu_s for pace in runs)
        values[_column(name, "core")] = _median((pace.server_share for pace in runs), 2)
    values["loop"] = LOOP
    for name in paces:
        if name != OURS:
            values[f"ratio_{name}"] = round(values["per_s"] / values[_column(name, "per_s")], 2)
            values[f"cpu_ratio_{name}"] = round(values["per_cpu_s"] / values[_column(name, "per_cpu_s")], 2)
    values["client_core"] = _median((pace.client_share for pace in paces[OURS]), 2)
    values["saturated"] = all(values[_column(name, "core")] >= SATURATED_SHARE for name in paces)
    print_values(title, **values)


# Joins and idle peers


def joins(contest: Contest) -> None:
    """CPU of a join, in servers that are new each time: those who left long ago cost something, too."""
    size, names, run = contest.size, contest.names, contest.runner.run
    _say(f"{size.joins} joins, {size.runs} times")
    calls: dict[str, list[float]] = {name: [] for name in names}
    sockets: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(size.runs):
        for name in names:
            with running(name) as server:
                run(measure_joins(server, size.joins // 5))  # the first ones also pay for what is made once
                cost = run(measure_joins(server, size.joins))
            calls[name].append(cost.call_s * 1e6)
            sockets[name].append(cost.socket_s * 1e6)
    values = {_column(name, "call_us"): _median(calls[name]) for name in names}
    values |= {_column(name, "socket_us"): _median(sockets[name]) for name in names}
    print_values("join", count=size.joins, **values)


def idle(contest: Contest) -> None:
    """Memory and CPU of peers that say nothing."""
    size = contest.size
    values: dict[str, float] = {}
    for name in contest.names:
        _say(f"{size.idle_peers} idle peers: {name}")
        quiet_s, idle_s = (size.quiet_s, size.idle_s) if name == OURS else (0.0, 0.0)
        with running(name) as server:
            idling = measure_idleness(server, size.idle_peers, quiet_s=quiet_s, idle_s=idle_s)
            idleness = contest.runner.run(idling)
        values[_column(name, "kib_a_connection")] = round(idleness.bytes_a_connection / 1024, 1)
        if name == OURS:
            values["core_percent"] = round(idleness.share * 100, 2)
            values["core_percent_between_pings"] = round(idleness.quiet_share * 100, 2)
    print_values(f"{size.idle_peers} idle peers", **values)


# Crowds


def rooms(contest: Contest) -> None:
    """Many rooms of two, by WebSocket."""
    size = contest.size
    count = min(size.rooms, (raise_file_limit() - SPARE_FILES) // 2)
    _say(f"{count} rooms by WebSocket" + ("" if count == size.rooms else ": the limit on open files allows no more"))
    with running(OURS) as server:
        crowd = measure_rooms(server, rooms=count, pace_s=size.rooms_pace_s, stay_s=size.stay_s, is_polling=False)
    _tell_crowd("rooms by WebSocket", crowd)


def polls(contest: Contest) -> None:
    """The same by HTTP, each envelope through the store on disk."""
    size = contest.size
    raise_file_limit()
    _say(f"{size.polling_rooms} rooms by HTTP, store on disk")
    with tempfile.TemporaryDirectory() as folder, running(OURS, SIGNALING_STORE=f"diskcache:{folder}/store") as server:
        crowd = measure_rooms(
            server, rooms=size.polling_rooms, pace_s=size.polling_pace_s, stay_s=size.stay_s, is_polling=True
        )
    _tell_crowd("rooms by HTTP, diskcache", crowd)


def _tell_crowd(title: str, crowd: Crowd) -> None:
    ordered = sorted(crowd.latencies)
    print_values(
        title,
        rooms=crowd.rooms,
        complete=crowd.complete,
        peers_present=crowd.present,
        envelopes=len(ordered),
        p50_ms=round(ordered[len(ordered) // 2] * 1000, 2),
        p99_ms=round(ordered[len(ordered) * 99 // 100] * 1000, 2),
        core=round(crowd.talk_share, 2),
        join_s=round(crowd.join_s, 1),
        mib=round(crowd.resident_bytes / 2**20),
        kib_a_peer=round(crowd.grown_bytes / crowd.rooms / 2 / 1024, 1),
    )


PARTS: dict[str, Callable[[Contest], None]] = {
    "relay": relay,
    "joins": joins,
    "idle": idle,
    "rooms": rooms,
    "polls": polls,
}
