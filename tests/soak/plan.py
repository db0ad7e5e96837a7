"""What will happen to whom and when, all of it from a seed, so that a failed run can be had again.

Nobody says goodbye while somebody else is frozen: a goodbye waits for the others no longer than `Config.last_words_s`,
so what was said just before may rightly be lost to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random

__all__ = ["Act", "Blow", "make_plan"]

FIRST_S = 20.0
"""Until then all have met."""
LAST_S = 25.0
"""Before the end everybody is back, and what is owed is paid."""
PAUSE_S = (4.0, 10.0)
REST_S = 10.0
"""Between two blows to the same member, and around a goodbye."""


class Blow(Enum):
    """What can happen to a member, or to the server."""

    FREEZE = "frozen"
    """SIGSTOP, later SIGCONT."""
    KILL = "killed"
    """SIGKILL; a new process with the same folder comes back."""
    LEAVE = "leaves"
    """Goodbye; a new process with the same folder comes back."""
    RESTART = "restarts"
    """The server is killed, and started again on the same store."""


LASTS_S = {
    Blow.FREEZE: (1.0, 14.0),
    Blow.KILL: (0.5, 12.0),
    Blow.LEAVE: (1.0, 8.0),
    Blow.RESTART: (0.5, 8.0),
}
SHARES = {Blow.FREEZE: 4, Blow.KILL: 4, Blow.LEAVE: 3, Blow.RESTART: 2}


@dataclass(frozen=True, slots=True)
class Act:
    """Begins `at_s` after the start, and is over `for_s` later."""

    at_s: float
    blow: Blow
    who: str
    for_s: float

    @property
    def end_s(self) -> float:
        return self.at_s + self.for_s

    def __str__(self) -> str:
        return f"{self.at_s:.1f} s: {self.who} {self.blow.value} for {self.for_s:.1f} s"


def make_plan(seed: int, *, steady: Sequence[str], others: Sequence[str], duration_s: float) -> list[Act]:
    """`steady` members are frozen at times, but never die: their memory is measured over the whole run.

    Each blow falls once before any falls twice; a run of less than a minute is too short for all of them.
    """
    random = Random(seed)  # noqa: S311 - chance that can be repeated
    first = random.sample(list(Blow), k=len(Blow))
    acts: list[Act] = []
    at_s = FIRST_S
    while at_s < duration_s - LAST_S:
        blow = first.pop() if first else random.choices(list(SHARES), weights=list(SHARES.values()))[0]
        for_s = min(random.uniform(*LASTS_S[blow]), duration_s - LAST_S - at_s)
        free = [name for name in _candidates(blow, steady, others) if _is_rested(name, acts, at_s)]
        if free and _fits(blow, acts, at_s):
            acts.append(Act(at_s, blow, random.choice(free), for_s))
        at_s += random.uniform(*PAUSE_S)
        at_s = max(at_s, acts[-1].at_s + REST_S) if acts and acts[-1].blow is Blow.LEAVE else at_s
    return acts


def _candidates(blow: Blow, steady: Sequence[str], others: Sequence[str]) -> Sequence[str]:
    if blow is Blow.RESTART:
        return ("the server",)
    return [*steady, *others] if blow is Blow.FREEZE else others


def _is_rested(name: str, acts: Sequence[Act], at_s: float) -> bool:
    return all(act.end_s + REST_S <= at_s for act in acts if act.who == name)


def _fits(blow: Blow, acts: Sequence[Act], at_s: float) -> bool:
    """A goodbye needs listeners."""
    return blow is not Blow.LEAVE or all(act.end_s + REST_S <= at_s for act in acts if act.blow is Blow.FREEZE)
