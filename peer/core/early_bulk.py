"""Beginnings of streams that overtook the introduction, whose packet was lost: channels have no common order.

Only who has heard our introduction sends any, and data cannot come so early, without our credit.
"""

from __future__ import annotations

from ..errors import UnexpectedFrame
from ..wire.frames import Frame, StreamOpen, StreamReset

__all__ = ["EarlyBulk"]

_MAX_FRAMES = 64


class EarlyBulk:
    """Of one link."""

    def __init__(self) -> None:
        self._frames: list[Frame] = []

    def keep(self, frame: Frame) -> None:
        """Until the introduction is there; raise UnexpectedFrame for what nobody honest sends by then."""
        if not isinstance(frame, StreamOpen | StreamReset) or len(self._frames) >= _MAX_FRAMES:
            raise UnexpectedFrame(f"{type(frame).__name__} before the introduction")
        self._frames.append(frame)

    def take(self) -> list[Frame]:
        taken, self._frames = self._frames, []
        return taken
