"""Tab: the word before the cursor becomes a command, a name or an emoji; the next Tab takes the next one that fits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .commands import VERBS

__all__ = ["Completer"]

_EMOJI = (
    ":+1:", ":-1:", ":clap:", ":eyes:", ":fire:", ":grin:", ":heart:", ":joy:", ":laughing:", ":ok_hand:", ":pray:",
    ":rocket:", ":smile:", ":sob:", ":tada:", ":thinking_face:", ":wave:", ":white_check_mark:", ":wink:", ":x:",
)  # fmt: skip


@dataclass(slots=True)
class Completer:
    """Remembers what it put there, so that the next Tab replaces it."""

    _choices: list[str] = field(default_factory=list)
    _next: int = 0
    _start: int = 0
    _put: tuple[str, int] | None = None
    """The line and cursor that the last Tab left behind; while they stand, the next Tab goes on."""
    _tail: str = ""

    def complete(self, line: str, cursor: int, *, nicks: Sequence[str]) -> tuple[str, int] | None:
        """The line and the cursor after this Tab; None where nothing fits. `nicks`: who spoke last comes first."""
        if self._put != (line, cursor):
            self._start = line.rfind(" ", 0, cursor) + 1
            self._choices = list(_choices(line[:cursor], self._start, nicks))
            self._next, self._tail = 0, line[cursor:]
        if not self._choices:
            return None
        choice = self._choices[self._next]
        self._next = (self._next + 1) % len(self._choices)
        begun = line[: self._start] + choice
        self._put = (begun + self._tail, len(begun))
        return self._put


def _choices(begun: str, start: int, nicks: Iterable[str]) -> Iterable[str]:
    word = begun[start:]
    if start == 0 and word.startswith("/"):
        names = [verb.name for verb in VERBS] + [alias for verb in VERBS for alias in verb.aliases if len(alias) > 1]
        return (f"/{name} " for name in names if name.startswith(word[1:].casefold()))
    if word.startswith(":"):
        return (f"{name} " for name in _EMOJI if name.startswith(word))
    if not word:
        return ()
    ending = ": " if start == 0 else " "
    at = "@" if word.startswith("@") else ""
    wanted = word.removeprefix("@").casefold()
    return (f"{at}{nick}{ending}" for nick in nicks if nick.casefold().startswith(wanted))
