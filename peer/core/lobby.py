"""Who is let out of the lobby of a room, and who is shown the door (docs/protocol.md, Lobby).

Every link whose other end is proven has an entry here, from the handshake to its end. In a private room it begins in
the lobby: both sides bring their control logs level, and a newcomer presents its invite. It leaves the lobby when both
ends are members by all that we know, and it is cut the moment that its other end is one no more. What is learned on one
link is told on all others at once. Whoever holds the room's secret may wait here, so what one can grow is bounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import assert_never

from ..config import Config
from ..errors import Flooded, RemoteError
from ..ids import MemberId
from ..wire.frames import ControlDigest, ControlEvents, ControlFrame, ControlMore, ControlSummary, Knock
from .entry import Cut, Entry, Greet, Order, Tell, entry_of
from .exchange import Exchange
from .machine import LinkId, earliest
from .membership import Membership, pack
from .rounds import Rounds

__all__ = ["Cut", "Greet", "Lobby", "Order", "Tell"]

_SUMMARY_COST = 8
"""In frames: each summary may have to be answered with the whole log."""


def _cost_of(frame: ControlFrame, entry: Entry) -> int:
    """In frames: what goes on with an answer was paid for with the question."""
    if isinstance(frame, ControlMore) and entry.exchange.is_answering:
        return 0
    return _SUMMARY_COST if isinstance(frame, ControlSummary) else 1


class Lobby:
    """The proven links of one private room. `orders` is to be asked after each call; `now` is monotonic seconds."""

    def __init__(self, membership: Membership, *, our_name: str, config: Config, wall_ms: Callable[[], int]) -> None:
        self._membership = membership
        self._our_name = our_name
        self._config = config
        self._wall_ms = wall_ms
        self._entries: dict[LinkId, Entry] = {}
        self._orders: list[Order] = []
        self._was_member = membership.are_we_in
        self._rounds = Rounds(every_s=config.compare_every_s, draw=membership.draw)
        self._version_left = -1
        """Of the membership, when we last asked for what was left over."""
        self.version = 0
        """Grows when somebody who waits has said its name."""

    def orders(self) -> list[Order]:
        taken, self._orders = self._orders, []
        return taken

    # ---- what is known here

    @property
    def is_settled(self) -> bool:
        """No link is still bringing its logs level."""
        return all(entry.exchange.is_settled for entry in self._entries.values())

    @property
    def has_heard_a_member(self) -> bool:
        """Somebody who is a member by what we know told us all that it knows."""
        return any(self._is_heard_member(entry) for entry in self._entries.values())

    def remotes(self) -> set[MemberId]:
        """Who is at the other end of some link."""
        return {entry.remote for entry in self._entries.values() if not entry.is_cut}

    def names(self) -> dict[MemberId, str]:
        """What those who wait call themselves, as it came."""
        return {entry.remote: entry.name for entry in self._entries.values() if entry.name}

    # ---- links

    def knows(self, link: LinkId) -> bool:
        """Whether it has entered, and not left."""
        return link in self._entries

    def enter(self, link: LinkId, remote: MemberId, *, now: float) -> None:
        """The handshake of a link is done."""
        config = self._config
        exchange = Exchange(self._membership, window=config.answer_window, max_waiting=config.max_answer_frames)
        entry = self._entries[link] = entry_of(link, remote, exchange, config=config, now=now)
        self._tell(entry, *entry.exchange.begin())
        self._keep_bound(entry)
        self.review(now=now)

    def leave(self, link: LinkId) -> None:
        """The link ended; one that is not known here is passed over."""
        self._entries.pop(link, None)

    def receive(self, link: LinkId, frame: ControlFrame, *, now: float) -> None:
        """A control frame came; one that breaks the rules ends its link."""
        entry = self._entries.get(link)
        if entry is None or entry.is_cut:
            return
        try:
            self._hear(entry, frame, now=now)
        except Flooded:
            self._cut(entry, "flooded", is_flood=True)
        except RemoteError as error:
            self._cut(entry, type(error).__name__)
        self.review(now=now)

    def _hear(self, entry: Entry, frame: ControlFrame, *, now: float) -> None:
        if not entry.frames.spend(_cost_of(frame, entry), now=now):
            raise Flooded("control frames faster than any member has need of")
        match frame:
            case ControlDigest():
                self._tell(entry, *entry.exchange.receive_digest(frame))
            case ControlSummary():
                self._answer(entry, frame, now=now)
            case ControlMore():
                self._tell(entry, *entry.exchange.receive_more())
            case ControlEvents():
                self._take_in(entry, frame, now=now)
            case Knock(name=name):
                self._learn_name(entry, name)
            case _:  # pragma: no cover - the type checker proves that none is left
                assert_never(frame)

    def _learn_name(self, entry: Entry, name: str) -> None:
        """Once: whoever waits cannot make itself heard again by another name."""
        if not entry.name:
            entry.name = name
            self.version += 1

    def _take_in(self, entry: Entry, frame: ControlEvents, *, now: float) -> None:
        if not entry.events.spend(len(frame.events), now=now):
            raise Flooded("control events faster than any room has them")
        if frame.genesis:
            self._membership.learn(frame.genesis)
        taken = self._membership.take_in(
            frame.events, relay=entry.remote, now_ms=self._wall_ms(), may_join=not entry.has_joined
        )
        entry.has_joined |= taken.has_joined
        entry.has_left_over |= taken.has_left_over
        self._tell(entry, *entry.exchange.receive_events(is_last=frame.is_last, has_left_over=entry.has_left_over))
        if (taken.has_gaps or not self._membership.genesis) and not frame.is_last:
            self._tell(entry, *entry.exchange.ask())
        self._tell_all(taken.new, but=entry)

    def _answer(self, entry: Entry, question: ControlSummary, *, now: float) -> None:
        """Who is in the lobby may ask for everything, but not again and again."""
        is_full = bool(self._membership.genesis) and not question.knows_genesis and not entry.is_greeted
        if not is_full or entry.full_answers.spend(now=now):
            self._tell(entry, *entry.exchange.receive_summary(question))

    def compare_with(self, member: MemberId) -> None:
        """It has told us of something that we cannot judge by what we know."""
        for entry in self._entries.values():
            if entry.remote == member:
                self._tell(entry, *entry.exchange.begin())

    # ---- what we say

    def publish(self, events: Iterable[bytes], *, now: float) -> None:
        """Control events of our own, which the membership has taken in: tell everybody."""
        self._tell_all(list(events))
        self.review(now=now)

    def _tell_all(self, events: list[bytes], *, but: Entry | None = None) -> None:
        frames = [ControlEvents(b"", tuple(batch), False) for batch in pack(events)]
        for entry in self._entries.values():
            if entry is not but:
                self._tell(entry, *frames)

    def _tell(self, entry: Entry, *frames: ControlFrame) -> None:
        if not entry.is_cut:
            self._orders += [Tell(entry.link, frame) for frame in frames]

    # ---- decisions

    def review(self, *, now: float) -> None:
        """Look at every link again: what is known may have changed."""
        self._maybe_join()
        for entry in list(self._entries.values()):
            self._judge(entry, now=now)
            self._maybe_ask_again(entry)
        if self._membership.are_we_in and not self._was_member:
            for entry in self._entries.values():  # who waited with us may come in as well
                entry.since = now
        self._was_member = self._membership.are_we_in

    def _judge(self, entry: Entry, *, now: float) -> None:
        membership = self._membership
        if membership.is_barred(entry.remote) or (entry.is_greeted and not membership.is_member(entry.remote)):
            self._cut(entry, "removed", is_removal=True)
        elif not entry.is_greeted and entry.exchange.is_settled and membership.admits(entry.remote):
            entry.is_greeted = True
            self._rounds.begin(now=now)
            self._orders.append(Greet(entry.link))
        else:
            self._maybe_knock(entry)

    def _maybe_knock(self, entry: Entry) -> None:
        """A member who may have to let us in is told who we are; nobody else is."""
        membership = self._membership
        if membership.are_we_waiting and not entry.has_our_name and membership.is_member(entry.remote):
            entry.has_our_name = True
            self._tell(entry, Knock(self._our_name))

    def _maybe_ask_again(self, entry: Entry) -> None:
        """What we could not take from a stranger, or before we knew more, we may take from a member now."""
        if entry.has_left_over and entry.is_greeted and self._membership.version != self._version_left:
            entry.has_left_over = False
            self._version_left = self._membership.version
            self._tell(entry, *entry.exchange.ask())

    def _maybe_join(self) -> None:
        """Present our invite, once a member has told us what it is worth."""
        if not self.has_heard_a_member:
            return
        if event := self._membership.maybe_join(now_ms=self._wall_ms()):
            for entry in self._entries.values():
                self._maybe_knock(entry)
            self._tell_all([event])

    def _is_heard_member(self, entry: Entry) -> bool:
        return entry.exchange.is_settled and self._membership.is_member(entry.remote)

    def _cut(self, entry: Entry, reason: str, *, is_removal: bool = False, is_flood: bool = False) -> None:
        if not entry.is_cut:
            entry.is_cut = True
            self._orders.append(Cut(entry.link, reason, is_removal, is_flood))

    # ---- who may wait, and how long

    def next_deadline(self) -> float | None:
        return earliest(
            self._rounds.next_at if self._members() else None,
            *(self._ends_at(entry) for entry in self._entries.values()),
        )

    def handle_timeout(self, *, now: float) -> None:
        """Nobody waits for nothing; and now and then a member is asked whether we still hold the same."""
        if entry := self._rounds.take(self._members(), now=now):
            self._tell(entry, *entry.exchange.begin())
        for entry in list(self._entries.values()):
            ends_at = self._ends_at(entry)
            if ends_at is not None and ends_at <= now:
                self._cut(entry, "nothing to wait for")

    def _members(self) -> list[Entry]:
        return [entry for entry in self._entries.values() if entry.is_greeted and not entry.is_cut]

    def _ends_at(self, entry: Entry) -> float | None:
        return None if entry.is_greeted or entry.is_cut or self._may_wait(entry) else self._limit(entry)

    def _limit(self, entry: Entry) -> float:
        return entry.since + self._config.lobby_timeout_s

    def _may_wait(self, entry: Entry) -> bool:
        """Its join is pending, or we are newcomers ourselves."""
        return self._membership.is_waiting(entry.remote) or not self._membership.are_we_in

    def _keep_bound(self, newest: Entry) -> None:
        waiting = [entry for entry in self._entries.values() if not entry.is_greeted and not entry.is_cut]
        if len(waiting) > self._config.max_lobby_peers:
            self._cut(self._one_too_many(waiting, newest), "the lobby is full")

    def _one_too_many(self, waiting: list[Entry], newest: Entry) -> Entry:
        """The idle go, the oldest first; then the oldest of those who came by the invite that most came by."""
        invites = self._membership.invites_of_waiting()
        for entry in waiting:
            if entry is not newest and entry.remote not in invites:
                return entry
        numbers = Counter(invites[entry.remote] for entry in waiting if entry.remote in invites)
        invite, number = max(numbers.items(), key=lambda each: each[1], default=(None, 0))
        return next(entry for entry in waiting if invites.get(entry.remote) == invite) if number > 1 else newest
