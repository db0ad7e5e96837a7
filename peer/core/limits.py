"""What one link may say, and how fast: so that no kind of frame is free (PRODUCT, P16).

Frames from the control log and of streams have allowances of their own, where it is known what they cost (`lobby`,
`lane`). Here is all the rest: what is talk, unknown types included, by count once it is opened; what passes, such as
typing, before it is even opened, since garbage there is dropped and would be free otherwise. Senders keep to less, with
room for what a path holds back and then lets go at once.
"""

from __future__ import annotations

from ..config import Config
from ..errors import Flooded
from ..ports import Channel
from ..wire.frames import ControlFrame, Frame, StreamFrame
from .pace import Pace

__all__ = ["Limits"]


class Limits:
    """Of one link; `now` is monotonic seconds."""

    def __init__(self, config: Config, *, now: float) -> None:
        self._talk = Pace(burst=config.receive_burst, per_s=config.receive_per_s, now=now)
        self._passing = Pace(burst=config.passing_burst, per_s=config.passing_per_s, now=now)

    def meet(self, channel: Channel, *, now: float) -> None:
        """Bytes came, whatever they are; raise Flooded."""
        if channel is Channel.EPHEMERAL and not self._passing.spend(now=now):
            raise Flooded("typing and heartbeats")

    def hear(self, channel: Channel, frame: Frame | None, *, now: float) -> None:
        """A frame was opened, None where its type is unknown; raise Flooded."""
        if channel is Channel.EPHEMERAL or isinstance(frame, ControlFrame | StreamFrame):
            return
        if not self._talk.spend(now=now):
            raise Flooded("messages")
