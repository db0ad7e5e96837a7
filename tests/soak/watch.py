"""The run: begins lives, strikes blows when the plan says so, writes down what is told, waits until all is quiet."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import assert_never

from . import facts
from .apart import Apart
from .crew import Crew, Living, Server
from .ledger import Author, Fault, Finding, Ledger
from .member import GAUGE, HUSH, LEAVE
from .plan import Act, Blow

__all__ = ["Record", "Watch"]

TICK_S = 0.25
MEETING_S = 60.0
"""All of them have met by then, on a machine however busy."""
PAYING_S = 90.0
"""At the end, what is owed has been heard by then."""
LEAVING_S = 60.0
LOOK_EVERY_S = 2.0
BEFORE_S, AFTER_S = 6.0, 12.0
"""Around a blow a member counts as disturbed: it is not yet missed, or not yet back."""


@dataclass
class Record:
    """What is known at the end."""

    began_at: float
    """The monotonic clock's moment from which all others are counted."""
    ledger: Ledger = field(default_factory=Ledger)
    gauges: dict[Author, list[facts.Gauge]] = field(default_factory=lambda: defaultdict(list))
    full_house: list[dict[str, facts.Gauge]] = field(default_factory=list)
    """What each held when all were linked, first before any blow and then at the end."""
    left: list[tuple[Author, facts.Left]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    blows: list[str] = field(default_factory=list)
    disturbed: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    links: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    apart: Apart = field(default_factory=Apart)
    findings: list[Finding] = field(default_factory=list)
    is_stopped: bool = False
    """By Ctrl-C."""
    duration_s: float = 0.0
    cpu_s: float = 0.0
    """Of the servers, and of the watch."""


class Watch:
    """One run; `show` is called a few times a second."""

    def __init__(self, crew: Crew, server: Server, plan: Iterable[Act], *, show: Callable[[Record], None]) -> None:
        self._crew = crew
        self._server = server
        self._to_come = sorted(plan, key=lambda act: act.at_s)
        self._to_end: list[Act] = []
        self._show = show
        self._invite: str | None = None
        self._is_stop_wanted = False
        self._entered: set[Author] = set()
        self._leaving: dict[Author, frozenset[str]] = {}
        self.record = Record(time.monotonic())

    def stop(self, *_: object) -> None:
        """A handler of signals: Ctrl-C between two looks, never while a process is being started."""
        self._is_stop_wanted = True

    def run(self, names: Iterable[str], *, duration_s: float) -> None:
        """Ends early on Ctrl-C, and is as strict then.

        The second one waits no more for what is owed, the third for nobody: it raises KeyboardInterrupt.
        """
        names = tuple(names)
        try:
            self._meet(names)
            self._strike(until=self.record.began_at + duration_s)
        except KeyboardInterrupt:
            self.record.is_stopped = True
        self._pay()
        self._part()
        self.record.duration_s = time.monotonic() - self.record.began_at

    # ---- the parts of a run

    def _meet(self, names: tuple[str, ...]) -> None:
        founder, *others = names
        self._crew.begin(founder, invite=None)
        self._until(lambda: self._invite is not None, within_s=MEETING_S, wish="the founder makes a room")
        for name in others:
            self._crew.begin(name, invite=self._invite)
        self._until(self._is_full, within_s=MEETING_S, wish="all meet")
        self._measure_full_house()

    def _is_full(self) -> bool:
        here = set(self._crew.here)
        return all(self.record.links[name] >= here - {name} for name in here)

    def _up(self) -> set[str]:
        """Who has entered and is not frozen."""
        here = self._crew.here.items()
        return {name for name, living in here if living.who in self._entered and not living.is_frozen}

    def _measure_full_house(self) -> None:
        before = {name: len(self._gauges_of(name)) for name in self._crew.here}
        self._tell_all(GAUGE)
        self._until(
            lambda: all(len(self._gauges_of(name)) > count for name, count in before.items()),
            within_s=MEETING_S,
            wish="all are measured",
        )
        self.record.full_house.append({name: self._gauges_of(name)[-1] for name in self._crew.here})

    def _gauges_of(self, name: str) -> list[facts.Gauge]:
        living = self._crew.here.get(name)
        return self.record.gauges[living.who] if living else []

    def _strike(self, *, until: float) -> None:
        while time.monotonic() < until:
            self._do_what_is_due()
            self._listen()
        self._end_all_blows()

    def _do_what_is_due(self) -> None:
        now_s = time.monotonic() - self.record.began_at
        while self._to_come and self._to_come[0].at_s <= now_s:
            act = self._to_come.pop(0)
            if self._begin_blow(act):
                self._to_end.append(act)
        for act in [act for act in self._to_end if act.end_s <= now_s]:
            self._to_end.remove(act)
            self._end_blow(act)

    def _end_all_blows(self) -> None:
        self._to_come.clear()
        while self._to_end:
            self._end_blow(self._to_end.pop())

    def _pay(self) -> None:
        """Nobody says anything more; all hear what is on its way."""
        try:
            self._end_all_blows()
            self._until(self._is_full, within_s=MEETING_S, wish="all are linked again")
            self._tell_all(HUSH)
            self._until(
                lambda: not self._is_owing(), within_s=PAYING_S, wish="everything is heard", every_s=LOOK_EVERY_S
            )
            if not self.record.is_stopped:
                self._measure_full_house()
        except KeyboardInterrupt:
            self.record.is_stopped = True
        self.record.findings = self._judge()

    def _is_owing(self) -> bool:
        """Whether something is to be heard yet; all other faults are there to stay."""
        return any(finding.fault is Fault.LOST for finding in self._judge())

    def _judge(self) -> list[Finding]:
        present = [living.who for living in self._crew.here.values()]
        return self.record.ledger.findings(present, disturbed=self.record.disturbed)

    def _part(self) -> None:
        self._tell_all(LEAVE)
        self._until(lambda: not self._crew.here, within_s=LEAVING_S, wish="all say goodbye")

    # ---- blows

    def _begin_blow(self, act: Act) -> bool:
        """Whether it hit: who has not come back from the last one is spared."""
        if act.blow is Blow.RESTART:
            self._server.kill()
        elif not self._is_undisturbed(act.who):
            return False
        else:
            self._hit(act)
        self.record.blows.append(str(act))
        return True

    def _hit(self, act: Act) -> None:
        living = self._crew.here[act.who]
        now = time.monotonic()
        self.record.disturbed[act.who].append((now - BEFORE_S, float("inf")))
        if act.blow is Blow.FREEZE:
            living.freeze()
        elif act.blow is Blow.KILL:
            self.record.ledger.kill(self._crew.kill(act.who).who, at=now)
        else:
            self._leaving[living.who] = frozenset(name for name in self._crew.here if self._is_undisturbed(name))
            living.tell(LEAVE)

    def _is_undisturbed(self, name: str) -> bool:
        now = time.monotonic()
        periods = self.record.disturbed[name]
        return name in self._crew.here and not any(begin <= now <= end for begin, end in periods)

    def _end_blow(self, act: Act) -> None:
        living = self._crew.here.get(act.who)
        if act.blow is Blow.RESTART:
            self._server.start()
        elif act.blow is Blow.FREEZE:
            if living is not None:
                living.thaw()
            self._calm(act.who)
        else:
            self._until(lambda: act.who not in self._crew.here, within_s=LEAVING_S, wish=f"{act.who} says goodbye")
            self._crew.begin(act.who, invite=self._invite)  # calm once it has entered

    def _calm(self, name: str) -> None:
        periods = self.record.disturbed[name]
        if periods and periods[-1][1] == float("inf"):
            periods[-1] = (periods[-1][0], time.monotonic() + AFTER_S)

    # ---- what is told

    def _until(self, is_so: Callable[[], bool], *, within_s: float, wish: str, every_s: float = 0.0) -> None:
        """A wish that does not come true is a trouble, and the run goes on."""
        end = time.monotonic() + within_s
        look_at = 0.0
        while True:
            if time.monotonic() >= look_at:
                if is_so():
                    return
                look_at = time.monotonic() + every_s
            if time.monotonic() > end:
                self.record.troubles.append(f"not within {within_s:.0f} s: {wish}")
                return
            self._listen()

    def _listen(self) -> None:
        for living, fact in self._crew.facts(within_s=TICK_S):
            if fact is None:
                self._bury(living)
            else:
                self._write_down(living, fact)
        self.record.apart.look(self._up(), self.record.links, now=time.monotonic())
        self._show(self.record)
        if self._is_stop_wanted:
            self._is_stop_wanted = False
            raise KeyboardInterrupt

    def _bury(self, living: Living) -> None:
        self.record.links.pop(living.who.name, None)
        has_left = any(who == living.who for who, _ in self.record.left)
        if not has_left and living.process.exitcode != -9:
            self.record.troubles.append(f"{living.who} ended by itself with exit code {living.process.exitcode}")

    def _write_down(self, living: Living, fact: facts.Fact) -> None:
        who, ledger = living.who, self.record.ledger
        match fact:
            case facts.Entered(invite=invite):
                self._invite = self._invite or invite
                self._entered.add(who)
                self._calm(who.name)
            case facts.Said(number=number, at=at):
                ledger.say(who, number, at=at)
            case facts.Heard(author=author, life=life, number=number, at=at):
                ledger.hear(who, Author(author, life), number, at=at)
            case facts.Delivered(number=number):
                ledger.deliver(who, number)
            case facts.Connected(other=other, is_linked=is_linked, next_number=number):
                ledger.connect(who, other, is_linked=is_linked, number=number)
            case facts.Joined() | facts.Parted():
                self._write_down_link(who, fact)
            case facts.Gauge():
                self.record.gauges[who].append(fact)
            case facts.Left():
                self.record.left.append((who, fact))
                ledger.end_life(who, full_hearers=self._leaving.get(who, ()))
            case facts.Trouble(text=text):
                self.record.troubles.append(f"{time.monotonic() - self.record.began_at:.1f} s: {who}: {text}")
            case _:
                assert_never(fact)

    def _write_down_link(self, who: Author, fact: facts.Joined | facts.Parted) -> None:
        if isinstance(fact, facts.Joined):
            self.record.links[who.name].add(fact.other)
            self.record.ledger.link(who, fact.other, first=fact.next_number)
        else:
            self.record.links[who.name].discard(fact.other)
            self.record.ledger.connect(who, fact.other, is_linked=False, number=fact.next_number)

    def _tell_all(self, order: str) -> None:
        for living in self._crew.here.values():
            living.tell(order)
