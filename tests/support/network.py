"""Whole rooms over a simulated network: N machines, one server, one fake clock, every fault by choice or by seed.

A node is one `Mesh` with its driver's duties done by hand: feed one input, drain, carry out. What travels waits in one
queue, ordered by arrival and then by sending, so that a run with the same seed is the same run. Signals pass the
server in order for each pair of peers (docs/protocol.md, Mailbox) unless `reorder` is set; frames of the events
channel keep their order, those of the ephemeral one need not.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from peer.config import Config
from peer.core.channel import Credentials
from peer.core.machine import (
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
from peer.core.membership import Membership
from peer.core.mesh import Mesh
from peer.ids import PeerId
from peer.keys.room_keys import RoomKeys
from peer.ports import (
    Channel,
    Fingerprints,
    PeerJoinedRoom,
    PeerLeftRoom,
    Roster,
    Signal,
    SignalingLost,
)

from .keys import START_MS, credentials, everybody, membership_of, public_room
from .node import LinkEnd, Node, Path, fingerprint

__all__ = ["START_MS", "Faults", "Network", "Node"]

_MAX_STEPS_AT_ONCE = 20_000
"""More of them without the clock moving is a loop."""


@dataclass
class Faults:
    """What the network does to what it carries; the defaults are a perfect one."""

    signal_loss: float = 0.0
    signal_copies: float = 0.0
    """How often a signal arrives twice."""
    ephemeral_loss: float = 0.0
    delay_s: tuple[float, float] = (0.01, 0.01)
    """Least and most, drawn evenly."""
    reorder: bool = False
    drop_signal: Callable[[PeerId, Signal], bool] = lambda _sender, _signal: False
    """Asked for each signal, besides the dice."""


class Network:
    """The server, the paths, the clock."""

    def __init__(self, *, seed: int = 0, config: Config | None = None, faults: Faults | None = None) -> None:
        self.now = 1000.0
        self.config = config or Config()
        self.faults = faults or Faults()
        self.dice = random.Random(seed)  # noqa: S311 - a run that can be repeated, no key
        self.nodes: list[Node] = []
        self.seated: dict[PeerId, Node] = {}
        self.is_serving = True
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._paths: dict[str, Path] = {}
        self._walls: list[set[Node]] = []
        self._last_signal: dict[tuple[PeerId, PeerId], float] = {}

    # ---- who is there

    def node(
        self,
        name: str,
        *,
        peer_id: str | None = None,
        membership: Membership | None = None,
        keys: RoomKeys | None = None,
        is_public: bool = False,
        title: str = "",
        config: Config | None = None,
        act_as: Credentials | None = None,
    ) -> Node:
        """A process that has no seat yet. Ann owns the private room; ids follow the order of making."""
        if is_public:
            keys, membership, title = public_room()[1], everybody(name), "lobby"
        mesh = Mesh(
            membership=membership or membership_of(name, process=len(self.nodes)),
            title=title or ("Deck" if name == "ann" else ""),
            name=name,
            our_id=PeerId(peer_id or f"peer{len(self.nodes):02d}"),
            credentials=act_as or credentials(name, keys=keys, process=len(self.nodes)),
            config=config or self.config,
            wall_ms=lambda: START_MS + round(self.now * 1000),
        )
        node = Node(self, name, PeerId(peer_id or f"peer{len(self.nodes):02d}"), mesh)
        self.nodes.append(node)
        return node

    def join(self, node: Node) -> Node:
        """The node takes a seat: it learns who is there, and they learn of it."""
        present = [other.info for other in self.seated.values()]
        self._tell(self.seated.values(), PeerJoinedRoom(node.info))
        self.seated[node.peer_id] = node
        node.do(lambda mesh: mesh.join(present, now=self.now))
        return node

    def room_of(self, *names: str, is_public: bool = False) -> list[Node]:
        """All of them joined, one after the other, and linked."""
        nodes = [self.join(self.node(name, is_public=is_public)) for name in names]
        self.run(2)
        return nodes

    def remove_seat(self, node: Node, reason: str) -> None:
        """The server tells the others, at once."""
        if self.seated.pop(node.peer_id, None) and self.is_serving:
            self._tell(self.seated.values(), PeerLeftRoom(node.peer_id, reason))

    def stop_server(self) -> None:
        self.is_serving = False
        self._tell(self.seated.values(), SignalingLost("stopped"))

    def start_server(self) -> None:
        """It is back, and everybody is told who is there."""
        self.is_serving = True
        for node in list(self.seated.values()):
            self._send_roster(node)

    def send_offline(self, node: Node) -> None:
        """The server and this node no longer reach each other; the others are not told yet."""
        node.is_online = False
        self._tell([node], SignalingLost("offline"))

    def send_online(self, node: Node) -> None:
        node.is_online = True
        self._send_roster(node)

    def _send_roster(self, node: Node) -> None:
        others = tuple(other.info for other in self.seated.values() if other is not node)
        node.do(lambda mesh: mesh.receive_signaling(Roster(others), now=self.now))

    def _tell(self, nodes: Iterable[Node], event: PeerJoinedRoom | PeerLeftRoom | SignalingLost) -> None:
        for node in list(nodes):
            node.do(lambda mesh: mesh.receive_signaling(event, now=self.now))

    # ---- time

    def run(self, seconds: float) -> None:
        """Let everything happen that happens until then."""
        end, steps, at = self.now + seconds, 0, self.now
        while (moment := self._next_moment()) is not None and moment <= end:
            self.now = max(self.now, moment)
            steps, at = (steps + 1, at) if at == self.now else (0, self.now)
            assert steps < _MAX_STEPS_AT_ONCE, "the network is busy without time going on"
            self._step()
        self.now = end

    def _next_moment(self) -> float | None:
        deadlines = [node.mesh.next_deadline() for node in self.nodes if node.is_awake]
        moments = [deadline for deadline in deadlines if deadline is not None]
        return min([*moments, *(entry[0] for entry in self._waiting[:1])], default=None)

    def _step(self) -> None:
        if self._waiting and self._waiting[0][0] <= self.now:
            heapq.heappop(self._waiting)[2]()
            return
        for node in [node for node in self.nodes if node.is_awake]:
            deadline = node.mesh.next_deadline()
            if deadline is not None and deadline <= self.now:
                node.do(lambda mesh: mesh.handle_timeout(now=self.now))

    def after(self, delay_s: float, action: Callable[[], None]) -> int:
        """Its number in the queue."""
        number = next(self._numbers)
        heapq.heappush(self._waiting, (self.now + delay_s, number, action))
        return number

    def _delay(self) -> float:
        return self.dice.uniform(*self.faults.delay_s)

    # ---- faults

    def cut(self, left: Node, right: Node) -> None:
        """The paths between two nodes break, behind what is on its way; both ends notice at once."""
        for end in [end for end in left.ends.values() if end.link.peer == right.peer_id]:
            self.break_path(end)

    def cut_cleanly(self, left: Node, right: Node) -> None:
        """The same behind what is on its way, and what that gives rise to: nothing is lost."""
        for end in [end for end in left.ends.values() if end.link.peer == right.peer_id]:
            while end.path is not None and self._deliver_first(end.path):
                pass
            self.break_path(end)

    def _deliver_first(self, path: Path) -> bool:
        first = min((entry for entry in self._waiting if entry[1] in path.on_its_way), default=None)
        if first is not None:
            self._waiting.remove(first)
            heapq.heapify(self._waiting)
            first[2]()
        return first is not None

    def break_path(self, end: LinkEnd) -> None:
        if end.path is None:
            return
        for each in (end.path.offerer, end.path.answerer):
            if each is not None and not each.is_closed:
                self._close(each)

    def wall_off(self, *nodes: Node) -> None:
        """Nothing passes between these nodes and the others any more, and nobody is told."""
        self._walls.append(set(nodes))

    def tear_down_walls(self) -> None:
        self._walls.clear()

    def _is_walled(self, left: Node, right: Node) -> bool:
        return any((left in wall) != (right in wall) for wall in self._walls)

    # ---- carrying out

    def carry_out(self, node: Node, output: Output) -> None:  # noqa: C901, PLR0912 - one case for each output
        if not isinstance(output, Notify | SendSignal | ProbeSeat | Save) and output.link in node.visitors:
            node.visitors[output.link](output)
            return
        match output:
            case Notify(event=event):
                node.events.append(event)
            case ProbeSeat():
                node.doubts += 1
            case SendSignal(signal=signal):
                node.sent_signals.append(signal)
                self._post(node, signal)
            case Transmit(link=link, channel=channel, data=data):
                node.transmitted.append((channel, data))
                if link in node.ends:
                    self._transmit(node.ends[link], channel, data)
            case CreateOffer(link=link):
                self._open(node, link)
                self.after(self._delay(), lambda: self._offer(node, link))
            case AcceptOffer(link=link, sdp=sdp):
                self._open(node, link)
                self.after(self._delay(), lambda: self._answer(node, link, sdp))
            case AcceptAnswer(link=link, sdp=sdp):
                self.after(self._delay(), lambda: self._connect(node, link, sdp))
            case CloseLink(link=link):
                if link in node.ends:
                    self._hang_up(node.ends.pop(link))
            case Save(changes=changes):
                node.kept.append(changes)
            case AddCandidate():
                pass

    def _open(self, node: Node, link: LinkId) -> None:
        assert link not in node.ends, "two links of one id"
        node.ends[link] = LinkEnd(node, link)

    def _offer(self, node: Node, link: LinkId) -> None:
        if end := node.ends.get(link):
            sdp = f"offer {node.peer_id} {link.attempt.hex()}"
            end.path = self._paths[sdp] = Path(end)
            node.do(lambda mesh: mesh.offer_created(link, sdp, now=self.now))

    def _answer(self, node: Node, link: LinkId, sdp: str) -> None:
        if end := node.ends.get(link):
            path = self._paths[sdp]
            end.path, path.answerer = path, end
            answer = sdp.replace("offer", "answer")
            node.do(lambda mesh: mesh.answer_created(link, answer, self._fingerprints(end), now=self.now))

    def _connect(self, node: Node, link: LinkId, sdp: str) -> None:
        path = self._paths[sdp.replace("answer", "offer")]
        end = node.ends.get(link)
        if end is None or path.answerer is None:
            return
        node.do(lambda mesh: mesh.answer_accepted(link, self._fingerprints(end), now=self.now))
        for each in (end, path.answerer):
            self.after(self._delay(), lambda each=each: self._report_open(each))  # type: ignore[misc]

    def _fingerprints(self, end: LinkEnd) -> Fingerprints:
        other = PeerId(end.link.peer)
        return Fingerprints(fingerprint(end.node.peer_id, end.link), fingerprint(other, end.link))

    def _report_open(self, end: LinkEnd) -> None:
        other = end.path.other(end) if end.path else None
        if other is not None and not end.is_closed and not self._is_walled(end.node, other.node):
            end.node.do(lambda mesh: mesh.link_opened(end.link, now=self.now))

    def _hang_up(self, end: LinkEnd) -> None:
        """Closed from here; the other end notices behind what is on its way."""
        end.is_closed = True
        other = end.path.other(end) if end.path else None
        if end.path is not None and other is not None and not self._is_walled(end.node, other.node):
            self.after(self._ordered_delay(end.path, other), lambda: self._close(other))

    def _close(self, end: LinkEnd) -> None:
        if not end.is_closed:
            end.is_closed = True
            end.node.ends.pop(end.link, None)
            end.node.do(lambda mesh: mesh.link_closed(end.link, now=self.now))

    # ---- signals and frames on their way

    def _post(self, sender: Node, signal: Signal) -> None:
        if self._is_dropped(sender, signal):
            return
        copies = 2 if self.dice.random() < self.faults.signal_copies else 1
        key = (sender.peer_id, signal.remote)
        for _ in range(copies):
            arrival = self.now + self._delay()
            if not self.faults.reorder:
                arrival = self._last_signal[key] = max(arrival, self._last_signal.get(key, 0.0))
            self.after(arrival - self.now, lambda: self.deliver(sender.peer_id, signal))

    def _is_dropped(self, sender: Node, signal: Signal) -> bool:
        is_away = not self.is_serving or not sender.is_online or sender.peer_id not in self.seated
        unlucky = self.dice.random() < self.faults.signal_loss
        return is_away or unlucky or self.faults.drop_signal(sender.peer_id, signal)

    def deliver(self, sender: PeerId, signal: Signal) -> None:
        """What the server hands out: the same body, with the sender's id in place of the recipient's."""
        recipient = self.seated.get(signal.remote)
        if recipient is not None and recipient.is_online and self.is_serving:
            arrived = Signal(signal.kind, sender, signal.body)
            recipient.do(lambda mesh: mesh.receive_signaling(arrived, now=self.now))

    def _transmit(self, end: LinkEnd, channel: Channel, data: bytes) -> None:
        path, other = end.path, end.path.other(end) if end.path else None
        if path is None or other is None or self._is_walled(end.node, other.node):
            return
        if channel is Channel.EVENTS:
            delay = self._ordered_delay(path, other)
        elif self.dice.random() < self.faults.ephemeral_loss:
            return
        else:
            delay = self._delay()
        path.on_its_way.add(self.after(delay, lambda: self._receive(other, channel, data)))

    def _ordered_delay(self, path: Path, to: LinkEnd) -> float:
        arrival = max(self.now + self._delay(), path.last_arrival.get(to, 0.0))
        path.last_arrival[to] = arrival
        return arrival - self.now

    def _receive(self, end: LinkEnd, channel: Channel, data: bytes) -> None:
        if not end.is_closed:
            end.node.do(lambda mesh: mesh.receive(end.link, channel, data, now=self.now))

    # ---- what must hold

    def check_full_mesh(self, nodes: Sequence[Node] | None = None) -> None:
        """Each sees all others once, over one link a pair that both ends hold."""
        nodes = [node for node in (nodes or self.seated.values()) if not node.is_crashed]
        for node in nodes:
            others = [other for other in nodes if other is not node]
            assert node.here == sorted(other.name for other in others), f"{node.name} sees {node.here}"
            assert node.open_links == sorted(other.peer_id for other in others), f"{node.name} links {node.open_links}"
