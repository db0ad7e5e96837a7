"""Names go round: on link-up, on change, from hand to hand, and no faster than anybody needs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec
import pytest

from peer.config import Config
from peer.core.profile_exchange import ProfileExchange
from peer.errors import MalformedFrame
from peer.ids import MemberId
from peer.messages.profiles import Profiles, sign_profile
from peer.wire.message_frames import MAX_PROFILES, ProfileDigest, ProfileFrame
from peer.wire.message_frames import Profiles as ProfilesFrame

from ...support.keys import Chance, identity
from ..log.replicas import NOW_MS, member, public_key
from ..messages.desks import Desk

ROOM = Desk().room.id


@dataclass
class Table:
    """Members who sit together; frames wait until `run`."""

    config: Config = field(default_factory=Config)
    strangers: set[MemberId] = field(default_factory=set)
    sides: dict[str, ProfileExchange] = field(default_factory=dict)
    waiting: list[tuple[str, str, ProfileFrame]] = field(default_factory=list)
    told: list[tuple[str, str, ProfileFrame]] = field(default_factory=list)
    now: float = 0.0

    def __getitem__(self, name: str) -> ProfileExchange:
        if name not in self.sides:
            held = Profiles(identity=identity(name), room_id=ROOM, name=name, rank_of=lambda _: 1, rows={},
                            limit=self.config.max_profiles, now_ms=NOW_MS)  # fmt: skip
            draw = Chance(name)
            self.sides[name] = ProfileExchange(held, self.config, lambda: NOW_MS,
                                               lambda below: int.from_bytes(draw(8), "big") % below,
                                               lambda each: each not in self.strangers)  # fmt: skip
        return self.sides[name]

    def link(self, *pairs: str) -> Table:
        for pair in pairs:
            for ours, theirs in (pair.split(), pair.split()[::-1]):
                assert self[theirs] is not self[ours]
                self[ours].link_up(member(theirs), now=self.now)
                self.drain(ours)
        return self

    def drain(self, name: str) -> None:
        names = {member(each): each for each in self.sides}
        self.waiting += [(name, names.get(to, "nobody"), frame) for to, frame in self[name].take_told()]

    def run(self, *, until: float = 0.0) -> Table:
        """Deliver all, and whatever is due by then."""
        while True:
            while self.waiting:
                sender, reader, frame = self.waiting.pop(0)
                self.told.append((sender, reader, frame))
                if reader != "nobody":
                    self[reader].receive(member(sender), frame, now=self.now)
                    self.drain(reader)
            due = [at for side in self.sides.values() if (at := side.next_deadline()) is not None and at <= until]
            if not due:
                self.now = max(self.now, until)
                return self
            self.now = min(due)
            for name in sorted(self.sides):
                self[name].handle_timeout(now=self.now)
                self.drain(name)

    def knows(self, name: str) -> str:
        """Whose name."""
        return " ".join(each for each in sorted(self.sides) if self[name].profiles.name_of(public_key(each)))


def test_two_who_are_linked_know_each_other_after_four_frames() -> None:
    """And say nothing more while nothing changes, but for a look at long intervals."""
    table = Table().link("ann bob").run(until=5.0)
    assert (table.knows("ann"), table.knows("bob")) == ("ann bob", "ann bob")
    assert len(table.told) == 4
    assert all(isinstance(frame, ProfileDigest) for _, _, frame in table.run(until=60.0).told[4:])


def test_name_of_who_is_away_comes_from_whoever_met_it() -> None:
    table = Table().link("ann bob").run()
    table["bob"].link_down(member("ann"))
    table.link("bob cyd").run()
    assert table.knows("cyd") == "ann bob cyd"


def test_news_from_one_reach_the_others() -> None:
    """Ann and cyd have no link of their own."""
    table = Table().link("ann bob", "bob cyd", "bob dan", "bob eve").run(until=1.0)
    assert {table.knows(name) for name in ("bob", "cyd", "dan")} >= {"ann bob cyd dan eve"}
    table.run(until=200.0)
    assert {table.knows(name) for name in table.sides} == {"ann bob cyd dan eve"}


def test_profiles_of_a_large_room_come_in_frames_of_a_bounded_size() -> None:
    table = Table()
    told = [sign_profile(identity(f"m{number}"), room_id=ROOM, stamp=1, name="x") for number in range(MAX_PROFILES + 9)]
    for profile in told:
        table["ann"].profiles.take(msgspec.msgpack.encode(profile), now_ms=NOW_MS)
    table.link("ann bob").run()
    assert table["bob"].profiles.digest() == table["ann"].profiles.digest()
    sizes = [len(frame.profiles) for _, _, frame in table.told if isinstance(frame, ProfilesFrame)]
    assert max(sizes) == MAX_PROFILES


def test_nobody_outside_hears_a_name_or_brings_one() -> None:
    """And who is not linked any more neither."""
    table = Table(strangers={member("bob")}).link("ann bob")
    assert [name for name, _, _ in table.waiting] == ["bob"]
    table.run()
    assert table.knows("ann") == "ann"
    table["ann"].link_down(member("bob"))
    table["ann"].receive(member("bob"), ProfileDigest(bytes(128)), now=0.0)
    table["ann"].link_down(member("bob"))
    assert table["ann"].take_told() == []


def test_more_than_anybody_needs_is_passed_over() -> None:
    """Until some time has gone by."""
    table = Table(replace(Config(), profile_frames_burst=2, profile_frames_per_s=1.0)).link("ann bob")
    table["ann"].take_told()
    for _ in range(5):
        table["ann"].receive(member("bob"), ProfileDigest(bytes(128)), now=0.0)
    assert len(table["ann"].take_told()) == 2
    table["ann"].receive(member("bob"), ProfileDigest(bytes(128)), now=1.0)
    assert len(table["ann"].take_told()) == 1


def test_forged_name_ends_the_link() -> None:
    table = Table().link("ann bob").run()
    forged = msgspec.structs.replace(table["bob"].profiles.ours, name="ann", stamp=NOW_MS + 1)
    with pytest.raises(MalformedFrame):
        table["ann"].receive(member("bob"), ProfilesFrame((msgspec.msgpack.encode(forged),)), now=0.0)


def test_what_is_new_is_kept_once() -> None:
    table = Table().link("ann bob").run()
    [save] = table["ann"].take_saves()
    assert save.changes.registers.keys() == {b"p" + public_key("ann"), b"p" + public_key("bob")}
    assert table["ann"].take_saves() == []
