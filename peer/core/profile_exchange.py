"""The members of a room tell each other what they call themselves, and what others do who are away.

On link-up both sides say a digest; whoever gets one that is not its own answers with what it holds where they differ,
and with its own digest. The same 0.3 s after something came, to two members by chance, and at long intervals to one. A
change of ours is told to all at once. What comes faster than anybody needs is passed over, and found by comparing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..config import Config
from ..ids import MemberId
from ..log.record import LogChanges
from ..messages.profiles import Profiles
from ..wire.message_frames import MAX_PROFILES, ProfileDigest, ProfileFrame
from ..wire.message_frames import Profiles as ProfilesFrame
from .history_outputs import Save
from .machine import earliest
from .pace import Pace
from .rounds import Rounds

__all__ = ["ProfileExchange"]

_TOLD_OF_NEWS = 2


@dataclass(slots=True)
class _Link:
    frames: Pace
    told_version: int = -1
    """Of what we held when we last said our digest."""


@dataclass(slots=True)
class ProfileExchange:
    """Of one room. `take_told` and `take_saves` after each call; `now` is monotonic seconds."""

    profiles: Profiles
    config: Config
    wall_ms: Callable[[], int]
    draw: Callable[[int], int]
    is_member: Callable[[MemberId], bool]
    _links: dict[MemberId, _Link] = field(default_factory=dict)
    _rounds: Rounds = field(init=False)
    _announce_at: float | None = field(default=None, init=False)
    _told: list[tuple[MemberId, ProfileFrame]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._rounds = Rounds(every_s=self.config.compare_every_s, draw=self.draw)

    # ---- links

    def link_up(self, member: MemberId, *, now: float) -> None:
        """A member is linked; nobody else hears anything."""
        config = self.config
        self._links[member] = _Link(Pace(burst=config.profile_frames_burst, per_s=config.profile_frames_per_s, now=now))
        self._rounds.begin(now=now)
        self._compare(member)

    def link_down(self, member: MemberId) -> None:
        """The last link to a member ended."""
        self._links.pop(member, None)

    def receive(self, member: MemberId, frame: ProfileFrame, *, now: float) -> None:
        """A frame of a member that is linked; raise MalformedFrame: end that link without a word."""
        link = self._links.get(member)
        if link is None or not self.is_member(member) or not link.frames.spend(1, now=now):
            return
        if isinstance(frame, ProfileDigest):
            self._answer(member, link, frame.digest)
        else:
            self._take_in(link, frame, now=now)

    def _answer(self, member: MemberId, link: _Link, theirs: bytes) -> None:
        if theirs == self.profiles.digest():
            return
        others = list(self.profiles.where_other(theirs))
        for start in range(0, len(others), MAX_PROFILES):
            self._told.append((member, ProfilesFrame(tuple(others[start : start + MAX_PROFILES]))))
        if link.told_version != self.profiles.version:
            self._compare(member)

    def _take_in(self, link: _Link, frame: ProfilesFrame, *, now: float) -> None:
        now_ms, was_level = self.wall_ms(), link.told_version == self.profiles.version
        is_news = [self.profiles.take(encoded, now_ms=now_ms) for encoded in frame.profiles]
        if any(is_news) and self._announce_at is None:
            self._announce_at = now + self.config.announce_after_s
        if was_level:
            link.told_version = self.profiles.version  # nothing of this is news to who told us

    def _compare(self, member: MemberId) -> None:
        if self.is_member(member):
            self._links[member].told_version = self.profiles.version
            self._told.append((member, ProfileDigest(self.profiles.digest())))

    # ---- time

    def next_deadline(self) -> float | None:
        return earliest(self._rounds.next_at, self._announce_at)

    def handle_timeout(self, *, now: float) -> None:
        """Say what has come lately, and compare."""
        chosen = self._rounds.take(sorted(self._links), now=now)
        if chosen is not None:
            self._compare(chosen)
        if self._announce_at is not None and now >= self._announce_at:
            self._announce_at = None
            self._announce()

    def _announce(self) -> None:
        others = [each for each in sorted(self._links) if self._links[each].told_version != self.profiles.version]
        for _ in range(min(_TOLD_OF_NEWS, len(others))):
            self._compare(others.pop(self.draw(len(others))))

    # ---- what follows

    def take_told(self) -> list[tuple[MemberId, ProfileFrame]]:
        """Whom to tell what, in this order."""
        taken, self._told = self._told, []
        return taken

    def take_saves(self) -> list[Save]:
        """What is to be kept, if there is anything."""
        rows = self.profiles.take_stir()
        return [Save(LogChanges(registers=rows))] if rows else []
