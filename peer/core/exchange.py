"""Two members bring their control logs level over one link (docs/protocol.md, Control log).

Each side begins with a digest, or, knowing nothing yet, with the request for everything. Where digests differ, the side
that sees it says what it holds and is sent the rest. This may be begun again at any time, and once it is level it costs
one frame. What is learned afterwards is told at once on every link. A long answer goes out as fast as it is taken in,
some frames at a time: nothing that one end asks fills the other's buffers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

from ..errors import UnexpectedFrame
from ..wire.frames import ControlDigest, ControlEvents, ControlFrame, ControlMore, ControlSummary

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

    def __init__(self, holding: Holding, *, window: int = 8, max_waiting: int = 4096) -> None:
        """`window` is how many frames of answers may be on their way, `max_waiting` how many wait behind them."""
        self.is_settled = False
        """We hold all that the other side held when it began."""
        self._holding = holding
        self._window = window
        self._max_waiting = max_waiting
        self._is_asking = False
        self._asked_with = b""
        """Our digest when we asked."""
        self._their_digest = b""
        self._in_vain: tuple[bytes, bytes] | None = None
        """Our digest and theirs, where asking has brought us nothing."""
        self._rest: deque[ControlEvents] = deque()
        """Of our answers."""
        self._credit = window

    def begin(self) -> list[ControlFrame]:
        """What to say first, and again when there may be a difference."""
        return [ControlDigest(self._holding.digest())] if self._holding.genesis else self.ask()

    def ask(self) -> list[ControlFrame]:
        """For what we lack; nothing where an answer is awaited already."""
        if self._is_asking:
            return []
        self._is_asking = True
        knows_genesis = bool(self._holding.genesis)
        self._asked_with = self._holding.digest() if knows_genesis else b""
        *parts, last = self._holding.summary() if knows_genesis else [b""]
        asked: list[ControlFrame] = [ControlSummary(knows_genesis, part, False) for part in parts]
        return [*asked, ControlSummary(knows_genesis, last, True)]

    def receive_digest(self, frame: ControlDigest) -> list[ControlFrame]:
        """Nothing where it is ours, or where asking was in vain before; else the question."""
        self._their_digest = frame.digest
        ours = self._holding.digest() if self._holding.genesis else b""
        if ours and (frame.digest == ours or (ours, frame.digest) == self._in_vain):
            self.is_settled = True
            return []
        return self.ask()

    def receive_summary(self, frame: ControlSummary) -> list[ControlFrame]:
        """The first of what they lack of this part; raise MalformedFrame, or UnexpectedFrame for too much at once."""
        self.is_settled |= not frame.knows_genesis  # who knows nothing cannot hold more than we do
        self._rest.extend(self._answer(frame))
        if len(self._rest) > self._max_waiting:
            raise UnexpectedFrame("more questions than anybody needs who reads the answers")
        return self._next()

    def _answer(self, frame: ControlSummary) -> list[ControlEvents]:
        if not self._holding.genesis:
            return [ControlEvents(b"", (), True)] if frame.is_last else []
        batches = list(self._holding.missing(frame.part if frame.knows_genesis else b"")) or [()]
        genesis = b"" if frame.knows_genesis else self._holding.genesis
        return [
            ControlEvents(b"" if index else genesis, tuple(batch), frame.is_last and index == len(batches) - 1)
            for index, batch in enumerate(batches)
        ]

    @property
    def is_answering(self) -> bool:
        """Part of an answer waits to be asked for."""
        return bool(self._rest)

    def receive_more(self) -> list[ControlFrame]:
        """They have taken in one frame of an answer that goes on."""
        self._credit = min(self._credit + 1, self._window)
        return self._next()

    def _next(self) -> list[ControlFrame]:
        """As much as may be on its way; the last frame of an answer is free."""
        told: list[ControlFrame] = []
        while self._rest and (self._credit or self._rest[0].is_last):
            told.append(frame := self._rest.popleft())
            self._credit -= not frame.is_last
        return told

    def receive_events(self, *, is_last: bool, has_left_over: bool = False) -> list[ControlFrame]:
        """Events were taken in: the end of an answer, or part of one, which we ask to go on.

        `has_left_over`: what we could not take may be welcome later, so that it is worth while to ask again.
        """
        if not self._is_asking:
            return []
        if not is_last:
            return [ControlMore()]
        self._is_asking = False
        self.is_settled = True
        ours = self._holding.digest() if self._holding.genesis else b""
        is_vain = ours == self._asked_with and not has_left_over
        self._in_vain = (ours, self._their_digest) if is_vain else None
        return []
