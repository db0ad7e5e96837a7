"""What must always hold in a room (DESIGN, section 7), asked at each step and in the end."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from peer.log.control import Level
from peer.messages.bodies import Body, Edit, Kind, Text
from peer.messages.compare import digest_of
from peer.messages.holdings import Holdings
from peer.messages.journal import Journal
from peer.messages.rules import PrivateRules
from peer.messages.said import Said
from peer.messages.view import View, view_of
from peer.messages.window import window_of
from peer.wire.message_frames import MessageEvents

from ..properties.naive_authority import Naive
from ..support.keys import Chance, identity
from .node import LIMITS, Node
from .oracle import Expected, Words, cuts_of

if TYPE_CHECKING:
    from .world import World

__all__ = ["Broken", "Checks"]

MOST_HELD = 300
"""More than all bounds of `LIMITS` together allow."""


class Broken(AssertionError):
    """An invariant does not hold."""


class Checks:
    """Of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.signed: dict[bytes, bytes] = {}
        """Ids of all events that were really signed, and their signatures."""
        self.words: dict[str, bytes] = {}
        """Who said what; nobody says the same twice."""
        self.places: dict[tuple[bytes, bytes, int], bytes] = {}
        """Where honest members have put which event."""
        self.union: set[bytes] = set()

    def fail(self, why: str) -> None:
        raise Broken(f"seed {self.world.seed} at {self.world.network.now:.2f} s: {why}")

    def that(self, is_so: bool, why: str) -> None:
        if not is_so:
            self.fail(why)

    # ---- on the way

    def see_words(self, body: Body, author: bytes) -> None:
        if isinstance(body, Text | Edit):
            self.words[body.text] = author

    def see_signed(self, said: Said) -> None:
        if said.body is not None:
            self.see_words(said.body, said.author)
        self.signed[said.id] = said.event.signature

    def see_frame(self, source: str, frame: Any) -> None:
        """What an honest process tells is signed by its author, and its own numbers are given once."""
        if not isinstance(frame, MessageEvents):
            return
        for data in frame.events:
            _, signature, _ = msgspec.msgpack.decode(data)
            words = Words.read(data, self.world.room[0])
            if words.author == identity(source).public_key and not words.incarnation.startswith(b"mal "):
                self.see_own(words, signature)
            self.that(
                self.signed.get(words.id) == signature, f"{source} passes on what nobody signed: {words.id.hex()[:8]}"
            )

    def see_own(self, words: Words, signature: bytes) -> None:
        place = (*words.log, words.seq)
        self.that(
            self.places.setdefault(place, words.id) == words.id, f"a number of {words.author.hex()[:8]} was given twice"
        )
        self.signed.setdefault(words.id, signature)

    # ---- at each step

    def look_at_all(self) -> None:
        for node in self.world.nodes.values():
            if node.is_up:
                self.look_at(node)

    def look_at(self, node: Node) -> None:
        journal = node.history.journal
        holdings = journal.holdings
        self.that(not node.trouble, "; ".join(node.trouble))
        views, settings = view_of(holdings.weighed())
        self.that(views == journal.projection.views, f"{node.name} does not see what follows from what it holds")
        strange = [view.text for view in views.values() if not view.is_deleted and self.words[view.text] != view.author]
        self.that(not strange, f"{node.name} sees words under another's name: {strange}")
        self.that(settings == journal.projection.settings, f"{node.name} has other settings than follow")
        self.that(set(journal.progress.unread) == self.unread_of(node), f"{node.name} counts other messages as unread")
        self.that(len(holdings.logs.held) <= MOST_HELD, f"{node.name} holds {len(holdings.logs.held)} events")
        self.that(holdings.void_count <= LIMITS.max_void, f"{node.name} has {holdings.void_count} void events")
        self.that(len(holdings.logs.forks) <= LIMITS.max_forks, f"{node.name} holds too many forks")
        self.that(node.on_screen | node.to_come == set(views), f"the screen of {node.name} shows something else")
        self.look_at_disk(node)
        self.look_at_logs(node)

    def unread_of(self, node: Node) -> set[bytes]:
        progress = node.history.journal.progress
        read = {entry.key: entry.read for entry in progress.ours.entries()}

        def is_unread(view: View) -> bool:
            is_new = view.seq > read.get(view.author + view.incarnation, 0) and view.hlc >= progress.begin_hlc
            return view.author != node.identity.public_key and not view.is_deleted and is_new

        return {view.id for view in node.history.page(limit=10**6) if is_unread(view)}

    def look_at_disk(self, node: Node) -> None:
        """The same as in memory, and nothing that nobody signed."""
        logs, room_id = node.history.journal.holdings.logs, self.world.room[0]
        proofs = {said.id: said.encoded for fork in logs.forks.values() for said in fork.proof}
        held = {**proofs, **{said.id: said.encoded for said in logs.held.values()}}
        self.that(node.disk.events == held, f"the disk of {node.name} holds something else than its memory")
        self.that(
            set(node.disk.shown) == node.on_screen | node.to_come, f"the disk of {node.name} shows something else"
        )
        for data in node.disk.events.values():
            header, signature, _ = msgspec.msgpack.decode(data)
            event = hashlib.sha256(b"speaktube v1 event id\0" + room_id + header).digest()
            self.that(self.signed.get(event) == signature, f"{node.name} keeps what nobody signed")

    def look_at_logs(self, node: Node) -> None:
        """Clocks rise within each log, and an answer comes after what it is about."""
        holdings = node.history.journal.holdings
        for log in {said.log for said in holdings.logs.held.values()}:
            hlcs = [said.hlc for said in holdings.logs.of_log(log)]
            self.that(hlcs == sorted(set(hlcs)), f"a clock stands still at {node.name}")

    # ---- in the end

    def remember_union(self) -> None:
        """Of those who are members: whoever is none is asked for nothing."""
        for node in self.members():
            self.union |= set(node.disk.events.values())
        self.forks_before = [self.forks_of(node) for node in self.members()]
        self.sets = {node.name: node.history.journal.holdings.counting() for node in self.world.nodes.values()}

    def members(self) -> list[Node]:
        return [node for node in self.world.nodes.values() if node.is_in(node.name)]

    def are_level(self) -> bool:
        return len({digest_of(node.history.journal.holdings, 0) for node in self.members()}) == 1

    def forks_of(self, node: Node) -> dict[tuple[bytes, bytes], int]:
        forks = node.history.journal.holdings.logs.forks
        return {(log.author, log.incarnation): fork.seq for log, fork in forks.items()}

    def judge(self) -> None:
        ann = self.world.nodes["ann"]
        naive = Naive([identity("ann").public_key], True, ann.control.export(), self.world.room[0])
        expected = Expected(self.union, naive, self.world.room[0], self.forks_of(ann))
        for node in self.members():
            self.judge_node(node, expected)
        self.that(self.are_level(), "the members' digests differ in the end")
        self.judge_order(ann)
        self.judge_merging()

    def judge_node(self, node: Node, expected: Expected) -> None:
        holdings = node.history.journal.holdings
        found = cuts_of(node.disk.events.values(), self.world.room[0])
        self.that(self.forks_of(node) == found, f"{node.name} holds a contradiction that it does not see")
        self.that(found == expected.cuts, f"{node.name} knows other forks: {found} and not {expected.cuts}")
        kept: set[bytes] = set(holdings.window.kept)
        lacking, beyond = expected.kept - kept, kept - expected.kept
        if all(forks == expected.cuts for forks in self.forks_before):  # else a floor may have dropped too late
            self.that(not lacking, f"{node.name} lacks {self._names(expected, lacking)}")
            self.that(not beyond, f"{node.name} keeps {self._names(expected, beyond)} beyond")
        expected.keep(kept)
        views, _ = view_of(self._kept(holdings))
        seen = [self._look(view) for view in sorted(views.values(), key=lambda view: view.place)]
        wanted = expected.seen()
        self.that(
            seen == wanted,
            f"{node.name} sees {[s for s in seen if s not in wanted]} and not {[w for w in wanted if w not in seen]}",
        )
        self.judge_words(node, expected)

    def judge_words(self, node: Node, expected: Expected) -> None:
        """What is deleted is gone from the disk; what is shown under a name that name has signed."""
        rows = b"".join(node.disk.events.values()) + repr(node.disk.shown).encode()
        for said in expected.all:
            is_gone = said.kind == 1 and said.id in expected.kept and expected.is_deleted(said)
            if is_gone and said.body:
                self.that(said.body[0].encode() not in rows, f"{said.body[0]!r} is still on the disk of {node.name}")

    def _look(self, view: View) -> tuple[Any, ...]:
        given = {(member, each.emoji, each.is_custom) for each in view.given for member in each.members}
        return view.id, view.author, None if view.is_deleted else view.text, given, view.is_pinned

    def _names(self, expected: Expected, ids: set[bytes]) -> list[str]:
        return [
            f"{said.body} of {self.world.nodes['ann'].name_of(said.author)} at {said.seq}"
            for said in expected.all
            if said.id in ids
        ]

    def judge_order(self, node: Node) -> None:
        """Any order of arrival, with duplicates, gives the same, as long as what was passed over is told again."""
        chance = Random(self.world.seed)  # noqa: S311 - a story, no secret
        events = [*node.disk.events.values()]
        journal = Journal(self.world.room[0], identity=identity("eve"), rules=PrivateRules(node.authority),
                          random_bytes=Chance("eve"), now_ms=node.now_ms, limits=LIMITS)  # fmt: skip
        for size in (5, 5, len(events) + 1):  # the two halves of a proof come together
            told = chance.sample(events, len(events))
            for position in range(0, len(told), size):
                journal.receive(told[position : position + size], now_ms=node.now_ms + 10**6)
        ours = node.history.journal
        lack = ours.holdings.window.kept - journal.holdings.window.kept
        beyond = journal.holdings.window.kept - ours.holdings.window.kept
        found = f"{[event.hex()[:8] for event in lack]}, {[event.hex()[:8] for event in beyond]}"
        self.that(not lack and not beyond, f"another order gives another set: {found}")
        self.that(digest_of(journal.holdings, 0) == digest_of(ours.holdings, 0), "another order gives another digest")
        same = [view_of(self._kept(each.holdings))[0] for each in (journal, ours)]
        self.that(same[0] == same[1], "another order gives another view")

    def _kept(self, holdings: Holdings) -> list[tuple[Said, Level]]:
        return [(said, level) for said, level in holdings.weighed() if said.id in holdings.window.kept]

    def judge_merging(self) -> None:
        """Truncate then merge, merge then truncate."""
        names = sorted(self.sets)
        for left, right in pairwise(names):
            ours, theirs = (_closed(self.sets[name]) for name in (left, right))
            both = {**ours, **theirs}
            if window_of(ours.values(), LIMITS).pinned != window_of(both.values(), LIMITS).pinned:
                continue  # who does not know of a pin has let go of what it would have kept
            few = {event: said for event, said in ours.items() if event in window_of(ours.values(), LIMITS).kept}
            late = window_of({**few, **theirs}.values(), LIMITS).kept
            self.that(
                late == window_of(both.values(), LIMITS).kept, f"{left} and {right}: the order of truncating shows"
            )


def _closed(counting: list[Said]) -> dict[bytes, Said]:
    """Without pins of what is not there: whoever pins a message holds it."""
    ids = {said.id for said in counting}
    return {said.id: said for said in counting if said.kind is not Kind.PIN or said.anchor[1] in ids}
