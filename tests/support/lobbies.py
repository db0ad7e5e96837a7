"""Lobbies of one room, wired to each other without links: what they order is carried out here, in order or not.

A wire keeps the order of what travels on it; which wire is served next is drawn, so that a seed is one interleaving.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

from peer.config import Config
from peer.core.governance import Fact, Governance
from peer.core.lobby import Cut, Greet, Lobby, Tell
from peer.core.machine import LinkId
from peer.core.membership import Membership
from peer.ids import MemberId, PeerId
from peer.wire.frames import ControlFrame

from .keys import START_MS, Chance, membership_of

__all__ = ["Hall", "Inmate"]


@dataclass(eq=False)
class Inmate:
    """One process: its lobby, and what it ordered."""

    name: str
    membership: Membership
    lobby: Lobby
    governance: Governance
    greeted: set[LinkId] = field(default_factory=set)
    cut: dict[LinkId, Cut] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    wires: dict[LinkId, Wire] = field(default_factory=dict)

    @property
    def id(self) -> MemberId:
        return self.membership.me

    def greets(self, other: Inmate) -> bool:
        """Over a wire that is still up."""
        return any(wire.other(self) is other and link in self.greeted for link, wire in self.wires.items())


@dataclass(eq=False)
class Wire:
    """One link, as both ends see it."""

    ends: tuple[Inmate, Inmate]
    link: LinkId
    on_its_way: dict[Inmate, deque[ControlFrame]]

    def other(self, end: Inmate) -> Inmate:
        return self.ends[1] if end is self.ends[0] else self.ends[0]


class Hall:
    """All of them, and one clock."""

    def __init__(self, *, seed: int = 0, config: Config | None = None) -> None:
        self.now = 0.0
        self.config = config or Config()
        self.inmates: list[Inmate] = []
        self._dice = random.Random(seed)  # noqa: S311 - a run that can be repeated
        self._wires: list[Wire] = []

    def enter(self, name: str, membership: Membership | None = None) -> Inmate:
        membership = membership or membership_of(name, process=len(self.inmates))
        lobby = Lobby(membership, our_name=name, config=self.config, wall_ms=self.wall_ms)
        governance = Governance(membership, lobby, Chance(f"governance of {name}"), self.wall_ms, self.config)
        self.inmates.append(Inmate(name, membership, lobby, governance))
        return self.inmates[-1]

    def wall_ms(self) -> int:
        return START_MS + round(self.now * 1000)

    # ---- wires

    def connect(self, left: Inmate, right: Inmate) -> Wire:
        """The handshake of a link is done; each end is told in its turn."""
        link = LinkId(PeerId(f"{left.name}-{right.name}"), len(self._wires).to_bytes(8, "big"))
        wire = Wire((left, right), link, {left: deque(), right: deque()})
        self._wires.append(wire)
        for end in wire.ends:
            end.wires[link] = wire
            end.lobby.enter(link, wire.other(end).id, now=self.now)
            self.settle(end)
        return wire

    def connect_all(self) -> None:
        for number, left in enumerate(self.inmates):
            for right in self.inmates[number + 1 :]:
                if not any(wire.other(left) is right for wire in left.wires.values()):
                    self.connect(left, right)

    def part(self, wire: Wire) -> None:
        """It breaks, and what is on its way is lost."""
        for end in wire.ends:
            end.lobby.leave(wire.link)
            end.wires.pop(wire.link, None)
            end.greeted.discard(wire.link)
        if wire in self._wires:
            self._wires.remove(wire)

    # ---- running

    def settle(self, inmate: Inmate) -> None:
        """Carry out what it orders, look at what is new, until nothing is."""
        while True:
            facts = inmate.governance.review(is_meeting=False, has_tried_all=True, now=self.now)
            inmate.facts += facts
            orders = inmate.lobby.orders()
            for order in orders:
                self._carry_out(inmate, order)
            if not facts and not orders:
                return

    def _carry_out(self, inmate: Inmate, order: Tell | Greet | Cut) -> None:
        wire = inmate.wires.get(order.link)
        match order:
            case Tell(frame=frame):
                if wire is not None:
                    wire.on_its_way[wire.other(inmate)].append(frame)
            case Greet(link=link):
                inmate.greeted.add(link)
            case Cut(link=link):
                inmate.cut[link] = order
                inmate.lobby.leave(link)
                inmate.greeted.discard(link)
                inmate.wires.pop(link, None)

    def step(self) -> bool:
        """One frame arrives somewhere; False if none is on its way."""
        ready = [(wire, end) for wire in self._wires for end in wire.ends if wire.on_its_way[end]]
        if not ready:
            return False
        wire, end = self._dice.choice(ready)
        frame = wire.on_its_way[end].popleft()
        if wire.link in end.wires:
            end.lobby.receive(wire.link, frame, now=self.now)
            self.settle(end)
        return True

    def run(self) -> None:
        """Until nothing is on its way, and links that one end has cut are cut."""
        for _ in range(100_000):
            if not self.step():
                break
        else:
            raise AssertionError("the hall does not become quiet")
        for wire in [wire for wire in self._wires if any(wire.link not in end.wires for end in wire.ends)]:
            self.part(wire)

    def wait(self, seconds: float) -> None:
        """Time passes, and whoever asked to be woken is."""
        end = self.now + seconds
        while (deadline := self._next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            for each in self.inmates:
                each.lobby.handle_timeout(now=self.now)
                self.settle(each)
            self.run()
        self.now = end

    def _next_deadline(self) -> float | None:
        each = [deadline for one in self.inmates for deadline in (one.lobby, one.governance)]
        return min((at for one in each if (at := one.next_deadline()) is not None), default=None)
