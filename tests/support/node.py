"""One process of a simulated network: its machine, what it was told, and the ends of links that it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from peer.core.machine import LinkId, Output
from peer.core.mesh import Mesh
from peer.events import ConnectionChanged, Event, Member, Message, UnreadChanged
from peer.ids import PeerId
from peer.log.record import LogChanges
from peer.ports import Channel, PeerInfo, Signal

if TYPE_CHECKING:
    from .network import Network

__all__ = ["LinkEnd", "Node", "Path", "fingerprint"]

E = TypeVar("E", bound=Event)


@dataclass(eq=False)
class Path:
    """One attempt at a path: who is at its ends, once both have described it."""

    offerer: LinkEnd
    answerer: LinkEnd | None = None
    is_broken: bool = False
    last_arrival: dict[LinkEnd, float] = field(default_factory=dict)
    """When the last ordered frame to an end arrives."""
    on_its_way: set[int] = field(default_factory=set)
    """The frames, by their number in the queue of the network."""

    def other(self, end: LinkEnd) -> LinkEnd | None:
        return self.answerer if end is self.offerer else self.offerer


@dataclass(eq=False)
class LinkEnd:
    """What the real adapter calls a link."""

    node: Node
    link: LinkId
    path: Path | None = None
    is_closed: bool = False


def fingerprint(peer: PeerId, link: LinkId) -> bytes:
    return hashlib.sha256(f"{peer} {link.attempt.hex()}".encode()).digest()


class Node:
    """One process: its machine, what it was told, and what it has open."""

    def __init__(self, network: Network, name: str, peer_id: PeerId, mesh: Mesh) -> None:
        self.network = network
        self.name = name
        self.peer_id = peer_id
        self.mesh = mesh
        self.events: list[Event] = []
        self.ends: dict[LinkId, LinkEnd] = {}
        self.sent_signals: list[Signal] = []
        self.doubts = 0
        """How often its seat was to be probed."""
        self.kept: list[LogChanges] = []
        """What its messages are kept by."""
        self.transmitted: list[tuple[Channel, bytes]] = []
        self.visitors: dict[LinkId, Callable[[Output], None]] = {}
        """Links that a test drives by hand."""
        self.is_crashed = False
        self.is_frozen = False
        """It does nothing, and finds all that has come when it thaws."""
        self._unread: list[Callable[[Mesh], object]] = []
        self.is_online = True
        """Whether the server reaches it."""

    @property
    def is_awake(self) -> bool:
        return not self.is_crashed and not self.is_frozen

    @property
    def info(self) -> PeerInfo:
        return PeerInfo(self.peer_id, f"user of {self.peer_id}", self.name)

    def do(self, step: Callable[[Mesh], object]) -> None:
        """One input, then drain."""
        if self.is_crashed:
            return
        if self.is_frozen:
            self._unread.append(step)
            return
        step(self.mesh)
        self.drain()

    def drain(self) -> None:
        while outputs := self.mesh.outputs():
            for output in outputs:
                self.network.carry_out(self, output)

    # ---- intents

    def send(self, text: str) -> Message:
        message = self.mesh.speak().send(text, now=self.network.now)
        self.mesh.stop_typing()
        self.do(lambda mesh: mesh.settle(now=self.network.now))
        return message

    def set_typing(self, typing: bool = True) -> None:
        self.do(lambda mesh: mesh.set_typing(typing, now=self.network.now))

    def set_presence(self, presence: str) -> None:
        self.do(lambda mesh: mesh.set_presence(presence, now=self.network.now))  # type: ignore[arg-type]

    def leave(self) -> None:
        """Goodbye to the others, then to the server."""
        self.do(lambda mesh: mesh.leave(now=self.network.now))
        self.network.remove_seat(self, "left")

    def freeze(self) -> None:
        """The process is stopped, or its machine sleeps."""
        self.is_frozen = True

    def thaw(self) -> None:
        """It goes on as if nothing had happened, with what waits for it first."""
        self.is_frozen = False
        unread, self._unread = self._unread, []
        for step in unread:
            self.do(step)

    def crash(self) -> None:
        """The process is gone: nobody is told, nothing of it moves any more."""
        self.is_crashed = True

    # ---- what was seen

    def events_of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def news(self) -> list[Event]:
        """What was told, but for the states of connections and what is unread."""
        return [event for event in self.events if not isinstance(event, ConnectionChanged | UnreadChanged)]

    def texts(self, sender: Node | None = None) -> list[str]:
        """What was heard, of one or of all."""
        return [m.text for m in self.events_of(Message) if sender is None or m.sender.id == sender.mesh.members[0].id]

    @property
    def here(self) -> list[str]:
        """The names of the other members who are here."""
        return sorted(member.name for member in self.mesh.members[1:] if member.presence != "offline")

    def member(self, other: Node) -> Member:
        return next(member for member in self.mesh.members if member.id == other.mesh.members[0].id)

    @property
    def open_links(self) -> list[PeerId]:
        """Peers at the other end of a path that both ends hold."""
        return sorted(end.link.peer for end in self.ends.values() if end.path and end.path.answerer)
