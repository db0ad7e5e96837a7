"""The one asyncio driver: owns every task and the timer of each room, and knows no protocol.

A `Driver` feeds its room's machine one input at a time, carries out the outputs in order, and arms one timer. Links and
the seat at the signaling server are awaited in tasks of the one TaskGroup that `Runtime` opens; nothing else starts
tasks, and there is none for a message.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from .config import Config
from .core.claims import Standing
from .core.held import Held
from .core.machine import (
    AcceptAnswer,
    AcceptOffer,
    AddCandidate,
    CloseLink,
    CreateOffer,
    LinkId,
    Notify,
    Output,
    ProbeSeat,
    Save,
    SendSignal,
    Transmit,
)
from .core.mesh import Mesh
from .errors import ConnectivityError, StoreError
from .events import Event, RoomState
from .ids import MemberId
from .log.record import LogChanges
from .ports import Channel, Link, LinkFactory, Roster, Route, Seat, SignalingEvent, SignalingLost
from .tasks import Runtime

__all__ = ["Commit", "Driver", "Runtime", "wall_ms"]

_log = logging.getLogger("peer")

FAULT_PAUSE_S = 0.25
"""A room whose timer failed is woken again after this: what fails may be due at once, and for ever."""

Commit: TypeAlias = Callable[[LogChanges, Callable[[StoreError | None], None]], None]
"""Begins to keep something of a room; the second argument is called when that is done, in the order of the calls."""


def wall_ms() -> int:
    """The time of day: integer milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


