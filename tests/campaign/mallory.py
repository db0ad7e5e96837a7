"""A member who keeps to no rule: says two things in one place, forges, strips, replays, asks too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peer.log.control import Level
from peer.log.event import MAX_SEQ, replace_body
from peer.messages.bodies import Body, Delete, Edit, Pin, Reaction, Text, Title
from peer.messages.receipts import Entry, encode_entries
from peer.messages.said import Said
from peer.wire.message_frames import MessageDigest, MessageEvents, MessageFrame, MessageMore, MessageSummary, Receipts

from ..peer.messages.desks import MessagePen
from ..support.keys import identity

if TYPE_CHECKING:
    from .node import Node
    from .world import World

__all__ = ["Mallory"]


class Mallory:
    """Holds a pen of its own beside the honest process that goes by its name."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.count = 0

    def act(self) -> None:
        node, chance = self.node, self.world.chance
        if not node.is_up or not node.links:
            return
        auth = node.rules.right_of(node.identity.member_id, Level.MEMBER) or b""
        self.count += 1
        incarnation = f"mal {chance.randrange(5):04}".encode()
        pen = MessagePen(identity(self.name), self.world.room[0], auth, incarnation, node.now_ms)
        tricks = [self._two_words, self._two_words, self._clock_back, self._hole, self._rewrite]
        tricks += [self._replay, self._lie, self._far]
        tricks += [self._rewrite, self._rewrite, self._forge, self._strip, self._garbage, self._future, self._ask]
        trick = chance.choice(tricks)
        self.world.say(f"{self.name}: {trick.__name__} in {incarnation.decode()}")
        trick(pen)

    @property
    def node(self) -> Node:
        """The honest process of that name."""
        return self.world.nodes[self.name]

    def _text(self, more: str = "") -> Text:
        return Text(f"{self.name} {self.world.seed}.{self.count}{more}.")

    def _tell(self, *said: Said, to: int = 1) -> None:
        """Some of the others, each by itself."""
        for each in said:
            self.world.checks.see_signed(each)
        self._send(MessageEvents(tuple(each.encoded for each in said), False), to=to)

    def _send(self, frame: MessageFrame, *, to: int = 1) -> None:
        links = sorted(self.node.links)
        for target in self.world.chance.sample(links, min(to, len(links))):
            self.world.network.send(self.name, target, frame)

    def _two_words(self, pen: MessagePen) -> None:
        seq = self.world.chance.randrange(1, 6)
        prev = b"" if seq == 1 else bytes([seq]) * 32
        for branch in "αβ":
            self._tell(pen.write(self._text(branch), seq=seq, prev=prev), to=self.world.chance.choice((1, 2)))

    def _clock_back(self, pen: MessagePen) -> None:
        one = pen.write(self._text("a"), seq=3, prev=b"3" * 32)
        self._tell(one, to=2)
        self._tell(pen.write(self._text("b"), seq=5, prev=b"5" * 32, hlc=one.hlc - 1), to=2)

    def _hole(self, pen: MessagePen) -> None:
        first = pen.write(self._text("1"), seq=10 + self.world.chance.randrange(3), prev=b"p" * 32)
        self._tell(first, to=2)
        self._tell(pen.write(self._text("2"), after=first), to=2)

    def _rewrite(self, pen: MessagePen) -> None:
        """What others said, and what only moderators do."""
        node = self.node
        views = [view for view in node.history.page(limit=5) if view.author != node.identity.public_key]
        target = node.history.journal.holdings.get(views[0].id) if views else None
        if target is None:
            return
        pen.incarnation = b"mal edit"
        edit = Edit(f"rewritten {self.world.seed}.{self.count}.")
        bodies: list[Body] = [edit, edit, Delete(), Pin(True), Title("mine"), Reaction("m", True, True)]
        body = self.world.chance.choice(bodies)
        wrong = target.hlc - 7 if self.world.chance.random() < 0.3 else None
        ref = None if isinstance(body, Title) else target
        self._tell(pen.write(body, seq=20 + self.count, prev=b"q" * 32, ref=ref, ref_hlc=wrong), to=2)

    def _forge(self, pen: MessagePen) -> None:
        said = pen.write(self._text())
        self._send(MessageEvents((said.encoded.replace(said.event.signature, bytes(64)),), False))

    def _strip(self, pen: MessagePen) -> None:
        """Take the words of others away."""
        node = self.node
        views = node.history.page(limit=6)
        held = [node.history.journal.holdings.get(view.id) for view in views]
        self.world.checks.stripped.update(said.id for said in held if said is not None)
        bare = [replace_body(said.event, b"").encoded for said in held if said is not None]
        self._send(MessageEvents(tuple(bare), False), to=3)

    def _replay(self, pen: MessagePen) -> None:
        """What anybody ever said, once more, in pieces and the wrong way round."""
        ever = sorted(self.node.disk.events.values(), reverse=True)
        if ever:
            some = self.world.chance.sample(ever, min(len(ever), 8))
            self._send(MessageEvents(tuple(some), self.world.chance.random() < 0.5), to=3)

    def _lie(self, pen: MessagePen) -> None:
        """To have got, and read, more than there is."""
        logs = sorted({said.log for said in self.node.history.journal.holdings.counting()})
        entries = [Entry(log.author + log.incarnation, 2**31, 2**31) for log in logs]
        self._send(Receipts(encode_entries(entries)), to=3)

    def _far(self, pen: MessagePen) -> None:
        """A number beyond all others, and an answer to what nobody said."""
        nothing = pen.write(self._text("never told"), seq=1)
        seq = MAX_SEQ - self.world.chance.randrange(2)
        self._tell(pen.write(self._text(), seq=seq, prev=b"x" * 32, ref=nothing), to=3)

    def _garbage(self, pen: MessagePen) -> None:
        junk = bytes(self.world.chance.randrange(256) for _ in range(40))
        since = self.world.chance.choice((0, 2**62))
        events = MessageEvents((junk,), True), MessageEvents((), True)
        frames: list[MessageFrame] = [*events, MessageSummary(junk, since, True), MessageDigest(junk[:16], since)]
        frames += [MessageMore(), Receipts(junk)]
        self._send(self.world.chance.choice(frames))

    def _future(self, pen: MessagePen) -> None:
        self._tell(pen.write(self._text(), seq=30 + self.count, prev=b"f" * 32, hlc=self.world.future_hlc))

    def _ask(self, pen: MessagePen) -> None:
        """For everything, many times over."""
        empty = b"\x94\xc4\x00\xc4\x00\x92\xff\xc4\x00\x90"
        for _ in range(self.world.chance.choice((3, 80))):
            self._send(MessageSummary(empty, 0, True))
