"""Thousands of rooms of two on one server process: all join, all talk, nobody leaves.

Client processes share the rooms (room_share.py) and take each step together.
"""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from room_share import Load, Talk, take_part
from servers import Server

__all__ = ["Crowd", "measure_rooms"]

PROCESSES = 4
STEP_S = 150.0


@dataclass(frozen=True, slots=True)
class Crowd:
    """What the clients have seen, and what it cost the server."""

    rooms: int
    complete: int
    """Rooms whose envelopes have all arrived."""
    present: int
    """Peers that were still connected at the end."""
    latencies: list[float]
    join_s: float
    talk_share: float
    """Of the server's core, while they talk."""
    resident_bytes: int
    grown_bytes: int
    """Since before the first one came."""


def measure_rooms(server: Server, *, rooms: int, pace_s: float, stay_s: float, is_polling: bool) -> Crowd:
    """All steps, once; raise ConnectionError where a client was refused."""
    resident_before = server.resident_bytes
    with _processes(server.port, rooms, pace_s=pace_s, is_polling=is_polling) as parts:
        began = time.perf_counter()
        joined: list[int] = _step(parts)
        join_s, cpu_before, talk_at = time.perf_counter() - began, server.cpu_s, time.perf_counter()
        talks: list[Talk] = _step(parts)
        talk_share = (server.cpu_s - cpu_before) / (time.perf_counter() - talk_at)
        time.sleep(stay_s)
        resident = server.resident_bytes
        present: list[int] = _step(parts)
    return Crowd(
        rooms=sum(joined),
        complete=sum(talk.complete for talk in talks),
        present=sum(present),
        latencies=[latency for talk in talks for latency in talk.latencies],
        join_s=join_s,
        talk_share=talk_share,
        resident_bytes=resident,
        grown_bytes=resident - resident_before,
    )


@contextmanager
def _processes(port: int, rooms: int, *, pace_s: float, is_polling: bool) -> Iterator[list[Connection]]:
    context = multiprocessing.get_context("spawn")
    parts, processes = list[Connection](), list[Any]()
    try:
        for number in range(min(PROCESSES, rooms)):
            ours, theirs = context.Pipe()
            load = Load(port, f"127.0.0.{2 + number}", len(range(number, rooms, PROCESSES)), pace_s, is_polling)
            processes.append(context.Process(target=take_part, args=(load, theirs), daemon=True))
            processes[-1].start()
            theirs.close()
            parts.append(ours)
        yield parts
    finally:
        for part in parts:
            part.close()
        for process in processes:
            process.terminate()
            process.join()


def _step(parts: Sequence[Connection]) -> list[Any]:
    for part in parts:
        part.send(None)
    return [_answer(part) for part in parts]


def _answer(part: Connection) -> Any:
    if not part.poll(STEP_S):
        raise ConnectionError(f"a client process has not finished its step within {STEP_S:g} s")
    answer = part.recv()
    if isinstance(answer, Exception):
        raise answer
    return answer
