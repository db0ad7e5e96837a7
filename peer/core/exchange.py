"""Two members bring their control logs level over one link (docs/protocol.md, Control log).

Each side begins with a digest, or, knowing nothing yet, with the request for everything. Where digests differ, the side
that sees it says what it holds and is sent the rest. This may be begun again at any time, and once it is level it costs
one frame. What is learned afterwards is told at once on every link.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from ..wire.frames import ControlDigest, ControlEvents, ControlFrame, ControlSummary

__all__ = ["Exchange", "Holding"]


class Holding(Protocol):
    """The control log, as far as an exchange asks for it."""

    @property
    def genesis(self) -> bytes:
        """As received; empty while unknown, and then there is nothing else."""

    def digest(self) -> bytes:
        """16 bytes, equal for equal sets of events."""

    def summary(self) -> Sequence[bytes]:
        """What is held, in parts that can be answered one by one."""

    def missing(self, part: bytes) -> Iterable[Sequence[bytes]]:
        """Batches of what the sender of this part lacks; raises MalformedFrame. An empty part is answered with all."""


class Exchange:
    """One link's share."""

    def __init__(self, holding: Holding) -> None:
        self.is_settled = False
        """We hold all that the other side held when it began."""
        self._holding = holding
        self._is_asking = False

    def begin(self) -> list[ControlFrame]:
        """What to say first, and again when there may be a difference."""
        return [ControlDigest(self._holding.digest())] if self._holding.genesis else self.ask()

    def ask(self) -> list[ControlFrame]:
        """For what we lack; nothing where an answer is awaited already."""
        if self._is_asking:
            return []
        self._is_asking = True
        knows_genesis = bool(self._holding.genesis)
        *parts, last = self._holding.summary() if knows_genesis else [b""]
        asked: list[ControlFrame] = [ControlSummary(knows_genesis, part, False) for part in parts]
        return [*asked, ControlSummary(knows_genesis, last, True)]

    def receive_digest(self, frame: ControlDigest) -> list[ControlFrame]:
        """Nothing where it is ours, else the question."""
        if self._holding.genesis and frame.digest == self._holding.digest():
            self.is_settled = True
            return []
        return self.ask()

    def receive_summary(self, frame: ControlSummary) -> list[ControlFrame]:
        """What they lack of this part; raise MalformedFrame."""
        self.is_settled |= not frame.knows_genesis  # who knows nothing cannot hold more than we do
        if not self._holding.genesis:
            return [ControlEvents(b"", (), True)] if frame.is_last else []
        batches = list(self._holding.missing(frame.part if frame.knows_genesis else b"")) or [()]
        genesis = b"" if frame.knows_genesis else self._holding.genesis
        return [
            ControlEvents(b"" if index else genesis, tuple(batch), frame.is_last and index == len(batches) - 1)
            for index, batch in enumerate(batches)
        ]

    def receive_end(self) -> None:
        """The last of the events that we asked for were taken in."""
        if self._is_asking:
            self._is_asking = False
            self.is_settled = True
