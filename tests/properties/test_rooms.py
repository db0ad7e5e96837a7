"""Whatever happens to signals and links, in whatever order: once it is quiet the room is whole and nothing is missing.

A script of joins, messages, broken paths, lost signals and outages of the server is drawn, and run over the simulated
network with drawn delays. What is promised is judged by a simple oracle. Outside of it: frames in flight when a path
breaks are lost (links carry no acknowledgements yet), so paths break here behind what is on its way.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from peer.config import Config
from peer.events import MemberJoined, MemberLeft, StatusChanged
from peer.ids import PeerId
from peer.ports import Signal

from ..support.network import Faults, Network, Node

NAMES = ("ann", "bob", "cy", "dan")

members = st.integers(0, 3)
step = st.one_of(
    st.tuples(st.just("wait"), st.sampled_from([0.0, 0.01, 0.03, 0.1, 0.5, 2.0, 11.0])),
    st.tuples(st.just("send"), members),
    st.tuples(st.just("send"), members),
    st.tuples(st.just("cut"), st.tuples(members, members)),
    st.tuples(st.just("lose"), st.integers(1, 3)),
    st.tuples(st.just("stop"), st.none()),
    st.tuples(st.just("start"), st.none()),
)


SLOW_BEATS = Config(heartbeat_s=5.0, suspect_after_s=8.0, lost_after_s=13.0)
"""Minutes of many rooms: a beat a second would be most of the work."""


@dataclass
class Script:
    """Runs the steps and remembers what is owed."""

    network: Network
    nodes: list[Node] = field(default_factory=list)
    owed: list[tuple[Node, str, set[PeerId]]] = field(default_factory=list)
    """Sender, text, and who was present."""
    to_lose: int = 0

    def __post_init__(self) -> None:
        self.network.faults.drop_signal = self._is_lost

    def _is_lost(self, _sender: PeerId, _signal: Signal) -> bool:
        self.to_lose = max(0, self.to_lose - 1)
        return self.to_lose > 0

    def join(self) -> None:
        self.nodes.append(self.network.join(self.network.node(NAMES[len(self.nodes)])))

    def run(self, steps: list[tuple[str, object]]) -> None:
        for name, argument in steps:
            getattr(self, f"_{name}")(argument)

    def _wait(self, seconds: float) -> None:
        self.network.run(seconds)

    def _send(self, index: int) -> None:
        sender = self.nodes[index % len(self.nodes)]
        text = f"{sender.name} says {len(self.owed)}"
        sender.send(text)
        self.owed.append((sender, text, set(self.network.seated) - {sender.peer_id}))

    def _cut(self, pair: tuple[int, int]) -> None:
        left, right = (self.nodes[index % len(self.nodes)] for index in pair)
        self.network.cut_cleanly(left, right)

    def _lose(self, count: int) -> None:
        self.to_lose = count + 1

    def _stop(self, _: None) -> None:
        if self.network.is_serving:
            self.network.stop_server()

    def _start(self, _: None) -> None:
        if not self.network.is_serving:
            self.network.start_server()

    def calm_down(self) -> None:
        """No faults any more; time enough for every back-off."""
        self.to_lose = 0
        self.network.start_server()
        self.network.run(60)


def check(script: Script) -> None:
    """The oracle."""
    script.network.check_full_mesh()
    for node in script.nodes:
        texts = node.texts()
        assert len(texts) == len(set(texts)), f"{node.name} was shown something twice"
        for sender in script.nodes:
            said = [text for by, text, _ in script.owed if by is sender]
            due = {text for by, text, present in script.owed if by is sender and node.peer_id in present}
            heard = node.texts(sender)
            assert due <= set(heard), f"{node.name} missed {due - set(heard)}"
            assert heard == [text for text in said if text in set(heard)], (
                f"{node.name} heard {sender.name} in disorder"
            )
        joined, left = len(node.events_of(MemberJoined)), len(node.events_of(MemberLeft))
        assert joined - left == len(script.nodes) - 1
        changed = [(event.message_id, event.status) for event in node.events_of(StatusChanged)]
        assert len(changed) == len(set(changed))


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    count=st.integers(2, 4),
    longest_delay_s=st.sampled_from([0.0, 0.01, 0.2]),
    seed=st.integers(0, 2**16),
    copies=st.sampled_from([0.0, 0.5]),
    gaps=st.lists(st.sampled_from([0.0, 0.02, 0.3]), min_size=3, max_size=3),
    steps=st.lists(step, max_size=20),
)
@example(
    count=3,
    longest_delay_s=0.2,
    seed=1,
    copies=0.5,
    gaps=[0.0, 0.0, 0.0],
    steps=[("lose", 3), ("send", 0), ("wait", 0.1), ("cut", (0, 1)), ("send", 1), ("stop", None), ("cut", (1, 2))],
)
@pytest.mark.long
def test_any_interleaving_ends_in_a_full_mesh_with_each_message_shown_once(
    count: int,
    longest_delay_s: float,
    seed: int,
    copies: float,
    gaps: list[float],
    steps: list[tuple[str, object]],
) -> None:
    """Who was present when it was written hears it once and in its sender's order; nobody hears anything twice."""
    faults = Faults(delay_s=(0.0, longest_delay_s), signal_copies=copies)
    script = Script(Network(seed=seed, faults=faults, config=SLOW_BEATS))
    for gap in gaps[: count - 1]:
        script.join()
        script.run([("send", len(script.nodes)), ("wait", gap)])
    script.join()
    script.run(steps)
    script.calm_down()
    check(script)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**16), seconds=st.floats(0, 40), wall=st.sets(members, min_size=1, max_size=3))
def test_any_parting_heals(seed: int, seconds: float, wall: set[int]) -> None:
    """Some reach only each other for a while, though the server reaches all; afterwards the room is whole."""
    network = Network(seed=seed, faults=Faults(delay_s=(0.0, 0.1)), config=SLOW_BEATS)
    nodes = network.room_of(*NAMES)
    network.wall_off(*(nodes[index] for index in wall))
    network.run(seconds)
    network.tear_down_walls()
    network.run(60)
    network.check_full_mesh()
    for node in nodes:
        assert len(node.events_of(MemberJoined)) - len(node.events_of(MemberLeft)) == 3


@settings(derandomize=True, max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_same_seed_is_the_same_run(seed: int) -> None:
    """Or a failure could not be looked at again."""

    def run() -> list[list[str]]:
        faults = Faults(signal_loss=0.2, signal_copies=0.2, ephemeral_loss=0.2, delay_s=(0.0, 0.3), reorder=True)
        network = Network(seed=seed, faults=faults)
        nodes = network.room_of(*NAMES)
        for node in nodes:
            node.send(f"from {node.name}")
        network.run(15)
        return [[repr(event) for event in node.events] for node in nodes]

    assert run() == run()
