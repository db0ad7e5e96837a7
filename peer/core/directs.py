"""The direct rooms of a peer: one with each other person, whoever opens it (docs/protocol.md, part 3, Two alone).

Which room it is follows from both keys; what opens it is a secret that one of them draws. It is told over any link that
both share, as a register: of two that were drawn at the same time the smaller counts, on both sides. A room is *agreed*
once we have heard the other's word, and nobody goes looking for the other before that: there would be nobody to find.

Whoever shares a room with us can open one, so what others can make us do is bounded: rooms that we have never said
anything in, how fast strangers open them, and how often somebody we know makes us enter or move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from ..config import Config
from ..ids import MemberId
from ..wire.aside_frames import DirectGate
from .pace import Pace

__all__ = ["Direct", "Directs", "Enter", "Keep", "Order", "Tell"]

_SECRET_BYTES = 16


@dataclass(slots=True)
class Direct:
    """How we stand with one other."""

    secret: bytes = field(repr=False)
    is_agreed: bool = False
    """The other has told us its secret, and knows ours, or will before it hears anything else."""
    is_unanswered: bool = False
    """The other opened it, and we have said nothing in it."""
    pace: Pace | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Tell:
    """Say this to the other, wherever it is linked."""

    member: MemberId
    frame: DirectGate


@dataclass(frozen=True, slots=True)
class Keep:
    """It stands otherwise now."""

    member: MemberId


@dataclass(frozen=True, slots=True)
class Enter:
    """Be in the room, by its present secret; `is_theirs` if it was the other's wish."""

    member: MemberId
    is_theirs: bool


Order: TypeAlias = Tell | Keep | Enter


class Directs:
    """Of one peer. `orders` after each call; `now` is monotonic seconds."""

    def __init__(self, config: Config, *, random_bytes: Callable[[int], bytes], now: float) -> None:
        self._config = config
        self._random_bytes = random_bytes
        self._strangers = self._new_pace(now)
        self._known: dict[MemberId, Direct] = {}
        self._orders: list[Order] = []

    def orders(self) -> list[Order]:
        taken, self._orders = self._orders, []
        return taken

    def restore(self, kept: Iterable[tuple[MemberId, Direct]]) -> None:
        """What was kept in an earlier run."""
        self._known.update(kept)

    def get(self, member: MemberId) -> Direct | None:
        return self._known.get(member)

    # ---- what we want

    def start(self, member: MemberId) -> None:
        """We have something to say to somebody, who may be away."""
        direct = self._known.get(member)
        if direct is None:
            self._known[member] = Direct(self._random_bytes(_SECRET_BYTES))
            self._orders.append(Keep(member))
        else:
            self.answer(member)
        self._tell(member)
        self._orders.append(Enter(member, is_theirs=False))

    def answer(self, member: MemberId) -> None:
        """We have said something in it, or mean to."""
        direct = self._known.get(member)
        if direct is not None and direct.is_unanswered:
            direct.is_unanswered = False
            self._orders.append(Keep(member))

    def forget(self, member: MemberId) -> None:
        """The room is not kept any more."""
        self._known.pop(member, None)

    # ---- what comes

    def meet(self, member: MemberId, *, is_open: bool) -> None:
        """A link to somebody was made, in any room: it hears of what waits for it."""
        direct = self._known.get(member)
        if direct is not None and (is_open or not direct.is_agreed):
            self._tell(member)

    def hear(self, member: MemberId, frame: DirectGate, *, is_open: bool, is_public: bool, now: float) -> None:
        """Somebody says what opens our room; `is_public` is the room in which it does."""
        direct = self._known.get(member)
        if direct is not None:
            is_heard = self._merge(member, direct, frame, is_open=is_open, now=now)
        else:
            is_heard = not frame.is_answer and self._open(member, frame, is_public=is_public, now=now)
        if is_heard and not frame.is_answer:
            self._tell(member, is_answer=True)

    def _open(self, member: MemberId, frame: DirectGate, *, is_public: bool, now: float) -> bool:
        """Somebody of whom we knew nothing has something to say to us; whether we want to hear it."""
        if is_public and not self._config.direct_from_public:
            return False
        unanswered = sum(direct.is_unanswered for direct in self._known.values())
        if unanswered >= self._config.max_unanswered_directs or not self._strangers.spend(now=now):
            return False
        self._known[member] = Direct(frame.secret, is_agreed=True, is_unanswered=True)
        self._orders += [Keep(member), Enter(member, is_theirs=True)]
        return True

    def _merge(self, member: MemberId, direct: Direct, frame: DirectGate, *, is_open: bool, now: float) -> bool:
        """Whether we go along with it: somebody we know may not make us enter or move at any rate."""
        is_move = direct.is_agreed and frame.secret < direct.secret
        is_call = not is_open and not frame.is_answer
        if (is_move or is_call) and not self._pace_of(direct, now).spend(now=now):
            return False
        is_waited_for = is_open or is_call or not direct.is_agreed
        if frame.secret < direct.secret or not direct.is_agreed:
            direct.secret, direct.is_agreed = min(frame.secret, direct.secret), True
            self._orders.append(Keep(member))
        if is_waited_for:
            self._orders.append(Enter(member, is_theirs=is_call))
        if frame.is_answer and frame.secret > direct.secret:
            self._tell(member)
        return True

    def _tell(self, member: MemberId, *, is_answer: bool = False) -> None:
        self._orders.append(Tell(member, DirectGate(self._known[member].secret, is_answer)))

    def _pace_of(self, direct: Direct, now: float) -> Pace:
        direct.pace = direct.pace or self._new_pace(now)
        return direct.pace

    def _new_pace(self, now: float) -> Pace:
        return Pace(burst=self._config.direct_burst, per_s=self._config.direct_per_s, now=now)
