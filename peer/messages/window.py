"""What is kept of all that counts in a room: a pure function of that set, so that truncating and merging commute.

    texts      the newest 1000, and pinned ones beyond. The place of the last of these is the *floor*
    edits,     those about messages at or above the floor, or pinned; the last by (anchor, place), 1024 of one author
    reactions  and 8000 in all
    deletions  the last by (anchor, place), 1000 of one author and 4000 in all, floor or not: what is deleted stays so,
               though an older message comes back
    pins       the newest 512: an unpinning is remembered as long as the pinning before it
    settings   the newest 16 of each kind

DESIGN, section 5. Each group keeps its highest of one fixed order, and of two sets the highest of the union are among
the highest of each. The one exception: who does not know of a pin yet may have let go of what it would have kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nlargest

from ..log.event import EventId
from .bodies import Kind, Pin
from .said import HIGHEST, LOWEST, Place, Said, place_of

__all__ = ["Limits", "Window", "pinned_in", "window_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What others can make us keep."""

    max_texts: int = 1000
    """The room's retention: messages that every member keeps."""
    max_about: int = 8000
    """Edits and reactions, in all."""
    max_about_of_author: int = 1024
    max_deletions: int = 4000
    max_deletions_of_author: int = 1000
    max_pins: int = 512
    """Pinnings and unpinnings; so no more messages than that are pinned."""
    max_settings: int = 16
    """Of each kind."""
    max_void: int = 512
    """Events that do not count now, and may again (the limbo)."""
    max_forks: int = 256
    max_author_forks: int = 16
    max_spared: int = 10_000
    """Messages beyond the newest that are kept because nobody has read them here, or nobody else has them."""
    slack: int = 128
    """Events beyond all this that are let go in one go."""
    max_ahead_ms: int = 120_000
    """An event that is further ahead of our clock is put off."""
    max_frame_bytes: int = 48 * 1024
    """Of one batch of events, or of one part of a summary."""

    @property
    def most_kept(self) -> int:
        """Events that a member can be told by another one who holds all that is kept."""
        settings, proofs = 2 * self.max_settings, 2 * self.max_forks
        return self.max_texts + self.max_pins + self.max_about + self.max_deletions + self.max_pins + settings + proofs


@dataclass(frozen=True, slots=True)
class Window:
    """What is kept."""

    kept: frozenset[EventId]
    floor: Place
    """The lowest place of a message that is not pinned; `LOWEST` while there are fewer than the newest."""
    pinned: frozenset[EventId]

    def spans(self, anchor: Place) -> bool:
        """Whether what is about the message at this place is kept."""
        return anchor >= self.floor or anchor[1] in self.pinned


def window_of(counting: Iterable[Said], limits: Limits) -> Window:
    """What is kept of a set of events that count."""
    groups: dict[Kind, list[Said]] = {kind: [] for kind in Kind}
    for said in counting:
        groups[said.kind].append(said)
    pins = nlargest(limits.max_pins, groups[Kind.PIN], key=place_of)
    pinned = pinned_in(pins)
    texts = sorted(groups[Kind.TEXT], key=place_of)
    beyond = max(0, len(texts) - limits.max_texts)
    floor = LOWEST if len(texts) < limits.max_texts else texts[beyond].place if limits.max_texts else HIGHEST
    spanning = Window(frozenset(), floor, pinned)
    kept = [
        *texts[beyond:],
        *(said for said in texts[:beyond] if spanning.spans(said.place)),
        *_last((each for kind in _ABOUT for each in groups[kind] if spanning.spans(each.anchor)), limits.max_about,
               of_author=limits.max_about_of_author),
        *_last(groups[Kind.DELETE], limits.max_deletions, of_author=limits.max_deletions_of_author),
        *pins,
        *_settings(groups[Kind.SETTING], limits.max_settings),
    ]  # fmt: skip
    return Window(frozenset(said.id for said in kept), floor, pinned)


def pinned_in(pins: Iterable[Said]) -> frozenset[EventId]:
    """The messages whose last pin event, by place, is a pinning."""
    last: dict[EventId, Said] = {}
    for pin in sorted(pins, key=place_of):
        last[pin.anchor[1]] = pin
    return frozenset(message for message, pin in last.items() if isinstance(pin.body, Pin) and pin.body.is_on)


_ABOUT = (Kind.EDIT, Kind.REACTION)


def _by_anchor(said: Said) -> tuple[Place, Place]:
    return said.anchor, said.place


def _last(group: Iterable[Said], limit: int, *, of_author: int) -> Iterator[Said]:
    """The last by anchor and place, within the share of each author."""
    counts: Counter[bytes] = Counter()
    taken = 0
    for said in sorted(group, key=_by_anchor, reverse=True):
        counts[said.author] += 1
        if counts[said.author] <= of_author:
            taken += 1
            if taken > limit:
                return
            yield said


def _settings(group: Iterable[Said], limit: int) -> Iterator[Said]:
    counts: Counter[type] = Counter()
    for said in sorted(group, key=place_of, reverse=True):
        counts[type(said.body)] += 1
        if counts[type(said.body)] <= limit:
            yield said
