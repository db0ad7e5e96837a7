"""Who lives in a world and by which rules, drawn from its seed: rooms of any kind, of four to eight members."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from peer.ids import RoomId
from peer.log.control import Level
from peer.log.genesis import Genesis, encode_genesis, room_id_of
from peer.messages.window import Limits

from ..support.keys import identity

__all__ = ["ALL", "LIMITS", "NONE", "SINCE_JOIN", "Cast"]

ALL: Literal[0] = 0
SINCE_JOIN: Literal[1] = 1
NONE: Literal[2] = 2
"""What a newcomer is told of what was said before."""

LIMITS = Limits(max_texts=12, max_about=40, max_about_of_author=24, max_deletions=24, max_deletions_of_author=16,
                max_pins=16, max_settings=4, max_void=64, max_forks=6, max_author_forks=3, max_spared=60, slack=4,
                max_frame_bytes=2048)  # fmt: skip
_ROLES = {"bob": Level.ADMIN, "cyd": Level.MODERATOR, "dan": Level.MEMBER, "eve": Level.MEMBER, "fay": Level.MODERATOR}
_HOSTILE = ("mallory", "mort")


@dataclass(frozen=True)
class Cast:
    """Ann owns the room, if anybody does. The last ones of the hostile keep to no rule."""

    levels: dict[str, Level]
    """Of the others, as ann admits them in the beginning; nobody for those whom she does not."""
    hostile: tuple[str, ...]
    is_public: bool
    history: Literal[0, 1, 2]
    steps: int
    is_forgetful: bool
    """Whether a disk may be set back without anybody noticing."""

    @classmethod
    def drawn(cls, chance: Random) -> Cast:
        is_public = chance.random() < 0.2
        history: Literal[0, 1, 2] = ALL if is_public or chance.random() < 0.65 else chance.choice((SINCE_JOIN, NONE))
        hostile = _HOSTILE[: chance.choice((1, 1, 1, 2))]
        honest = list(_ROLES)[: chance.choice((2, 3, 3, 4, 5))]
        levels = {name: _ROLES[name] for name in honest} | dict.fromkeys(hostile, Level.MEMBER)
        late = {honest[-1]: Level.NOBODY} if history != ALL or chance.random() < 0.2 else {}
        is_forgetful = chance.random() < 0.15
        return cls({**levels, **late}, hostile, is_public, history, chance.choice((30, 50, 70)), is_forgetful)

    @property
    def names(self) -> tuple[str, ...]:
        return ("ann", *self.levels)

    @property
    def limits(self) -> Limits:
        """Who is told nothing of old messages knows nothing of their pins, which count all the same."""
        return LIMITS if self.history == ALL else replace(LIMITS, max_pins=200)

    def found(self, salt: bytes) -> tuple[RoomId, bytes]:
        """The room's id and genesis."""
        owner = identity("ann").public_key
        genesis = Genesis(1, (owner,), join_policy=0, history=self.history, retention=1000, salt=salt)
        encoded = encode_genesis(genesis)
        return room_id_of(encoded), encoded

    def __str__(self) -> str:
        policy = ("all", "since_join", "none")[self.history]
        kind = "public" if self.is_public else f"private, history {policy}"
        who = ", ".join(f"{name} {level.name.lower()}" for name, level in self.levels.items())
        return f"{kind}; ann, {who}; {self.steps} steps{'; forgetful disks' if self.is_forgetful else ''}"
