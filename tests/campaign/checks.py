"""What must always hold in a room (DESIGN, section 7), asked at each step and in the end. By the numbers there:

1 views, order and digests; 2 what all hold in the end; 3 shown and told once, numbers given once; 4 deleted words are
gone; 5 words under names; 6 statuses and unread counts; 7 authority, by the naive oracle; 8 forks; 9 truncating and
merging, pins; 10 clocks; 11 bounds, and nothing unsigned is kept or passed on; 13 forged and replayed events change
nothing. And nobody is told what was said before it came where the room forbids that. 12 is of the overlay, 14 of bytes.
"""

from __future__ import annotations

import hashlib
from itertools import combinations, pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from peer.crypto.identity import member_id_of
from peer.log.control import Level
from peer.log.event import ms_of
from peer.messages.bodies import Body, Edit, Kind, Text
from peer.messages.compare import digest_of
from peer.messages.holdings import Holdings
from peer.messages.journal import Journal
from peer.messages.receipts import Status
from peer.messages.said import Said
from peer.messages.view import View, view_of
from peer.messages.window import window_of
from peer.wire.message_frames import MessageEvents

from ..properties.naive_authority import Naive
from ..support.keys import Chance, identity
from .cast import ALL, LIMITS, NONE, SINCE_JOIN
from .node import Node
from .oracle import SETTING, Expected, Words, cuts_of

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
        self.disowned: set[bytes] = set()
        """Keys whose disk was set back and did not know: they may contradict themselves."""
        self.stripped: set[bytes] = set()
        """Messages that came without their words to somebody: one that waits as it crashes looks as if taken back."""
        self.silent: set[str] = set()
        """Who said nothing in the end, having contradicted itself too often."""

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

    def disown(self, name: str) -> None:
        self.disowned.add(identity(name).public_key)

    def see_frame(self, source: str, target: str, frame: Any) -> None:
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
            self.see_horizon(source, target, words)

    def see_horizon(self, source: str, target: str, words: Words) -> None:
        """Nobody is told words from before it came, where the room's founding forbids that."""
        node, policy = self.world.nodes[source], self.world.cast.history
        if policy == ALL or words.body is None or words.kind == SETTING or target not in node.links:
            return
        since = node.authority.since(identity(target).member_id) if policy == SINCE_JOIN else node.links[target]
        is_live = words.author == node.identity.public_key and ms_of(words.hlc) >= node.now_ms
        self.that(is_live or words.anchor[0] >= since, f"{source} tells {target} what was said before it came")

    def see_own(self, words: Words, signature: bytes) -> None:
        place = (*words.log, words.seq)
        self.that(
            words.author in self.disowned or self.places.setdefault(place, words.id) == words.id,
            f"a number of {words.author.hex()[:8]} was given twice",
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
        due = {view.id for view in views.values() if self.is_to_be_told(node, view)}
        self.that(node.is_restored or due <= node.told | node.to_come, f"{node.name} was not told of all")
        self.look_at_disk(node)
        self.look_at_logs(node)
        self.look_at_bounds(node)
        self.look_at_statuses(node)

    def look_at_bounds(self, node: Node) -> None:
        """Whatever others say, what waits for them, or is remembered of them, has an end."""
        history = node.history
        exchanges = [link.exchange for link in history._links.values()]
        owed = max((len(each._rest) + len(each._owed) for each in exchanges), default=0)
        self.that(owed <= 2 * MOST_HELD, f"{node.name} owes {owed} events to one member")
        self.that(len(history._late._held) <= MOST_HELD, f"{node.name} holds too much back")
        registers = history.journal.progress._theirs
        self.that(len(registers) <= len(self.world.nodes), f"{node.name} keeps {len(registers)} registers")

    def look_at_statuses(self, node: Node) -> None:
        """What was told of a message of ours is so: all others had it, or have read it; and it stays so."""
        raised, node.raised = node.raised, []
        for event, status, others in raised:
            said = node.history.journal.holdings.get(event)
            is_message = said is not None and node.history.journal.holdings.counts(said.id) and said.kind is Kind.TEXT
            if said is not None and is_message and status > Status.SENT:
                for name in others:
                    self.judge_status(node, said, status, name)
        views = node.history.journal.projection.views
        for event, status in node.statuses.items():
            is_there = event in views
            self.that(
                not is_there or node.history.status_of(event) >= status, f"{node.name} forgot how far a message got"
            )

    def judge_status(self, node: Node, said: Said, status: Status, name: str) -> None:
        other, cast = self.world.nodes[name], self.world.cast
        if {name, node.name} & {*cast.hostile} or cast.history != ALL or said.author in self.disowned:
            return
        has_got = said.id in other.disk.ever or said.place < other.history.journal.holdings.window.floor
        self.that(has_got, f"{node.name} takes {said.body} for delivered to {name}")
        read = max(other.ever_read.get(said.log, 0), other.history.journal.progress.ours.of(said.log).read)
        self.that(status < Status.READ or read >= said.seq, f"{node.name} takes {said.body} for read by {name}")

    def is_to_be_told(self, node: Node, view: View) -> bool:
        is_new = view.hlc >= node.history.journal.progress.begin_hlc
        return (
            is_new and not view.is_deleted and view.id not in self.stripped and view.author != node.identity.public_key
        )

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
        hostile = {identity(name).public_key for name in self.world.cast.hostile}
        for said in holdings.logs.held.values():
            target = holdings.get(said.target) if said.target is not None else None
            is_late = target is None or said.author in hostile or target.hlc < said.hlc
            self.that(is_late, f"{node.name} holds an answer from before what it answers")
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
        members = self.members()
        if self.world.cast.history == ALL:
            return len({digest_of(node.history.journal.holdings, 0) for node in members}) == 1
        return all(self._is_level(*pair) for pair in combinations(members, 2))

    def _is_level(self, one: Node, other: Node) -> bool:
        """From where on both may know all."""
        if self.world.cast.history == NONE:
            horizon = max(one.links[other.name], other.links[one.name])
        else:
            horizon = max(one.authority.since(each.identity.member_id) for each in (one, other))
        return len({digest_of(each.history.journal.holdings, horizon) for each in (one, other)}) == 1

    def hear_last(self) -> None:
        """Nobody lacks what was said at the end."""
        members = [node for node in self.members() if node.links]
        honest = [node.name for node in members if node.identity.public_key not in self.disowned]
        for node in members:
            heard = {view.text for view in node.history.page(limit=10**6)}
            lacking = [name for name in honest if name not in self.silent and f"last words of {name}." not in heard]
            self.that(not lacking, f"{node.name} lacks the last words of {lacking}")

    def forks_of(self, node: Node) -> dict[tuple[bytes, bytes], int]:
        forks = node.history.journal.holdings.logs.forks
        return {(log.author, log.incarnation): fork.seq for log, fork in forks.items()}

    def judge(self) -> None:
        ann = self.world.nodes["ann"]
        self.that(self.are_level(), "the members' digests differ in the end")
        if self.world.cast.history != ALL:
            return
        naive = None if self.world.cast.is_public else self.judge_authority(ann)
        expected = Expected(self.union, naive, self.world.room[0], self.forks_of(ann))
        for node in self.members():
            self.judge_node(node, expected)
        self.judge_order(ann)
        self.judge_merging()

    def judge_authority(self, node: Node) -> Naive:
        """All have the levels that the rules give them, read one by one."""
        naive = Naive([identity("ann").public_key], True, node.export(), self.world.room[0])
        levels = {member_id_of(key): level for key, level in naive.members.items()}
        self.that(node.authority.members == levels, f"{node.name} has other members than follow")
        self.that(
            len({frozenset(each.authority.lawful) for each in self.world.nodes.values()}) == 1,
            "the control logs differ",
        )
        return naive

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
        journal = Journal(self.world.room[0], identity=identity("eve"), rules=node.rules,
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
