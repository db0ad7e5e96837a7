"""Who said what and who heard it: finds what was lost, heard twice, or heard in another order.

What is asserted is what the library promises of members who keep what is said in a folder. A life is one process; a
member lives several times, with the same folder and so the same identity.

- No member hears a message twice, in whichever of its lives, but for what a life that was killed had heard in its last
  moments and was still dealing with, for all that anybody knew: this is counted.
- No life hears the messages of one life of an author out of order.
- Of the messages of one life of an author each member hears, in one or the other of its own lives, all between the
  first that it was to hear (the author was linked to it) and the last that it did hear: there are no holes, whoever
  was frozen, killed, cut off or away meanwhile, and whatever became of the server.
- Whoever is there at the end has heard all to the very last of every author who is there as well, in whichever life:
  what `send` took is on the author's disk, so it outlives a kill, and whoever was away is told when it comes back. If
  the author is not there, so have those who were there undisturbed when it said goodbye.
- What an author was told to be delivered was heard by all to whom it was linked when it said it, by its own word, and
  who were there undisturbed.

Not asserted: what was said before a member first came; the last words of an author that was killed and did not return.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import Enum

__all__ = ["Author", "Fault", "Finding", "Ledger"]


@dataclass(frozen=True, slots=True, order=True)
class Author:
    """One life of a member."""

    name: str
    life: int

    def __str__(self) -> str:
        return f"{self.name} (life {self.life})"


class Fault(Enum):
    """What can be wrong with a message."""

    LOST = "never heard"
    TWICE = "heard twice"
    DISORDER = "heard behind a later one"
    UNDELIVERED = "never heard, though it was reported as delivered"
    LATE = "heard later than all others"
    """Which is no fault."""
    INVENTED = "heard, though it was never said"


@dataclass(frozen=True, slots=True)
class Finding:
    """A message that somebody lost, or got twice."""

    fault: Fault
    author: Author
    number: int
    listener: str
    at: float | None
    """When it was said, or heard once too often."""


AT_WORK_S = 2.0
"""What was heard so shortly before a kill may be told again."""


@dataclass(slots=True)
class _Span:
    """What one listener owes to hear of one life: from the first number on."""

    first: int
    lost: list[int] = field(default_factory=list)
    """The link was in doubt before the first of these numbers, there again before the second, and so on in turn."""

    def connect(self, is_linked: bool, number: int) -> None:
        if is_linked == (len(self.lost) % 2 == 1):
            self.lost.append(number)

    def was_linked(self, number: int) -> bool:
        return self.first <= number and sum(turn <= number for turn in self.lost) % 2 == 0


@dataclass(slots=True)
class _Page:
    """All about one life of an author."""

    said_at: list[float] = field(default_factory=list)
    delivered: set[int] = field(default_factory=set)
    spans: dict[str, _Span] = field(default_factory=dict)
    heard: dict[str, dict[int, tuple[int, float]]] = field(default_factory=lambda: defaultdict(dict))
    """By listener: the life in which it heard a number first, and when."""
    full_hearers: Collection[str] = ()
    """Who has to hear it to the end."""
    killed_at: float | None = None


class Ledger:
    """Filled while the run goes on."""

    def __init__(self) -> None:
        self._pages: dict[Author, _Page] = defaultdict(_Page)
        self._last: dict[tuple[Author, Author], int] = {}
        self._by_life: dict[tuple[Author, Author], set[int]] = defaultdict(set)
        self._wrong: list[Finding] = []
        self._repeats: list[tuple[Finding, Author, float]] = []
        """Heard in an earlier life: which one, and when."""
        self.said = 0
        self.heard = 0
        self.waits_s: list[float] = []
        """From a message to each hearing of it."""
        self.slowest: Finding | None = None
        """Whichever took longest of them."""

    # ---- what happens

    def say(self, author: Author, number: int, *, at: float) -> None:
        page = self._pages[author]
        assert number == len(page.said_at), "members count by ones"
        page.said_at.append(at)
        self.said += 1

    def deliver(self, author: Author, number: int) -> None:
        """The author was told that all have it."""
        self._pages[author].delivered.add(number)

    def link(self, author: Author, listener: str, *, first: int) -> None:
        """The author is linked to this member from this number on."""
        self._pages[author].spans.setdefault(listener, _Span(first)).connect(True, first)

    def connect(self, author: Author, listener: str, *, is_linked: bool, number: int) -> None:
        """The author says that its link to this member lives, or is in doubt or ended, from this number on.

        Whoever was lost or said goodbye is owed what is said meanwhile.
        """
        if (span := self._pages[author].spans.get(listener)) is not None:
            span.connect(is_linked, number)

    def hear(self, listener: Author, author: Author, number: int, *, at: float) -> None:
        self.heard += 1
        page, pair = self._pages[author], (listener, author)
        if number in self._by_life[pair]:
            self._wrong.append(Finding(Fault.TWICE, author, number, str(listener), at))
        elif number < self._last.get(pair, -1):
            self._wrong.append(Finding(Fault.DISORDER, author, number, str(listener), at))
        elif number in page.heard[listener.name]:
            life, first_at = page.heard[listener.name][number]
            twice = Finding(Fault.TWICE, author, number, str(listener), at)
            self._repeats.append((twice, Author(listener.name, life), first_at))
        elif number < len(page.said_at):
            self._wait(Finding(Fault.LATE, author, number, str(listener), page.said_at[number]), at)
        self._last[pair] = max(number, self._last.get(pair, -1))
        self._by_life[pair].add(number)
        page.heard[listener.name].setdefault(number, (listener.life, at))

    def _wait(self, message: Finding, heard_at: float) -> None:
        assert message.at is not None
        wait_s = heard_at - message.at
        if wait_s > max(self.waits_s, default=0.0):
            self.slowest = message
        self.waits_s.append(wait_s)

    def end_life(self, author: Author, *, full_hearers: Collection[str]) -> None:
        """It said goodbye; those who were there undisturbed have to hear all of it."""
        self._pages[author].full_hearers = full_hearers

    def kill(self, author: Author, *, at: float) -> None:
        """What it heard last, it may hear again in its next life."""
        self._pages[author].killed_at = at

    @property
    def again(self) -> int:
        """How much was told again to those whose lives were ended while they dealt with it."""
        return len(self._repeats) - len(self._twice())

    def _twice(self) -> list[Finding]:
        return [twice for twice, life, at in self._repeats if not self._was_at_work(life, at)]

    def _was_at_work(self, life: Author, at: float) -> bool:
        killed_at = self._pages[life].killed_at
        return killed_at is not None and killed_at - at <= AT_WORK_S

    # ---- the verdict

    def findings(
        self, present: Collection[Author], *, disturbed: dict[str, list[tuple[float, float]]]
    ) -> list[Finding]:
        """All that is wrong, given who is there at the end, and when each member was frozen, dead or just back."""
        found = [*self._wrong, *self._twice()]
        names = {life.name for life in present}
        for author, page in self._pages.items():
            full = names if author.name in names else page.full_hearers
            found += self._lost(author, page, full)
            found += self._undelivered(author, page, disturbed)
            found += self._invented(author, page)
        return found

    def _lost(self, author: Author, page: _Page, full: Collection[str]) -> Iterator[Finding]:
        for listener, span in page.spans.items():
            heard = page.heard[listener]
            end = len(page.said_at) if listener in full else max(heard, default=-1) + 1
            for number in range(span.first, min(end, len(page.said_at))):
                if number not in heard:
                    yield Finding(Fault.LOST, author, number, listener, page.said_at[number])

    def _undelivered(
        self, author: Author, page: _Page, disturbed: dict[str, list[tuple[float, float]]]
    ) -> Iterator[Finding]:
        for number in sorted(page.delivered):
            at = page.said_at[number] if number < len(page.said_at) else None
            for listener, span in page.spans.items():
                if at is None or number in page.heard[listener] or not span.was_linked(number):
                    continue
                if not any(begin <= at <= end for begin, end in disturbed.get(listener, [])):
                    yield Finding(Fault.UNDELIVERED, author, number, listener, at)

    def _invented(self, author: Author, page: _Page) -> Iterator[Finding]:
        """Who is killed may have said one more than it could tell."""
        said = len(page.said_at) + (page.killed_at is not None)
        for listener, heard in page.heard.items():
            for number in heard:
                if number >= said:
                    yield Finding(Fault.INVENTED, author, number, listener, None)
