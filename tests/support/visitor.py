"""An insider at the door of a simulated room: it offers to one node, and then says whatever it is told to say."""

from __future__ import annotations

from peer.config import Config
from peer.core.machine import CloseLink, Output, Transmit
from peer.core.membership import Membership
from peer.crypto.handshake import Role
from peer.ports import Channel
from peer.wire.frames import ControlFrame, Frame

from .insider import THEIR_FINGERPRINTS, Insider
from .keys import membership_of, public_room
from .network import Network, Node

__all__ = ["Visitor"]


class Visitor:
    """One link between an insider and a node, driven by hand beside the simulated network."""

    def __init__(self, network: Network, node: Node, insider: Insider, *, attempt: bytes = b"attempt.") -> None:
        self.network = network
        self.node = node
        self.insider = insider
        self.link = insider.link_id(attempt)
        self.closed: list[str] = []
        """Why the node closed the link."""
        self._to_answer: list[Transmit] = []
        node.visitors[self.link] = self.take

    @classmethod
    def in_room_of(cls, name: str, *, config: Config | None = None) -> Visitor:
        """A guest of the owner's private room, who has introduced itself as well."""
        network = Network(config=config)
        visitor = cls(network, network.join(network.node(name)), Insider())
        visitor.enter()
        visitor.say(visitor.insider.introduction())
        return visitor

    @classmethod
    def to(cls, name: str) -> Visitor:
        """The owner of the private room, linked to a guest who was alone; it has yet to introduce itself."""
        network = Network()
        visitor = cls(network, network.join(network.node(name)), Insider("ann"))
        visitor.enter()
        visitor.node.events.clear()
        return visitor

    def enter(self, membership: Membership | None = None) -> None:
        """Through the handshake and the lobby, as a guest with the open invite; it has yet to introduce itself."""
        self.shake()
        membership = membership or membership_of(self.insider.name)
        for frame in self.insider.enter_lobby(membership, self.node.mesh.membership.me):
            self.say(frame)
        self.linger()

    def linger(self) -> None:
        """Answer what is said in the lobby, until nothing more is."""
        heard = list(self.insider.heard)
        while heard or self._to_answer:
            if not heard:
                sent = self._to_answer.pop(0)
                self.insider.receive(sent.channel, sent.data)
                heard.append(self.insider.heard[-1])
            frame = heard.pop(0)
            for reply in self.insider.answer(frame) if isinstance(frame, ControlFrame) else ():
                self.say(reply)

    @classmethod
    def in_public_room(cls, network: Network, node: Node) -> Visitor:
        """Linked to a member of a public room."""
        visitor = cls(network, node, Insider(keys=public_room()[1]))
        visitor.shake()
        return visitor

    def offer(self) -> None:
        """Until the path is open and the node has said its hello."""
        signal = self.insider.signal("offer", attempt=self.link.attempt, to=self.node.peer_id)
        self.network.run(0.5)  # offers that come faster are dropped
        now = self.network.now
        self.node.do(lambda mesh: mesh.receive_signaling(signal, now=now))
        self.node.do(lambda mesh: mesh.answer_created(self.link, "sdp", THEIR_FINGERPRINTS, now=now))
        self.node.do(lambda mesh: mesh.link_opened(self.link, now=now))

    def shake(self) -> None:
        """Until both are proven; the insider has yet to introduce itself."""
        self.offer()
        for data in self.insider.begin(Role.INITIATOR):
            self.say_raw(data)
        while self._to_answer:
            frame = self._to_answer.pop(0)
            for reply in self.insider.receive(frame.channel, frame.data):
                self.say_raw(reply)

    def say(self, frame: Frame | bytes, *, channel: Channel = Channel.EVENTS) -> None:
        """Sealed as it should be."""
        self.say_raw(self.insider.seal(frame, channel=channel), channel=channel)

    def say_raw(self, data: bytes, *, channel: Channel = Channel.EVENTS) -> None:
        self.node.do(lambda mesh: mesh.receive(self.link, channel, data, now=self.network.now))

    def take(self, output: Output) -> None:
        """What the node does with the link."""
        if isinstance(output, Transmit):
            self._to_answer.append(output)
        elif isinstance(output, CloseLink):
            self.closed.append(output.reason)
