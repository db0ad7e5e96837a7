"""A member's process and its disk: the control log and the message plane, driven as a room would drive them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from peer.config import Config
from peer.core.history import History
from peer.core.history_outputs import AskControl, Save, Tell
from peer.crypto.identity import member_id_of
from peer.errors import MalformedFrame, NotAllowed, UnexpectedFrame
from peer.ids import MemberId
from peer.log.acts import Act
from peer.log.authority import Authority
from peer.log.control_log import ControlLog
from peer.log.event import EventId, LogId, hlc_at
from peer.log.record import LogChanges, LogRecord
from peer.messages.journal import Journal
from peer.messages.news import Changed, StatusRaised, Vanished
from peer.messages.receipts import Status
from peer.messages.rules import PrivateRules, PublicRules, Rules

from ..support.keys import Chance, identity
from .cast import Cast

__all__ = ["CONFIG", "Disk", "Node"]

CONFIG = Config(answer_window=3)
HOSTILE = (MalformedFrame, UnexpectedFrame)


@dataclass
class Disk:
    """What outlives the process."""

    events: dict[bytes, bytes] = field(default_factory=dict)
    shown: dict[bytes, Any] = field(default_factory=dict)
    drafts: dict[bytes, bytes] = field(default_factory=dict)
    registers: dict[bytes, bytes] = field(default_factory=dict)
    state: bytes = b""
    control: tuple[bytes, ...] = ()
    control_incarnation: bytes = b""
    life: bytes = b""
    ever: set[bytes] = field(default_factory=set)
    """All that was ever kept, in whatever life."""

    def copy(self) -> Disk:
        return replace(self, events=dict(self.events), shown=dict(self.shown), drafts=dict(self.drafts),
                       registers=dict(self.registers))  # fmt: skip

    def save(self, changes: LogChanges) -> None:
        for event in changes.purged:
            self.events.pop(event, None)
        _update(self.events, changes.events)
        self.ever.update(changes.events)
        _update(self.shown, changes.shown)
        _update(self.drafts, changes.drafts)
        _update(self.registers, changes.registers)
        self.state = self.state if changes.state is None else changes.state

    def record(self) -> LogRecord:
        events = tuple(self.events[key] for key in sorted(self.events))
        return LogRecord(events=events, drafts=self.drafts, registers=self.registers, state=self.state,
                         life=self.life)  # fmt: skip


def _update(rows: dict[bytes, Any], changes: Any) -> None:
    for key, row in changes.items():
        if row is None:
            rows.pop(key, None)
        else:
            rows[key] = row


class Node:
    """One member. `send(target, frame)` puts a frame on its way; `blame` is told of whoever broke the rules."""

    def __init__(self, name: str, cast: Cast, room: tuple[Any, bytes], clock: Callable[[], tuple[float, int]],
                 send: Callable[[str, Any], None], blame: Callable[[str, str], None],
                 chance: Any) -> None:  # fmt: skip
        self.name, self.cast, self.room = name, cast, room
        self.clock, self.send, self.blame, self.chance = clock, send, blame, chance
        self.identity = identity(name)
        self.disk = Disk()
        self.skew_ms = 0
        self.starts = 0
        self.is_forgotten = self.is_restored = False
        """Its disk was set back: since the last start, or ever."""
        self.was_on_screen: set[bytes] = set()
        self.names: dict[MemberId, str] = {}
        self.links: dict[str, int] = {}
        """Names, and by our clock when each was linked."""
        self.is_up = False
        self.statuses: dict[EventId, Status] = {}
        """Highest that was ever told, over all processes."""
        self.on_screen: set[bytes] = set()
        self.told: set[bytes] = set()
        """What its user was told of, in whatever process."""
        self.trouble: list[str] = []
        self.ever_read: dict[LogId, int] = {}
        """How far each log was ever marked as read."""
        self.raised: list[tuple[EventId, Status, list[str]]] = []
        """Statuses that were told and are yet to be judged, and who all others were."""
        self.control: ControlLog | None = None
        self.start()

    @property
    def to_come(self) -> set[bytes]:
        """What is held back until all that was said before it is there."""
        return set(self.history._late._held)

    # ---- life and death

    def start(self) -> None:
        self.starts += 1
        room_id, genesis = self.room
        random_bytes = Chance(f"{self.name} {self.starts}")
        if not self.cast.is_public:
            incarnation = self.disk.control_incarnation
            self.control = ControlLog(room_id, genesis, identity=self.identity, random_bytes=random_bytes,
                                      incarnation=incarnation)  # fmt: skip
            self.control.restore(self.disk.control)
        journal = Journal(room_id, identity=self.identity, rules=self.rules, random_bytes=random_bytes,
                          now_ms=self.now_ms, limits=self.cast.limits, record=self.disk.record())  # fmt: skip
        self.history = History(journal, CONFIG, lambda: self.now_ms, self.chance.randrange)
        self.is_up = True
        self.links.clear()
        seen: set[bytes] = {view.id for view in self.history.page(limit=10**6)}
        if self.starts > 1 and not self.is_forgotten and seen != self.was_on_screen:
            self.trouble.append(f"{self.name} shows something else after a restart")
        self.on_screen, self.is_forgotten = seen, False
        self.told &= seen
        self.drive()

    def set_back(self, disk: Disk, *, is_noticed: bool) -> None:
        """Before it starts."""
        self.disk = replace(disk.copy(), ever=self.disk.ever)
        if is_noticed:
            self.disk.life, self.disk.control_incarnation = f"{self.starts:08}".encode(), b""
        self.is_forgotten = self.is_restored = True
        self.told.clear()
        self.statuses.clear()

    def crash(self) -> None:
        for entry in self.history.journal.progress.ours.entries():
            self.ever_read[entry.log] = max(entry.read, self.ever_read.get(entry.log, 0))
        self.was_on_screen = self.on_screen | self.to_come
        self.is_up = False
        self.links.clear()

    @property
    def now(self) -> float:
        return self.clock()[0]

    @property
    def now_ms(self) -> int:
        return self.clock()[1] + self.skew_ms

    @property
    def authority(self) -> Authority:
        """Of a private room."""
        assert self.control is not None
        return self.control.authority

    @property
    def rules(self) -> Rules:
        return PrivateRules(self.authority) if self.control is not None else PublicRules()

    def export(self) -> list[bytes]:
        return self.control.export() if self.control is not None else []

    def others(self) -> list[str]:
        """On whom it depends what all others have got."""
        others = self.rules.others(self.identity.member_id)
        return sorted(self.links) if others is None else sorted(map(self.names.__getitem__, others))

    def is_in(self, name: str) -> bool:
        return self.rules.is_member(identity(name).member_id)

    # ---- the driver

    def drive(self) -> None:
        while outputs := self.history.outputs():
            for output in outputs:
                self.carry_out(output)

    def carry_out(self, output: object) -> None:
        match output:
            case Save(changes):
                self.disk.save(changes)
            case Tell(member, frame):
                self.send(self.names[member], frame)
            case AskControl(member):
                self.compare_control(self.names[member])
            case Changed(view, is_new=True):
                if view.id in self.told:
                    self.trouble.append(f"{self.name} is told {view.id.hex()[:8]} twice")
                self.on_screen.add(view.id)
                self.told.add(view.id)
                self.history.journal.handover.finish(view.id)
            case Vanished(event):
                self.on_screen.discard(event)
                self.told.discard(event)
            case StatusRaised(event, status):
                if status <= self.statuses.get(event, Status.DRAFT):
                    self.trouble.append(f"a status of {self.name} fell")
                self.statuses[event] = status
                self.raised.append((event, status, self.others()))

    def receive(self, source: str, frame: Any) -> None:
        if not self.is_up:
            return
        if isinstance(frame, tuple):
            self.receive_control(source, *frame)
        elif source in self.links:
            try:
                self.history.receive(identity(source).member_id, frame, now=self.now)
            except HOSTILE as error:
                self.blame(source, f"{type(error).__name__}: {error}")
                self.unlink(source)
        self.drive()

    def wake(self) -> float | None:
        """When it wants to be woken next."""
        if not self.is_up:
            return None
        deadline = self.history.next_deadline()
        if deadline is None or deadline > self.now:
            return deadline
        self.history.handle_timeout(now=self.now)
        self.drive()
        return self.history.next_deadline()

    def relink(self, reachable: Iterable[str]) -> None:
        """Links follow what is known of who is a member."""
        there = set(reachable)
        wanted = {name for name in there if self.is_in(name)} if self.is_in(self.name) else set()
        for name in sorted(self.links.keys() - wanted):
            self.unlink(name)
        for name in sorted(wanted - self.links.keys()):
            self.links[name] = hlc_at(self.now_ms)
            self.history.link_up(identity(name).member_id, now=self.now)
            self.drive()

    def unlink(self, name: str) -> None:
        self.links.pop(name, None)
        self.history.link_down(identity(name).member_id)
        self.drive()

    # ---- the control log

    def act(self, doing: Iterable[Act], others: Iterable[str]) -> None:
        assert self.control is not None
        try:
            events = [event.encoded for event in self.control.append(doing, now_ms=self.now_ms)]
        except NotAllowed:
            return
        self._control_changed()
        for other in others:
            self.send(other, ("events", events))

    def compare_control(self, other: str) -> None:
        if self.control is not None:
            self.send(other, ("digest", [self.control.digest()]))

    def receive_control(self, source: str, kind: str, data: list[bytes]) -> None:
        assert self.control is not None
        if kind == "digest":
            if data[0] != self.control.digest():
                self.send(source, ("summary", self.control.summary()))
        elif kind == "summary":
            for part in data:
                for batch in self.control.missing(part):
                    self.send(source, ("events", batch))
        else:
            self.learn(data)

    def learn(self, events: Iterable[bytes]) -> None:
        if self.control is None:
            return
        intake = self.control.receive(events, now_ms=self.now_ms)
        if intake.news:
            self._control_changed()

    def _control_changed(self) -> None:
        assert self.control is not None
        self.disk.control = tuple(self.control.export())
        self.disk.control_incarnation = self.control.incarnation
        self.history.rules_changed(self.rules, now=self.now)
        self.drive()

    # ---- looks

    def member(self, name: str) -> MemberId:
        return identity(name).member_id

    def name_of(self, key: bytes) -> str:
        return self.names[member_id_of(key)]
