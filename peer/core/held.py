"""What a room asks for, carried out in order, each thing behind the commits that came before it.

A commit is under way while further ones come, so many of them share one flush of the disk. One that fails ends it: what
would have left behind it never does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from .history_outputs import Save
from .machine import Output, Transmit

__all__ = ["Held"]


class Held:
    """Of one room."""

    def __init__(self, *, commit: Callable[[Save], None], carry_out: Callable[[Output], None]) -> None:
        """`commit` begins to keep something; `kept` is to be called once for each, in the same order."""
        self._commit = commit
        self._carry_out = carry_out
        self._waiting: deque[Output] = deque()
        """Begins with a `Save`, if there is anything."""
        self._has_failed = False
        self.begun = 0
        """Commits, in all."""
        self.done = 0

    @property
    def is_waiting(self) -> bool:
        """Whether something waits for a commit."""
        return bool(self._waiting)

    def add(self, output: Output) -> None:
        """Carry it out, now or when all before it is kept."""
        if isinstance(output, Save):
            self._waiting.append(output)
            self.begun += 1
            self._commit(output)
        elif self._waiting:
            self._waiting.append(output)
        else:
            self._do(output)

    def kept(self, *, has_failed: bool) -> None:
        """The commit that was begun first is done; go on as far as that allows."""
        self._has_failed |= has_failed
        self._waiting.popleft()
        self.done += 1
        while self._waiting and not isinstance(self._waiting[0], Save):
            self._do(self._waiting.popleft())

    def _do(self, output: Output) -> None:
        if not (self._has_failed and isinstance(output, Transmit)):
            self._carry_out(output)
