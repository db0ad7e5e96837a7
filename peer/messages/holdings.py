"""The message events that a member holds: what counts, what is parked, what lost its words, and what is let go.

All follows from the set of events and the rules of the moment. Events that do not count now are the *limbo*: parked,
and weighed again after each change of the rules, since a revoke may be revoked. A deletion that counts takes the words
of its message from here and from the disk. Beyond the window events are let go, some at a time, but for what nobody
here has read and what nobody else has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ..log.control import Level
from ..log.event import EventId
from .bodies import Kind
from .logs import Fork, Logs
from .rules import Rules, takes_back
from .said import Said, place_of, stripped, with_words
from .window import Limits, Window, window_of

__all__ = ["Holdings", "Stir"]

_WORDS = {Kind.TEXT, Kind.EDIT}


@dataclass(slots=True)
class Stir:
    """What has changed since it was last asked."""

    events: dict[EventId, bytes] = field(default_factory=dict)
    """New ones, or in place of what was there."""
    purged: set[EventId] = field(default_factory=set)
    messages: set[EventId] = field(default_factory=set)
    """That look different now, appeared or vanished."""
    has_settings: bool = False


class Holdings:
    """Of one room."""

    def __init__(self, rules: Rules, limits: Limits) -> None:
        self.rules = rules
        self.limits = limits
        self.logs = Logs(max_forks=limits.max_forks, max_author_forks=limits.max_author_forks)
        self.levels: dict[EventId, Level] = {}
        """Of the events that count."""
        self.tally = 0
        """Their ids, added without carry: tells whether the same events count as did when it was kept."""
        self.version = 0
        """Grows with each change of what counts."""
        self._about: defaultdict[EventId, dict[EventId, Said]] = defaultdict(dict)
        """Edits, deletions, reactions and pins by message; void ones as well."""
        self.digests: tuple[int, dict[int, bytes]] = -1, {}
        """What `compare` said of them, by horizon, and as of which version."""
        self._window: tuple[int, Window] | None = None
        self._kept_count = 0
        self._stir = Stir()

    # ---- what is held

    def get(self, event: EventId) -> Said | None:
        """Held, be it void."""
        return self.logs.held.get(event)

    def counts(self, event: EventId) -> bool:
        return event in self.levels

    def about(self, message: EventId) -> Iterator[tuple[Said, Level]]:
        """What counts of all that is said about a message."""
        for said in self._about.get(message, {}).values():
            if said.id in self.levels:
                yield said, self.levels[said.id]

    def counting(self) -> list[Said]:
        """Everything that counts, in no order."""
        held = self.logs.held
        return [held[event] for event in self.levels]

    def weighed(self) -> list[tuple[Said, Level]]:
        """The same, each with its level."""
        held = self.logs.held
        return [(held[event], level) for event, level in self.levels.items()]

    def settings(self) -> list[Said]:
        """Those that count, in the order of all."""
        return sorted((said for said in self.counting() if said.kind is Kind.SETTING), key=place_of)

    @property
    def window(self) -> Window:
        """What every member keeps who holds what we hold."""
        if self._window is None or self._window[0] != self.version:
            self._window = self.version, window_of(self.counting(), self.limits)
        return self._window[1]

    @property
    def last_window(self) -> Window | None:
        """As it was when somebody last asked, as whoever compares does: a cheap guess at that of today."""
        return self._window[1] if self._window is not None else None

    @property
    def void_count(self) -> int:
        return len(self.logs.held) - len(self.levels)

    def is_taken_back(self, said: Said) -> bool:
        """Whether a deletion that counts is about these words."""
        deletes = self._about.get(said.anchor[1], {}).values()
        return any(
            one.kind is Kind.DELETE and one.id in self.levels and takes_back(one, said, self.levels[one.id])
            for one in deletes
        )

    def lacks_words(self, said: Said) -> bool:
        """Whether somebody may still have the words that are missing here."""
        return said.body is None and not self.is_taken_back(said)

    # ---- putting

    def put(self, said: Said) -> bool:
        """Hold a verified event that contradicts nothing; whether it counts."""
        return self.hold(said, self.rules.level_of(said))

    def hold(self, said: Said, level: Level) -> bool:
        """The same for one that was weighed."""
        self.logs.put(said)
        self._keep(said)
        if said.anchor != said.place:
            self._about[said.anchor[1]][said.id] = said
        self._weigh(said.id, level)
        self._touch(said)
        self._strip_about(said)
        return level is not Level.NOBODY

    def _weigh(self, event: EventId, level: Level) -> None:
        """It counts with this level from now on, or no more."""
        if (event in self.levels) is (level is Level.NOBODY):
            self.tally ^= int.from_bytes(event, "big")
        if level is Level.NOBODY:
            self.levels.pop(event, None)
        else:
            self.levels[event] = level

    def put_words(self, said: Said) -> bool:
        """The words of an event that is held without them came; whether they were wanted."""
        held = self.logs.held[said.id]
        if held.body is not None or said.body is None or self.is_taken_back(held):
            return False
        self.put(with_words(held, said))
        return True

    def cut(self, fork: Fork) -> None:
        """Keep a fork, and nothing of what has fallen by it but the proof."""
        before = self._proofs_of(fork.log.author)
        for said in self.logs.cut(fork):
            self._forget(said)
        after = self._proofs_of(fork.log.author)
        for event in before.keys() - after.keys() - self.logs.held.keys():
            self._purge(event)
        for event, said in after.items():
            if event not in self.logs.held:
                self._keep(said)
        self.version += 1

    def _proofs_of(self, author: bytes) -> dict[EventId, Said]:
        forks = (fork for log, fork in self.logs.forks.items() if log.author == author)
        return {said.id: said for fork in forks for said in fork.proof}

    # ---- weighing again

    def weigh_again(self, rules: Rules) -> None:
        """The control log has changed: void events may count now, and others no more."""
        self.rules = rules
        for said in self.logs.held.values():
            level = rules.level_of(said)
            if level is self.levels.get(said.id, Level.NOBODY):
                continue
            self._weigh(said.id, level)
            self._touch(said)
        for message in [each for each, about in self._about.items() if any(map(_is_delete, about.values()))]:
            self._strip_words(message)

    # ---- letting go

    def settle(self, is_spared: Callable[[Said], bool]) -> None:
        """Let go of what is beyond limbo and window. `is_spared`: messages that are kept beyond it."""
        if self.void_count > self.limits.max_void:
            void = [said for said in self.logs.held.values() if said.id not in self.levels]
            for said in sorted(void, key=place_of)[: -self.limits.max_void or None]:
                self._let_go(said)
        if len(self.levels) > self._kept_count + self.limits.slack:
            self._truncate(is_spared)

    def _truncate(self, is_spared: Callable[[Said], bool]) -> None:
        window = self.window
        beyond = [said for said in self.counting() if said.id not in window.kept]
        texts = sorted((said for said in beyond if said.kind is Kind.TEXT and is_spared(said)), key=place_of)
        spared = {said.id for said in texts[-self.limits.max_spared :]}
        for said in beyond:
            if said.anchor[1] not in spared:
                self._let_go(said)
        self._kept_count = len(self.levels)

    @property
    def bare_proofs(self) -> tuple[EventId, ...]:
        """Lower halves of proofs that are no messages here, though the place below the cut is free."""
        lower = (fork.proof[0] for fork in self.logs.forks.values() if fork.proof[0].seq < fork.seq)
        return tuple(sorted(proof.id for proof in lower if proof.id not in self.logs.held))

    def let_go_of_proofs(self, bare: Iterable[EventId]) -> None:
        """After a restart: these were kept as proof of a fork alone, and lie on the disk without their words."""
        for held in [held for event in bare if (held := self.get(event)) is not None and held.body is None]:
            self._let_go(held)

    def _let_go(self, said: Said) -> None:
        self.logs.remove(said)
        self._forget(said)

    def _forget(self, said: Said) -> None:
        """All but what `logs` knows of it."""
        self._weigh(said.id, Level.NOBODY)
        if said.anchor != said.place:
            about = self._about[said.anchor[1]]
            about.pop(said.id, None)
            if not about:
                del self._about[said.anchor[1]]
        self._purge(said.id)
        fork = self.logs.forks.get(said.log)
        for proof in fork.proof if fork is not None else ():
            if proof.id == said.id:
                self._keep(proof)
        self._touch(said)

    def _keep(self, said: Said) -> None:
        self._stir.events[said.id] = said.encoded
        self._stir.purged.discard(said.id)

    def _purge(self, event: EventId) -> None:
        self._stir.events.pop(event, None)
        self._stir.purged.add(event)

    # ---- words that are taken back

    def _strip_about(self, said: Said) -> None:
        if said.kind is Kind.DELETE:
            self._strip_words(said.anchor[1])
        elif said.kind in _WORDS and said.body is not None and self.is_taken_back(said):
            self._strip(said)

    def _strip_words(self, message: EventId) -> None:
        held = self.logs.held.get(message)
        words = [*self._about[message].values(), *([held] if held is not None else [])]
        for said in words:
            if said.kind in _WORDS and said.body is not None and self.is_taken_back(said):
                self._strip(said)

    def _strip(self, said: Said) -> None:
        bare = stripped(said)
        self.logs.put(bare)
        if said.anchor != said.place:
            self._about[said.anchor[1]][said.id] = bare
        self._stir.events[said.id] = bare.encoded
        self._touch(bare)

    # ---- what has changed

    def _touch(self, said: Said) -> None:
        self.version += 1
        self._stir.messages.add(said.anchor[1])
        self._stir.has_settings |= said.kind is Kind.SETTING

    @property
    def is_stirred(self) -> bool:
        """Whether anything has changed since."""
        return bool(self._stir.messages or self._stir.events or self._stir.purged)

    def take_stir(self) -> Stir:
        """What has changed since it was last taken."""
        taken, self._stir = self._stir, Stir()
        return taken


def _is_delete(said: Said) -> bool:
    return said.kind is Kind.DELETE
