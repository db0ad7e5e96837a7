"""The fixtures of the server's own tests."""

from ..signaling.conftest import clock, meeting, start

__all__ = ["clock", "meeting", "start"]
