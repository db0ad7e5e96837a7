"""One seeded life of a room: what its members do, and what befalls them. The same seed gives the same life."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from peer.errors import UsageError
from peer.log import acts
from peer.log.acts import Act
from peer.log.control import Level, Revoke
from peer.log.event import hlc_at
from peer.messages.bodies import Body, Delete, Edit, Pin, Reaction, SlowMode, Text, Title

from ..support.keys import Chance, identity
from .cast import ALL, Cast
from .checks import Checks
from .mallory import Mallory
from .network import Network
from .node import Disk, Node

__all__ = ["START_MS", "World"]

START_MS = 1_700_000_000_000
QUIET_S = 600.0
"""Long enough for a dozen rounds of comparing."""


class World:
    """A room, its members, and all that they do."""

    def __init__(self, seed: int, *, trace: Callable[[str], None] | None = None) -> None:
        self.seed = seed
        self.chance = Random(seed)  # noqa: S311 - a story, no secret
        self.trace = trace
        self.network = Network(self.chance)
        self.cast = Cast.drawn(self.chance)
        self.names = self.cast.names
        self.room = self.cast.found(Chance(f"room {seed}")(16))
        self.count = 0
        self.nodes: dict[str, Node] = {}
        self.checks = Checks(self)
        for name in self.names:
            self.nodes[name] = Node(name, self.cast, self.room, self._clock, self._sender(name), self._blamer(name),
                                    self.chance)  # fmt: skip
        for node in self.nodes.values():
            node.names = {identity(name).member_id: name for name in self.names}
        self.backups: dict[str, Disk] = {}
        self.hostile = [Mallory(self, name) for name in self.cast.hostile]
        self.say(str(self.cast))
        self._admit_all()

    def _clock(self) -> tuple[float, int]:
        return self.network.now, START_MS + int(self.network.now * 1000)

    def _sender(self, name: str) -> Callable[[str, Any], None]:
        def send(target: str, frame: Any) -> None:
            self.checks.see_frame(name, target, frame)
            self.network.send(name, target, frame)

        return send

    def _blamer(self, name: str) -> Callable[[str, str], None]:
        def blame(source: str, why: str) -> None:
            if source not in self.cast.hostile:
                self.checks.fail(f"{name} ended its link to {source}, who is honest: {why}")

        return blame

    def say(self, line: str) -> None:
        if self.trace is not None:
            self.trace(f"{self.network.now:8.2f}  {line}")

    def _admit_all(self) -> None:
        ann = self.nodes["ann"]
        for name, level in () if self.cast.is_public else self.cast.levels.items():
            if level is Level.NOBODY:
                continue
            doing = acts.set_level(ann.authority, ann.identity.member_id, identity(name).member_id, level)
            ann.act(doing, ())
        for node in self.nodes.values():
            node.learn(ann.export())
        self.relink()

    # ---- time

    def relink(self) -> None:
        for node in self.nodes.values():
            if node.is_up:
                others = (other for other in self.nodes.values() if other.is_up and other is not node)
                node.relink([other.name for other in others if self.network.reaches(node.name, other.name)])

    def pass_time(self, seconds: float) -> None:
        def deliver(source: str, target: str, frame: Any) -> None:
            self.nodes[target].receive(source, frame)
            if isinstance(frame, tuple):
                self.relink()

        def wake() -> float | None:
            deadlines = [node.wake() for node in self.nodes.values()]
            return min((deadline for deadline in deadlines if deadline is not None), default=None)

        self.network.run(self.network.now + seconds, deliver, wake)

    # ---- what happens

    def live(self) -> None:
        for number in range(self.cast.steps):
            self.step()
            if number % 3 == 0:
                self.checks.look_at_all()
            self.pass_time(self.chance.choice((0.05, 0.5, 2.0, 8.0)))
        self.make_peace()

    def step(self) -> None:
        actions = [(30, self.speak), (14, self.speak_about), (3, self.change_settings), (5, self.govern)]
        actions += [(5, self.part), (5, self.heal), (4, self.crash), (4, self.restart), (3, self.back_up)]
        actions += [(2, self.turn_clock), (4, self.read), (6, self.compare_control), (2, self.clash)]
        actions += [(14, self.chance.choice(self.hostile).act)]
        weights = [weight for weight, _ in actions]
        [(_, action)] = self.chance.choices(actions, weights)
        action()
        self.relink()

    def _somebody(self) -> Node | None:
        awake = [node for node in self.nodes.values() if node.is_up]
        return self.chance.choice(awake) if awake else None

    def speak(self) -> None:
        for _ in range(self.chance.choice((1, 1, 3))):
            self.count += 1
            self._say(Text(f"words {self.seed}.{self.count}."))

    def speak_about(self) -> None:
        self.count += 1
        emoji = Reaction(self.chance.choice("ab"), False, self.chance.random() < 0.7)
        bodies: list[Body] = [Edit(f"better words {self.seed}.{self.count}."), Delete(), emoji, emoji]
        bodies += [Pin(self.chance.random() < 0.6), Text(f"an answer {self.seed}.{self.count}.")]
        self._say(self.chance.choice(bodies), is_about=True)

    def change_settings(self) -> None:
        self.count += 1
        self._say(self.chance.choice((Title(f"title {self.count}"), SlowMode(self.chance.choice((0, 0, 5))))))

    def _say(self, body: Body, *, is_about: bool = False) -> None:
        node = self._somebody()
        views = node.history.page(limit=16) if node is not None and is_about else []
        if node is None or (is_about and not views):
            return
        own = [view for view in views if view.author == node.identity.public_key]
        views = own if isinstance(body, Edit | Delete) and own and self.chance.random() < 0.7 else views
        about = self.chance.choice(views).id if is_about else None
        self.say(f"{node.name} says {body} about {about.hex()[:8] if about else 'nothing'}")
        self.checks.see_words(body, node.identity.public_key)
        try:
            node.history.say(body, about, now=self.network.now)
        except UsageError as error:
            self.say(f"  and may not: {error}")
        node.drive()

    def clash(self) -> None:
        """Two remove each other before either has heard of it, or three in a circle."""
        awake = [node for node in self.nodes.values() if node.is_up]
        if self.cast.is_public or len(awake) < 3:
            return
        chosen = self.chance.sample(awake, self.chance.choice((2, 2, 3)))
        for node, target in zip(chosen, [*chosen[1:], chosen[0]], strict=True):
            self._govern(node, target.name, choice=0.0)

    def govern(self) -> None:
        node = self._somebody()
        if node is not None and not self.cast.is_public:
            target = self.chance.choice([name for name in self.names if name != node.name])
            self._govern(node, target, choice=self.chance.random())

    def _govern(self, node: Node, target: str, *, choice: float) -> None:
        level = self.chance.choice((Level.MEMBER, Level.MEMBER, Level.MODERATOR, Level.ADMIN))
        me, other, authority = node.identity.member_id, identity(target).member_id, node.authority
        cuts = node.history.cuts_of(other)
        self.say(f"{node.name} {'kicks' if choice < 0.4 else 'sets'} {target} {level.name if choice >= 0.4 else ''}")
        try:
            if choice < 0.4:
                doing = acts.kick(authority, me, other, cuts=cuts)
            elif choice < 0.45:
                doing = acts.leave(authority, me, cuts=node.history.cuts_of(me))
            elif choice < 0.6:
                doing = [Act(Revoke(), ref=removal.id) for removal in authority.removals_of(other)]
            else:
                doing = acts.set_level(authority, me, other, level, cuts=cuts)
            node.act(doing, [name for name in self.names if name != node.name])
        except UsageError as error:
            self.say(f"  and may not: {error}")

    def part(self) -> None:
        self.network.groups = {name: self.chance.randrange(2) for name in self.names}
        self.say(f"parted: {self.network.groups}")

    def heal(self) -> None:
        self.network.groups = {}
        self.say("healed")

    def crash(self) -> None:
        node = self._somebody()
        if node is not None:
            self.say(f"{node.name} crashes")
            node.crash()

    def restart(self) -> None:
        for node in self.nodes.values():
            if not node.is_up:
                self._maybe_set_back(node)
                self.say(f"{node.name} starts")
                node.start()

    def _maybe_set_back(self, node: Node) -> None:
        if node.name in self.backups and self.chance.random() < 0.4:
            is_noticed = not self.cast.is_forgetful or self.chance.random() < 0.5
            node.set_back(self.backups[node.name], is_noticed=is_noticed)
            self.say(f"the disk of {node.name} is set back{'' if is_noticed else ', and nobody notices'}")
            if not is_noticed:
                self.checks.disown(node.name)

    def back_up(self) -> None:
        node = self._somebody()
        if node is not None:
            self.backups[node.name] = node.disk.copy()

    def turn_clock(self) -> None:
        node = self._somebody()
        if node is not None:
            node.skew_ms = self.chance.choice((0, -50_000, 50_000, 300_000))
            self.say(f"the clock of {node.name} is {node.skew_ms} ms off")

    def read(self) -> None:
        node = self._somebody()
        if node is not None:
            views = node.history.page(limit=20)
            if views:
                node.history.mark_read(self.chance.choice(views).place, now=self.network.now)
                node.drive()

    def compare_control(self) -> None:
        node = self._somebody()
        if node is not None:
            node.compare_control(self.chance.choice([name for name in self.names if name != node.name]))

    # ---- the end

    def make_peace(self) -> None:
        """The faults stop: all know the same control log; what is held anywhere now is what all shall hold."""
        self.network.is_faulty = False
        self.network.groups = {}
        self.network.clear()
        self.network.now += 400.0  # nothing is from the future any more
        self.restart()
        for node in self.nodes.values():
            node.skew_ms = 0
        control = {data for node in self.nodes.values() for data in node.export()}
        for node in [*self.nodes.values()] * 2:
            node.learn(sorted(control))
        self.network.clear()
        for node in self.nodes.values():
            for draft in node.history.journal.drafts:
                node.history.drop_draft(draft.key)
            node.drive()
            for name in sorted(node.links):
                node.unlink(name)
        self.checks.remember_union()
        self.relink()
        for _ in range(int(QUIET_S / 30)):
            self.pass_time(30.0)
            if self.checks.are_level():
                break
        self.say(f"quiet after {self.network.now:.0f} s")
        if self.cast.history != ALL:
            self.speak_last()
        self.checks.look_at_all()
        self.checks.judge()

    def speak_last(self) -> None:
        """Whatever newcomers are not told, what is said from now on all are."""
        for node in self.checks.members():
            words = Text(f"last words of {node.name}.")
            self.checks.see_words(words, node.identity.public_key)
            try:
                node.history.say(words, now=self.network.now)
            except UsageError as error:
                self.say(f"{node.name} cannot say its last words: {error}")
                self.checks.silent.add(node.name)
            node.drive()
        self.pass_time(30.0)
        self.checks.hear_last()

    @property
    def future_hlc(self) -> int:
        return hlc_at(self._clock()[1] + 600_000)
