"""The message plane of a room as a machine: who is told what, when, and what is kept before it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import pytest

from peer.config import Config
from peer.core.history import History
from peer.core.history_outputs import AskControl, HistoryOutput, Save, Tell
from peer.errors import MalformedFrame, UnexpectedFrame
from peer.log.control import Level
from peer.log.event import EventId
from peer.messages.bodies import Delete, SlowMode, Text
from peer.messages.compare import digest_of
from peer.messages.news import Changed, Sealed, StatusRaised
from peer.messages.receipts import Mark, Status
from peer.messages.said import LOWEST
from peer.messages.window import Limits
from peer.wire.message_frames import MessageDigest, MessageEvents, MessageFrame, MessageMore, MessageSummary, Receipts

from ...support.keys import Chance, identity
from ..log.replicas import member
from ..messages.desks import Desk

CONFIG = Config()
T = TypeVar("T", bound=HistoryOutput)


@dataclass
class Table:
    """Some members who sit together; frames wait until `run`."""

    desk: Desk
    config: Config = CONFIG
    now: float = 0.0
    skew_ms: dict[str, int] = field(default_factory=dict)
    histories: dict[str, History] = field(default_factory=dict)
    waiting: list[tuple[str, str, MessageFrame]] = field(default_factory=list)
    heard: list[tuple[str, HistoryOutput]] = field(default_factory=list)

    def __getitem__(self, name: str) -> History:
        if name not in self.histories:
            draw = Chance(f"drawn by {name}")
            self.histories[name] = History(
                self.desk[name],
                self.config,
                lambda: self.desk.room.now_ms + int(self.now * 1000) + self.skew_ms.get(name, 0),
                lambda below: int.from_bytes(draw(8), "big") % below,
            )
        return self.histories[name]

    def link(self, left: str, right: str) -> None:
        for ours, theirs in ((left, right), (right, left)):
            self[ours].link_up(member(theirs), now=self.now)
            self.drain(ours)

    def unlink(self, left: str, right: str) -> None:
        self[left].link_down(member(right))
        self[right].link_down(member(left))

    def drain(self, name: str) -> list[HistoryOutput]:
        outputs = self[name].outputs()
        names = {identity(each).member_id: each for each in self.histories}
        for output in outputs:
            self.heard.append((name, output))
            if isinstance(output, Tell) and output.member in names:
                self.waiting.append((name, names[output.member], output.frame))
        return outputs

    def run(self) -> None:
        for _ in range(500):
            if not self.waiting:
                return
            source, target, frame = self.waiting.pop(0)
            self[target].receive(member(source), frame, now=self.now)
            self.drain(target)
        raise AssertionError("they never come to an end")

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            deadlines = [(each.next_deadline(), name) for name, each in self.histories.items()]
            due = [(at, name) for at, name in deadlines if at is not None and at <= end]
            if not due:
                self.now = end
                return
            self.now, name = min(due)
            self[name].handle_timeout(now=self.now)
            self.drain(name)
            self.run()

    def say(self, name: str, text: str) -> bytes:
        key = self[name].say(Text(text), now=self.now)
        self.drain(name)
        return key

    def texts(self, name: str) -> list[str]:
        return [view.text for view in reversed(self[name].page())]

    def told(self, name: str, kind: type[T]) -> list[T]:
        return [output for teller, output in self.heard if teller == name and isinstance(output, kind)]


def table(*names: str, config: Config = CONFIG, levels: dict[str, Level] | None = None, **more: Level) -> Table:
    levels = {**(levels or {}), **more} or dict.fromkeys([name for name in names if name != "ann"], Level.MEMBER)
    made = Table(Desk(levels=levels), config)
    for name in names:
        made[name]
    return made


def test_what_is_said_reaches_whoever_is_linked() -> None:
    room = table("ann", "bob")
    room.link("ann", "bob")
    room.run()
    room.say("ann", "ahoy")
    room.run()
    assert room.texts("bob") == ["ahoy"]


def test_draft_is_sealed_when_the_first_member_is_linked_and_kept_before_it_leaves() -> None:
    """DESIGN, section 5: sealed on first send."""
    room = table("ann", "bob")
    key = room.say("ann", "early")
    assert room.told("ann", Tell) == []
    [draft] = [output.changes.drafts for output in room.told("ann", Save)]
    assert list(draft) == [key]
    room.heard.clear()
    room.link("ann", "bob")
    kinds = [type(output).__name__ for teller, output in room.heard if teller == "ann"]
    assert kinds[0] == "Save"
    assert kinds.count("Save") == 1
    room.run()
    assert [news.key for news in room.told("ann", Sealed)] == [key]
    assert room.texts("bob") == ["early"]


def test_member_that_was_away_gets_what_it_missed_from_whoever_is_there() -> None:
    room = table("ann", "bob", "cyd")
    room.link("ann", "bob")
    for text in "abc":
        room.say("ann", text)
    room.run()
    room.unlink("ann", "bob")
    room.link("bob", "cyd")
    room.run()
    assert room.texts("cyd") == ["a", "b", "c"]
    assert digest_of(room["cyd"].journal.holdings, 0) == digest_of(room["bob"].journal.holdings, 0)


def test_missing_link_is_made_good_by_whoever_hears_both() -> None:
    room = table("ann", "bob", "cyd")
    room.link("ann", "bob")
    room.link("bob", "cyd")
    room.run()
    room.say("ann", "ahoy")
    room.run()
    assert room.texts("cyd") == []
    room.pass_time(1.0)
    assert room.texts("cyd") == ["ahoy"]


def test_lost_frame_is_found_by_comparing_again() -> None:
    room = table("ann", "bob")
    room.link("ann", "bob")
    room.run()
    room.say("ann", "lost")
    room.waiting.clear()
    room.pass_time(30.0)
    assert room.texts("bob") == ["lost"]


def test_drafts_can_be_changed_and_taken_back_until_they_are_said() -> None:
    room = table("ann", "bob")
    first, second = room.say("ann", "a"), room.say("ann", "b")
    assert room["ann"].rewrite_draft(first, Text("A"))
    assert room["ann"].drop_draft(second)
    room.link("ann", "bob")
    room.run()
    assert room.texts("bob") == ["A"]
    assert not room["ann"].rewrite_draft(first, Text("no"))
    assert not room["ann"].drop_draft(first)


def test_receipts_tell_how_far_a_message_got() -> None:
    """Coalesced, and never backwards."""
    room = table("ann", "bob")
    room.link("ann", "bob")
    room.run()
    room.say("ann", "a")
    room.run()
    [message] = [view.id for view in room["ann"].page()]
    assert room["ann"].status_of(message) is Status.SENT
    room.pass_time(3.0)
    assert room["ann"].status_of(message) is Status.DELIVERED
    room["bob"].mark_read(LOWEST, now=room.now)
    room["bob"].mark_read(now=room.now)
    room["bob"].mark_read(now=room.now)
    room.pass_time(3.0)
    assert room["ann"].status_of(message) is Status.READ
    assert [news.status for news in room.told("ann", StatusRaised)] == [Status.DELIVERED, Status.READ]
    assert room["ann"].reach_of(message, member("bob")) == Mark(1, 1)
    assert len([tell for tell in room.told("bob", Tell) if isinstance(tell.frame, Receipts)]) == 2


def test_receipts_are_told_again_when_a_link_comes_up() -> None:
    room = table("ann", "bob")
    room.link("ann", "bob")
    room.run()
    room.say("ann", "a")
    room.run()
    room.unlink("ann", "bob")
    room.pass_time(5.0)
    room.link("ann", "bob")
    room.run()
    assert room["ann"].status_of(room["ann"].page()[0].id) is Status.DELIVERED


def test_large_rooms_have_no_receipts() -> None:
    room = table("ann", "bob", config=Config(max_receipt_members=1))
    room.link("ann", "bob")
    room.say("ann", "a")
    room.run()
    room.pass_time(5.0)
    assert not any(isinstance(tell.frame, Receipts) for tell in room.told("bob", Tell))
    room["ann"].receive(member("bob"), Receipts(b"\x90"), now=room.now)


def test_message_by_a_right_that_is_not_known_asks_for_the_control_log() -> None:
    """And counts once that came."""
    room = table("ann", "bob", bob=Level.MEMBER)
    room.link("ann", "bob")
    room.run()
    control = room.desk.room
    granted = control.set_level("dan", Level.MEMBER)
    text = room.desk.pen("dan").write("new here")
    room["bob"].receive(member("ann"), MessageEvents((text.encoded,), False), now=room.now)
    room.drain("bob")
    assert room.told("bob", AskControl) == [AskControl(member("ann"))]
    assert room.texts("bob") == []
    room["ann"].rules_changed(room.desk.rules("ann"), now=room.now)
    room["ann"].journal.receive([text.encoded], now_ms=control.now_ms)
    control.tell("bob", granted)
    room["bob"].rules_changed(room.desk.rules("bob"), now=room.now)
    room.drain("bob")
    room.run()
    assert room.texts("bob") == ["new here"]


def test_nobody_is_told_anything_who_is_no_member() -> None:
    """Causal gate: by the newest control state that we know."""
    room = table("ann", "bob", "cyd", bob=Level.MEMBER, cyd=Level.MEMBER)
    room.link("ann", "bob")
    room.run()
    room.desk.room.kick("bob")
    room["ann"].rules_changed(room.desk.rules("ann"), now=room.now)
    room.drain("ann")
    room.waiting.clear()
    room.say("ann", "behind his back")
    assert room.waiting == []
    assert room["ann"].page() == []
    room["ann"].receive(member("bob"), MessageDigest(bytes(16), 0), now=room.now)
    room["ann"].receive(member("dan"), MessageDigest(bytes(16), 0), now=room.now)
    assert not any(isinstance(output, Tell) for output in room.drain("ann"))
    room["ann"].link_up(member("eve"), now=room.now)
    assert not any(isinstance(output, Tell) for output in room.drain("ann"))
    room["ann"].rules_changed(room.desk.rules("ann"), now=room.now)
    room["ann"].handle_timeout(now=room.now + 60)
    assert not any(isinstance(output, Tell) for output in room.drain("ann"))


def test_forged_event_ends_the_link_and_what_came_before_it_is_kept() -> None:
    room = table("ann", "bob")
    room.link("ann", "bob")
    room.run()
    text = room.desk.pen("bob").write("ahoy")
    with pytest.raises(MalformedFrame):
        room["ann"].receive(member("bob"), MessageEvents((text.encoded, b"junk"), False), now=room.now)
    [save, *_] = room.drain("ann")
    assert isinstance(save, Save)
    assert text.id in save.changes.events


def test_more_events_than_anybody_says_are_passed_over_and_found_later() -> None:
    """A burst, then so many a second; asked for again after a moment, not at the next round."""
    room = table("ann", "bob", config=Config(receive_burst=20))
    room.link("ann", "bob")
    room.run()
    texts = room.desk.pen("bob").texts(21)
    room["bob"].journal.receive([said.encoded for said in texts], now_ms=room.desk.room.now_ms)
    for said in texts:
        room["ann"].receive(member("bob"), MessageEvents((said.encoded,), False), now=room.now)
    assert 19 <= len(room["ann"].journal.holdings.logs.held) <= 20
    room.pass_time(2.0)
    assert len(room["ann"].journal.holdings.logs.held) == 21


def test_answer_without_an_end_is_bounded() -> None:
    """Twice as many events as a room may hold; whoever asks for nothing more is told nothing more."""
    room = table("ann", "bob")
    room.desk["ann"].holdings.limits = Limits(
        max_texts=2, max_about=0, max_deletions=0, max_pins=0, max_settings=0, max_forks=0
    )
    room.link("ann", "bob")
    room["ann"].receive(member("bob"), MessageDigest(bytes(16), 0), now=room.now)
    texts = room.desk.pen("bob").texts(9)
    for said in texts:
        room["ann"].receive(member("bob"), MessageEvents((said.encoded,), False), now=room.now)
    assert 3 <= len(room["ann"].journal.holdings.logs.held) <= 4


def hear_often(room: Table, frame: MessageFrame, times: int) -> None:
    for _ in range(times):
        room["ann"].receive(member("bob"), frame, now=room.now)


@pytest.mark.parametrize("frame", [MessageDigest(bytes(16), 0), MessageMore(), Receipts(b"\x90")])
def test_more_frames_than_anybody_needs_end_the_link(frame: MessageFrame) -> None:
    room = table("ann", "bob")
    room.link("ann", "bob")
    with pytest.raises(UnexpectedFrame):
        hear_often(room, frame, 600)


def test_question_counts_for_eight_and_more_that_is_answered_for_nothing() -> None:
    room = table("ann", "bob")
    room.link("ann", "bob")
    empty = MessageSummary(msgspec.msgpack.encode([b"", b"", [-1, b""], []]), 0, True)
    room["ann"].journal.receive(
        [room.desk.pen("bob").write("x" * 8000).encoded for _ in range(1)], now_ms=room.desk.room.now_ms
    )
    pen = room.desk.pen("bob", b"many....")
    many = [pen.write("x" * 8000).encoded for _ in range(80)]
    room["ann"].journal.receive(many, now_ms=room.desk.room.now_ms)
    room["ann"].receive(member("bob"), empty, now=room.now)
    for _ in range(5):
        room["ann"].receive(member("bob"), MessageMore(), now=room.now)
    with pytest.raises(UnexpectedFrame):
        hear_often(room, empty, 65)


def test_slow_mode_holds_back_what_we_say_until_its_time() -> None:
    room = table("ann", "bob")
    room.link("ann", "bob")
    room.run()
    room["ann"].say(SlowMode(10), now=room.now)
    room.drain("ann")
    room.run()
    room.say("bob", "first")
    room.say("bob", "second")
    room.run()
    assert room.texts("ann") == ["first"]
    room.pass_time(11.0)
    assert room.texts("ann") == ["first", "second"]


def test_cuts_are_for_whoever_removes_a_member() -> None:
    room = table("ann", "bob")
    room.link("ann", "bob")
    room.run()
    room.say("bob", "a")
    room.run()
    [cut] = room["ann"].cuts_of(member("bob"))
    assert cut.seq == 1


def test_since_join_hides_what_was_said_before() -> None:
    """The room's policy, on the side that is asked; settings of the link's end are not believed."""
    room = table("ann", "bob", "cyd")
    room.link("ann", "bob")
    room.run()
    for name in ("ann", "bob", "cyd"):
        authority = room.desk.room.authority(name)
        genesis = authority.genesis
        authority.genesis = type(genesis)(1, genesis.owners, 0, 2, 1000, genesis.salt)  # type: ignore[misc]
    room.say("ann", "before cyd was linked")
    room.run()
    room.pass_time(5.0)
    room.desk.room.now_ms += 10
    room.link("bob", "cyd")
    room.run()
    room.say("bob", "after")
    room.run()
    room["bob"].receive(
        member("cyd"), MessageSummary(b"\x94\xc4\x00\xc4\x00\x92\xff\xc4\x00\x90", 0, True), now=room.now
    )
    room.drain("bob")
    room.run()
    assert room.texts("cyd") == ["after"]


def test_news_are_told_after_what_is_kept() -> None:
    room = table("ann", "bob")
    room.link("ann", "bob")
    room.run()
    room.heard.clear()
    room.say("ann", "a")
    kinds = [type(output) for _, output in room.heard]
    assert kinds[:2] == [Save, Tell]
    assert set(kinds[2:]) == {Sealed, Changed}


def test_deletion_travels_and_takes_the_words_everywhere() -> None:
    room = table("ann", "bob")
    room.link("ann", "bob")
    room.run()
    room.say("ann", "secret")
    room.run()
    room["ann"].say(Delete(), EventId(room["ann"].page()[0].id), now=room.now)
    room.drain("ann")
    room.run()
    assert [view.is_deleted for view in room["bob"].page()] == [True]
    held = room["bob"].journal.holdings.logs.held.values()
    assert not any(b"secret" in said.encoded for said in held)


def test_who_leaves_has_its_words_confirmed_at_once() -> None:
    """Receipts are not waited for; whoever is no member owes none."""
    room = table("ann", "bob")
    room.link("ann", "bob")
    room.run()
    room.say("ann", "last words")
    room.run()
    assert room["ann"].is_owing
    room["ann"].hurry()
    room.drain("ann")
    room.run()
    assert not room["ann"].is_owing


def test_who_leaves_a_room_without_receipts_knows_by_comparing_that_all_is_there() -> None:
    """Nothing that was said last is lost there either."""
    room = table("ann", "bob", config=Config(max_receipt_members=1))
    room.link("ann", "bob")
    room.run()
    assert not room["ann"].is_owing
    room.say("ann", "last words")
    assert room["ann"].is_owing
    room["ann"].hurry()
    room.drain("ann")
    room.run()
    assert not room["ann"].is_owing
    room.say("ann", "the very last")
    assert room["ann"].is_owing


def _behind(texts: int) -> Table:
    """Bob has asked ann for what was said before he came, and has got the first frame of several."""
    room = table("ann", "bob", "cy", config=Config(answer_window=1))
    room.link("ann", "cy")
    for number in range(texts):
        room.say("ann", f"{number} ".ljust(8000, "."))
    room.run()
    room.now += 60.0
    room.link("ann", "bob")
    while not room.texts("bob"):
        source, target, frame = room.waiting.pop(0)
        room[target].receive(member(source), frame, now=room.now)
        room.drain(target)
    return room


def _shown(room: Table) -> list[int]:
    shown = [fact for fact in room.told("bob", Changed) if fact.is_new]
    assert all(fact.is_late for fact in shown)
    return [int(fact.view.text.split()[0]) for fact in shown]


def test_old_words_are_shown_in_order_once_all_are_there() -> None:
    """Though the newest come first."""
    room = _behind(texts=12)
    assert _shown(room) == []
    room.run()
    assert _shown(room) == list(range(12))


def test_old_words_do_not_wait_for_ever() -> None:
    """Neither for who has gone, nor for who never answers to the end."""
    gone, silent = _behind(texts=12), _behind(texts=12)
    gone.unlink("ann", "bob")
    gone.drain("bob")
    silent.waiting.clear()
    silent.now += 5.0
    silent["bob"].handle_timeout(now=silent.now)
    silent.drain("bob")
    for room in (gone, silent):
        assert 0 < len(_shown(room)) < 12
        assert _shown(room) == sorted(_shown(room))