class Driver:
    """One room: its machine, its links, its seat, its timer."""

    def __init__(  # noqa: PLR0913 - all that a room is driven with, by name
        self,
        mesh: Mesh,
        *,
        seat: Seat,
        open_link: LinkFactory,
        runtime: Runtime,
        config: Config,
        on_event: Callable[[Event], None],
        on_return: Callable[[], None] = lambda: None,
        keep: Callable[[], None] = lambda: None,
        commit: Commit = lambda _, on_done: on_done(None),
    ) -> None:
        """`on_return` is called when the server is there, at first or again after an outage.

        `keep` saves what the room has to know again, before what follows from it leaves; it may raise StoreError.
        `commit` does that for what is said in it, in the background; it may raise StoreError.
        """
        self.mesh = mesh
        self._seat = seat
        self._open_link = open_link
        self._runtime = runtime
        self._config = config
        self._on_event = on_event
        self._on_return = on_return
        self._keep = keep
        self._commit = commit
        self._held = Held(commit=self._begin_commit, carry_out=self._carry_out)
        self._parting: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._is_draining = False
        self._is_served = False
        self._drained = asyncio.Event()
        self._links: dict[LinkId, Link] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._seat_task: asyncio.Task[None] | None = None

    @property
    def now(self) -> float:
        """Monotonic seconds."""
        return self._loop.time()

    def start(self) -> None:
        """Meet those who are present, and keep the seat."""
        self._seat_task = self._runtime.spawn(self._keep_seat(), name="seat")
        self.mesh.join(self._seat.peers, now=self.now)
        self.drain()

    async def stop(self) -> None:
        """Leave the room: tell everybody, close every link and the seat; may be called twice."""
        try:
            await self._leave()
        finally:
            for task in (self._seat_task, self._parting):
                if task is not None:
                    task.cancel()  # has ended by now, unless we were cancelled before the server had answered

    async def _leave(self) -> None:
        try:
            await self._wait_paid()
        finally:
            self.mesh.leave(now=self.now)
            self.drain()
        await self.wait_while(lambda: self._held.is_waiting, timeout_s=self._config.last_words_s)
        await asyncio.wait([task for task in (self._parting, self._seat_task) if task is not None])
        while self._closing:
            await asyncio.wait(self._closing)

    async def _wait_paid(self) -> None:
        """What was said reaches those who are linked or just about to be: "join, send, leave" loses nothing."""
        if self.mesh.is_owing:
            self.mesh.ask_for_confirmation(now=self.now)
            self.drain()
        await self.wait_while(lambda: self.mesh.is_owing, timeout_s=self._config.last_words_s)

    async def wait_while(self, is_so: Callable[[], bool], *, timeout_s: float) -> None:
        """Look again after each input; not for ever."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while is_so():
                    self._drained.clear()
                    await self._drained.wait()

    async def wait_kept(self) -> None:
        """Until all that was said so far is on the disk, or this takes too long."""
        begun = self._held.begun
        if self._held.done < begun:
            await self.wait_while(lambda: self._held.done < begun, timeout_s=self._config.slow_link_s)

    async def wait_drained(self) -> None:
        """Back-pressure: return once no link has more than the high-water mark in its buffer, or after a while.

        A link that takes nothing must not hold up the others; it is closed when its buffer is full.
        """
        full = [link for link in self._links.values() if link.buffered_bytes > self._config.high_water_bytes]
        if full:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._config.slow_link_s):
                    for link in full:
                        await link.wait_drained()

    def probe(self) -> None:
        """Our network changed, or we were asleep: what is dead shows itself soon, and the seat is connected anew."""
        self.mesh.probe(now=self.now)
        self._seat.renew()
        self.drain()

    def receive_standing(self, standing: Standing) -> None:
        """What the server says of us, and how others are checked."""
        self.mesh.receive_standing(standing, now=self.now)
        self.drain()

    def route_to(self, member: MemberId) -> Route | None:
        """Which way our link to a member takes; None without one."""
        link = self._links.get(found) if (found := self.mesh.link_to(member)) else None
        return link.route if link else None

    def settle(self) -> None:
        """After an act of a stream: what follows from it."""
        self.mesh.settle(now=self.now)
        self.drain()

    # ---- drain

    def drain(self) -> None:
        """Carry out what the machine asks for, then arm the timer."""
        if self._is_draining:
            return  # a link reported back while it was sent to; the loop below takes what follows from that
        self._is_draining = True
        try:
            while outputs := self._outputs() or self._pull_streams():
                for output in outputs:
                    self._held.add(output)
        finally:
            self._is_draining = False
        self._drained.set()
        self._arm()
        if self.mesh.state is RoomState.LEFT:
            self._part()

    def _pull_streams(self) -> list[Output]:
        """More of what our streams have to send, as far as their links have room for it."""
        if self._held.is_waiting:
            return []  # what they were asked for before has not reached their buffers yet
        for link_id in self.mesh.transfers.streams.hungry():
            room_bytes = self._config.bulk_buffer_bytes - self._links[link_id].bulk_buffered_bytes
            if room_bytes > 0:
                self.mesh.pull(link_id, budget_bytes=room_bytes, now=self.now)
        return self._outputs()

    def _outputs(self) -> list[Output]:
        """What is to be done; nothing is sent that we might not remember having said."""
        outputs = self.mesh.outputs()
        try:
            self._keep()
        except StoreError as error:
            _log.error("! a room is left, since it cannot be kept: %s", error)
            self.mesh.leave(str(error), now=self.now)
            return [output for output in outputs + self.mesh.outputs() if not isinstance(output, Transmit)]
        return outputs

    def _begin_commit(self, save: Save) -> None:
        try:
            self._commit(save.changes, self._on_kept)
        except StoreError as error:
            self._on_kept(error)

    def _on_kept(self, error: StoreError | None) -> None:
        """What waited for this goes on; where it cannot be kept, the room is left."""
        is_draining, self._is_draining = self._is_draining, True
        try:
            self._held.kept(has_failed=error is not None)
        finally:
            self._is_draining = is_draining
        if error is not None:
            _log.error("! a room is left, since what is said there cannot be kept: %s", error)
            self.mesh.leave(str(error), now=self.now)
        self.drain()

    def _part(self) -> None:
        """The room was left, by us or because others removed us: give up the seat."""
        if self._parting is None:
            self._parting = self._runtime.spawn(self._seat.leave(), name="part")

    def _carry_out(self, output: Output) -> None:
        match output:
            case Transmit():
                self._transmit(output)
            case Notify(event=event):
                self._on_event(event)
            case SendSignal() | ProbeSeat():
                self._ask_seat(output)
            case CreateOffer(link=link):
                self._spawn(link, self._create_offer(link, self._make_link(link)))
            case AcceptOffer(link=link, sdp=sdp):
                self._spawn(link, self._accept_offer(link, self._make_link(link), sdp))
            case AcceptAnswer(link=link, sdp=sdp):
                self._spawn(link, self._accept_answer(link, sdp))
            case AddCandidate(link=link, candidate=candidate):
                self._spawn(link, self._add_candidate(link, candidate))
            case CloseLink(link=link, reason=reason):
                self._close_link(link, reason)
            case _:
                raise AssertionError("a commit is carried out by `Held`")

    def _transmit(self, output: Transmit) -> None:
        if output.link in self._links:
            self._links[output.link].send(output.channel, output.data)

    def _ask_seat(self, output: SendSignal | ProbeSeat) -> None:
        if isinstance(output, SendSignal):
            self._seat.send(output.signal)
        else:
            self._seat.probe()

    def _arm(self) -> None:
        """One timer; one that fires too early does no harm, so it is only ever moved forwards."""
        deadline = self.mesh.next_deadline()
        if self._timer is not None:
            if deadline is not None and self._timer.when() <= deadline:
                return
            self._timer.cancel()
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._handle_timeout)

    def _handle_timeout(self) -> None:
        self._timer = None
        try:
            self.mesh.handle_timeout(now=self.now)
            self.drain()
        except Exception:  # a room without a timer would live on, deaf to all that takes time
            _log.exception("! the timer of a room failed")
            self._timer = self._loop.call_later(FAULT_PAUSE_S, self._handle_timeout)

    # ---- the seat

    async def _keep_seat(self) -> None:
        try:
            await self._seat.run(self._on_signaling)
        except ConnectivityError as error:
            _log.info("! the seat is lost for good: %s", error)
            self.mesh.leave(str(error), now=self.now)
            self.drain()

    def _on_signaling(self, event: SignalingEvent) -> None:
        self.mesh.receive_signaling(event, now=self.now)
        self.drain()
        if isinstance(event, SignalingLost):
            self._is_served = False
        elif isinstance(event, Roster) and not self._is_served:
            self._is_served = True
            self._on_return()

    # ---- links

    def _make_link(self, link_id: LinkId) -> Link:
        link = self._open_link(self._seat.ice_servers, _Listener(self, link_id))
        self._links[link_id] = link
        _log.debug("= link %s begins", link_id)
        return link

    def _spawn(self, link: LinkId, work: Coroutine[Any, Any, None]) -> None:
        self._runtime.spawn(self._or_close(link, work), name=f"link {link}")

    async def _or_close(self, link: LinkId, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ConnectivityError as error:
            _log.debug("! link %s: %s", link, error)
            self.link_closed(link, "failed")

    async def _create_offer(self, link_id: LinkId, link: Link) -> None:
        sdp = await link.create_offer()
        self.mesh.offer_created(link_id, sdp, now=self.now)
        self.drain()

    async def _accept_offer(self, link_id: LinkId, link: Link, sdp: str) -> None:
        answer, fingerprints = await link.accept_offer(sdp)
        self.mesh.answer_created(link_id, answer, fingerprints, now=self.now)
        self.drain()

    async def _accept_answer(self, link_id: LinkId, sdp: str) -> None:
        if link := self._links.get(link_id):
            fingerprints = await link.accept_answer(sdp)
            self.mesh.answer_accepted(link_id, fingerprints, now=self.now)
            self.drain()

    async def _add_candidate(self, link_id: LinkId, candidate: str) -> None:
        if link := self._links.get(link_id):
            await link.add_candidate(candidate)

    def _close_link(self, link_id: LinkId, reason: str) -> None:
        if link := self._links.pop(link_id, None):
            _log.debug("= link %s ends: %s", link_id, reason)
            task = self._runtime.spawn(link.close(), name=f"close {link_id}")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    # ---- what a link reports

    def candidate_gathered(self, link: LinkId, line: str) -> None:
        self.mesh.candidate_gathered(link, line, now=self.now)
        self.drain()

    def link_opened(self, link: LinkId) -> None:
        self.mesh.link_opened(link, now=self.now)
        self.drain()

    def link_received(self, link: LinkId, channel: Channel, data: bytes) -> None:
        self.mesh.receive(link, channel, data, now=self.now)
        self.drain()

    def link_closed(self, link: LinkId, reason: str) -> None:
        self.mesh.link_closed(link, now=self.now)
        self._close_link(link, reason)
        self.drain()


class _Listener:
    """Hears one link for its room."""

    def __init__(self, driver: Driver, link: LinkId) -> None:
        self._driver = driver
        self._link = link

    def on_candidate(self, line: str) -> None:
        self._driver.candidate_gathered(self._link, line)

    def on_open(self) -> None:
        self._driver.link_opened(self._link)

    def on_frame(self, channel: Channel, data: bytes) -> None:
        self._driver.link_received(self._link, channel, data)

    def on_bulk_low(self) -> None:
        self._driver.drain()

    def on_closed(self, reason: str) -> None:
        self._driver.link_closed(self._link, reason)
