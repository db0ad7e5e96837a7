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
from peer.log.record import LogChanges, LogRecord
from peer.messages.journal import Journal
from peer.messages.news import Changed, StatusRaised, Vanished
from peer.messages.receipts import Status
from peer.messages.rules import PrivateRules
from peer.messages.window import Limits

from ..support.keys import Chance, identity

__all__ = ["CONFIG", "LIMITS", "Disk", "Node"]

LIMITS = Limits(max_texts=12, max_about=40, max_about_of_author=24, max_deletions=24, max_deletions_of_author=16,
                max_pins=16, max_settings=4, max_void=64, max_forks=6, max_author_forks=3, max_spared=60, slack=4,
                max_frame_bytes=2048)  # fmt: skip
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

    def copy(self) -> Disk:
        return replace(self, events=dict(self.events), shown=dict(self.shown), drafts=dict(self.drafts),
                       registers=dict(self.registers))  # fmt: skip

    def save(self, changes: LogChanges) -> None:
        for event in changes.purged:
            self.events.pop(event, None)
        _update(self.events, changes.events)
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

    def __init__(self, name: str, room: tuple[Any, bytes], clock: Callable[[], tuple[float, int]],
                 send: Callable[[str, Any], None], blame: Callable[[str, str], None], chance: Any) -> None:  # fmt: skip
        self.name, self.room, self.clock, self.send, self.blame, self.chance = name, room, clock, send, blame, chance
        self.identity = identity(name)
        self.disk = Disk()
        self.skew_ms = 0
        self.starts = 0
        self.names: dict[MemberId, str] = {}
        self.links: set[str] = set()
        self.is_up = False
        self.statuses: dict[bytes, Status] = {}
        """Highest that was ever told, over all processes."""
        self.on_screen: set[bytes] = set()
        self.trouble: list[str] = []
        self.start()

    @property
    def to_come(self) -> set[bytes]:
        """What is held back until all that was said before it is there."""
        return set(self.history._late._held)

    # ---- life and death

    def start(self, *, is_rolled_back: bool = False) -> None:
        self.starts += 1
        if is_rolled_back:
            self.disk.life = f"{self.starts:08}".encode()
        room_id, genesis = self.room
        random_bytes = Chance(f"{self.name} {self.starts}")
        incarnation = b"" if is_rolled_back else self.disk.control_incarnation
        self.control = ControlLog(room_id, genesis, identity=self.identity, random_bytes=random_bytes,
                                  incarnation=incarnation)  # fmt: skip
        self.control.restore(self.disk.control)
        rules = PrivateRules(self.control.authority)
        journal = Journal(room_id, identity=self.identity, rules=rules, random_bytes=random_bytes, now_ms=self.now_ms,
                          limits=LIMITS, record=self.disk.record())  # fmt: skip
        self.history = History(journal, CONFIG, lambda: self.now_ms, self.chance.randrange)
        self.is_up = True
        self.links.clear()
        self.on_screen = {view.id for view in self.history.page(limit=10**6)}
        if is_rolled_back:
            self.statuses.clear()
        self.drive()

    def crash(self) -> None:
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
        return self.control.authority

    def is_in(self, name: str) -> bool:
        return self.authority.is_member(identity(name).member_id)

    # ---- the driver

    def drive(self) -> None:
        for output in self.history.outputs():
            match output:
                case Save(changes):
                    self.disk.save(changes)
                case Tell(member, frame):
                    self.send(self.names[member], frame)
                case AskControl(member):
                    self.compare_control(self.names[member])
                case Changed(view, is_new=True):
                    if view.id in self.on_screen:
                        self.trouble.append(f"{self.name} is shown {view.id.hex()[:8]} twice")
                    self.on_screen.add(view.id)
                case Vanished(event):
                    self.on_screen.discard(event)
                case StatusRaised(event, status):
                    if status <= self.statuses.get(event, Status.DRAFT):
                        self.trouble.append(f"a status of {self.name} fell")
                    self.statuses[event] = status
                case _:
                    pass

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

    def wake(self) -> None:
        deadline = self.history.next_deadline()
        if self.is_up and deadline is not None and deadline <= self.now:
            self.history.handle_timeout(now=self.now)
            self.drive()

    def relink(self, reachable: Iterable[str]) -> None:
        """Links follow what is known of who is a member."""
        there = set(reachable)
        wanted = {name for name in there if self.is_in(name)} if self.is_in(self.name) else set()
        for name in sorted(self.links - wanted):
            self.unlink(name)
        for name in sorted(wanted - self.links):
            self.links.add(name)
            self.history.link_up(identity(name).member_id, now=self.now)
            self.drive()

    def unlink(self, name: str) -> None:
        self.links.discard(name)
        self.history.link_down(identity(name).member_id)
        self.drive()

    # ---- the control log

    def act(self, doing: Iterable[Act], others: Iterable[str]) -> None:
        try:
            events = [event.encoded for event in self.control.append(doing, now_ms=self.now_ms)]
        except NotAllowed:
            return
        self._control_changed()
        for other in others:
            self.send(other, ("events", events))

    def compare_control(self, other: str) -> None:
        self.send(other, ("digest", [self.control.digest()]))

    def receive_control(self, source: str, kind: str, data: list[bytes]) -> None:
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
        intake = self.control.receive(events, now_ms=self.now_ms)
        if intake.news:
            self._control_changed()

    def _control_changed(self) -> None:
        self.disk.control = tuple(self.control.export())
        self.disk.control_incarnation = self.control.incarnation
        self.history.rules_changed(PrivateRules(self.control.authority), now=self.now)
        self.drive()

    # ---- looks

    def member(self, name: str) -> MemberId:
        return identity(name).member_id

    def name_of(self, key: bytes) -> str:
        return self.names[member_id_of(key)]
