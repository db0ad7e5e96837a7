"""Our candidates that are found after our description left, for the other side (RFC 8838).

They are told only when whoever waits for the description has it, so that no candidate overtakes it on its way, and each
but once. The end of them is told where the description did not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aioice

from .sdp import MAX_CANDIDATES, Candidate, Description, maybe_candidate

__all__ = ["Trickle"]


class Trickle:
    """Lines on their way to `tell`; an empty one is the end."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told: set[str] = set()
        self._waiting: list[str] = []
        self._is_open = False

    def note(self, candidate: aioice.Candidate | None) -> None:
        """One was found, or no more will be."""
        line = "" if candidate is None else _line_of(candidate)
        if line is not None:
            self._waiting.append(line)
            self._flush()

    def open_behind(self, description: Description) -> None:
        """It is returned to its caller in this turn of the loop; what follows may be told from the next one on."""
        self._told = {candidate.line for candidate in description.candidates}
        if description.is_complete:
            self._told.add("")
        asyncio.get_running_loop().call_soon(self._open)

    def _open(self) -> None:
        self._is_open = True
        self._flush()

    def _flush(self) -> None:
        while self._is_open and self._waiting:
            line = self._waiting.pop(0)
            if line not in self._told and (not line or len(self._told) < MAX_CANDIDATES):
                self._told.add(line)
                self._tell(line)


def _line_of(candidate: aioice.Candidate) -> str | None:
    """None for an address that nobody could use, whatever server gave it to us."""
    line = Candidate(
        foundation=candidate.foundation,
        priority=candidate.priority,
        address=candidate.host,
        port=candidate.port,
        kind=candidate.type,
    ).line
    return line if maybe_candidate(line) else None
