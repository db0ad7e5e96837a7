"""One life of a member: a process with a real peer, which says numbers and tells the watch what it hears.

It is forked from a process that has imported everything, so that a new life costs little. It ends by a goodbye when it
is told to, and when the watch is gone.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from random import Random

import peer
import peer.rtc.link  # what is imported here is not read again in each life
import peer.signaling.client

from .facts import Connected, Delivered, Entered, Fact, Gauge, Heard, Joined, Left, Parted, Said, Trouble
from .gauge import measure

__all__ = ["GAUGE", "HUSH", "LEAVE", "Life", "live"]

HUSH, GAUGE, LEAVE = "hush", "gauge", "leave"
"""What the watch tells it."""

GAUGE_EVERY_S = 5.0
RETRY_S = 1.0
PATIENCE_S = 60.0
"""For a server that restarts when it wants to enter."""
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """Who lives, and on what."""

    name: str
    number: int
    folder: str
    server: str
    invite: str | None
    """None for the founder in its first life."""
    pause_s: float
    """Between two messages, on average."""
    seed: int


def live(life: Life, orders: Connection, facts: Connection) -> None:
    """From the first breath to the last."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the watch, which lets all say goodbye
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # who is frozen would stay when all others are gone
    _tell_troubles(facts)
    with suppress(BrokenPipeError):
        asyncio.run(_Member(life, orders, facts).run())


def _tell_troubles(facts: Connection) -> None:
    log = _TroubleLog(facts)
    logging.getLogger().addHandler(log)
    logging.captureWarnings(True)
    sys.unraisablehook = lambda error: facts.send(Trouble(f"nobody caught {error.exc_value!r} in {error.object!r}"))


class _TroubleLog(logging.Handler):
    """Errors, and warnings of Python; our own warnings are for operators, and there will be some."""

    def __init__(self, facts: Connection) -> None:
        super().__init__(logging.WARNING)
        self._facts = facts

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.ERROR and record.name != "py.warnings":
            return
        cause = f" ({record.exc_info[1]!r})" if record.exc_info else ""
        with suppress(OSError):
            self._facts.send(Trouble(f"{record.name}: {record.getMessage()}{cause}"))


class _Member:
    def __init__(self, life: Life, orders: Connection, facts: Connection) -> None:
        self._life = life
        self._orders = orders
        self._facts = facts
        self._random = Random(f"{life.seed} {life.name} {life.number}")  # noqa: S311 - chance that can be repeated
        self._next = 0
        self._is_hushed = asyncio.Event()
        self._is_leaving = asyncio.Event()
        self._sent: dict[str, int] = {}
        self._room: peer.Room

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._orders.fileno(), self._obey)
        try:
            before = measure()
            try:
                await self._stay()
            except peer.PeerError as error:
                self._tell(Trouble(f"{type(error).__name__}: {error}"))
            await _settle(before)
            leftovers = sorted(task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task())
            self._tell(Left(before, measure(), tuple(leftovers)))
        finally:
            loop.remove_reader(self._orders.fileno())

    async def _stay(self) -> None:
        async with peer.Peer(self._life.server, name=self._life.name, data_dir=self._life.folder) as me:
            room = self._room = await self._enter(me)
            room.attach(self)
            self._tell(Entered(room.invite or ""))
            chores = [asyncio.create_task(work, name="soak") for work in (self._talk(room), self._watch())]
            await self._is_leaving.wait()
            for chore in chores:
                chore.cancel()
            await asyncio.gather(*chores, return_exceptions=True)
            await room.leave()  # while we still listen

    async def _enter(self, me: peer.Peer) -> peer.Room:
        """As a careful bot does: a server that restarts is asked again."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await (me.join_room(self._life.invite) if self._life.invite else me.create_room("Deck"))
            except peer.ConnectivityError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(RETRY_S)

    async def _talk(self, room: peer.Room) -> None:
        while not self._is_hushed.is_set():
            await asyncio.sleep(self._random.uniform(0.5, 1.5) * self._life.pause_s)
            if self._is_hushed.is_set():
                return
            number, self._next = self._next, self._next + 1
            said_at = time.monotonic()
            message = await room.send(f"{self._life.number} {number}")
            self._sent[message.id] = number
            self._tell(Said(number, said_at))

    async def _watch(self) -> None:
        while True:
            self._tell(measure())
            await asyncio.sleep(GAUGE_EVERY_S)

    def _obey(self) -> None:
        try:
            order = self._orders.recv()
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(self._orders.fileno())
            order = LEAVE
        if order == GAUGE:
            gc.collect()
            self._tell(measure())
            return
        self._is_hushed.set()
        if order == LEAVE:
            self._is_leaving.set()

    def _tell(self, fact: Fact) -> None:
        self._facts.send(fact)

    # ---- what is heard

    def put(self, event: peer.Event) -> None:
        match event:
            case peer.Message(sender=sender, text=text):
                life, number = text.split()
                self._tell(Heard(sender.name, int(life), int(number), time.monotonic()))
                self._room.acknowledge(event)
            case peer.MemberJoined(member=member):
                self._tell(Joined(member.name, self._next))
            case peer.MemberLeft(member=member, reason=reason):
                self._tell(Parted(member.name, reason, self._next))
            case peer.ConnectionChanged(member=peer.Member() as member):
                self._tell(Connected(member.name, member.connection == "linked", self._next))
            case peer.StatusChanged():
                self._hear_status(event)
            case _:
                pass

    def _hear_status(self, change: peer.StatusChanged) -> None:
        if change.draft_id in self._sent:
            self._sent[change.message_id] = self._sent.pop(change.draft_id)
        number = self._sent.pop(change.message_id, None) if change.status in ("delivered", "read") else None
        if number is not None:
            self._tell(Delivered(number))

    def fall_behind(self) -> None:
        self._tell(Trouble("the reader of events fell behind"))

    def end(self) -> None:
        """The room was left."""


async def _settle(before: Gauge) -> None:
    """Closing takes some cycles of the loop, and an executor some milliseconds."""
    for _ in range(50):
        now = measure()
        if (now.files, now.tasks) <= (before.files, before.tasks):
            return
        await asyncio.sleep(0.02)
    gc.collect()
