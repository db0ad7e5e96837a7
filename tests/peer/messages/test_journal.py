"""One member's replica: what it keeps, what is new, and what it is after a restart."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from peer.errors import MalformedFrame
from peer.log.control import Cut, Level
from peer.log.event import EventId, Plane, hlc_at
from peer.log.record import LogChanges, LogRecord, Shown
from peer.messages.bodies import Delete, Reaction, Text, Title
from peer.messages.compare import digest_of
from peer.messages.journal import Journal
from peer.messages.news import Changed, Fact, Forked, SettingsChanged, UnreadChanged, Vanished
from peer.messages.receipts import Status
from peer.messages.rules import PublicRules
from peer.messages.said import Said
from peer.messages.window import Limits

from ...support.keys import Chance, identity
from ..log.replicas import NOW_MS, public_key
from .desks import PUBLIC_ROOM, Desk, public_pen


@dataclass
class Kept:
    """A disk that keeps what it is told to."""

    events: dict[EventId, bytes] = field(default_factory=dict)
    rows: dict[EventId, Shown] = field(default_factory=dict)
    drafts: dict[bytes, bytes] = field(default_factory=dict)
    registers: dict[bytes, bytes] = field(default_factory=dict)
    state: bytes = b""

    def keep(self, changes: LogChanges) -> Kept:
        for event in changes.purged:
            self.events.pop(event, None)
        self.events.update(changes.events)
        for event, row in changes.shown.items():
            if row is None:
                self.rows.pop(event, None)
            else:
                self.rows[event] = row
        for ours, theirs in ((self.drafts, changes.drafts), (self.registers, changes.registers)):
            for key, value in theirs.items():
                if value is None:
                    ours.pop(key, None)
                else:
                    ours[key] = value
        self.state = self.state if changes.state is None else changes.state
        return self

    @property
    def record(self) -> LogRecord:
        return LogRecord(
            events=tuple(self.events.values()), drafts=self.drafts, registers=self.registers, state=self.state
        )


def public_journal(name: str = "ann", *, now_ms: int = NOW_MS, record: LogRecord | None = None,
                   limits: Limits | None = None) -> Journal:  # fmt: skip
    return Journal(PUBLIC_ROOM, identity=identity(name), rules=PublicRules(), random_bytes=Chance(name), now_ms=now_ms,
                   limits=limits, record=record)  # fmt: skip


def test_what_was_said_is_there_after_a_restart_and_nothing_is_kept_twice() -> None:
    desk = Desk(bob=Level.MEMBER)
    text = desk.say("ann", "ahoy")
    answer = desk.pen("bob").write("hi")
    desk.tell("ann", [answer])
    desk["ann"].handover.finish(answer.id)
    desk["ann"].speaker.compose(Text("a draft"))
    kept = Kept().keep(desk["ann"].take_changes())
    assert desk["ann"].take_changes() == LogChanges()
    again = desk.open("ann", kept.record)
    assert again.take_changes() == LogChanges()
    assert again.take_news() == []
    assert again.projection.views == desk["ann"].projection.views
    assert digest_of(again.holdings, 0) == digest_of(desk["ann"].holdings, 0)
    assert len(again.drafts) == 1
    [said] = again.seal(now_ms=desk.room.now_ms)
    assert (said.log, said.seq) == (text.log, 2)
    assert kept.keep(again.take_changes()).drafts == {}


def test_what_was_told_to_nobody_before_a_crash_is_news_after_it() -> None:
    """Of others alone; DESIGN, section 7, 3."""
    desk = Desk(bob=Level.MEMBER)
    desk.say("ann", "ahoy")
    pen = desk.pen("bob")
    said = pen.texts(3)
    desk.tell("ann", said)
    desk["ann"].handover.finish(said[0].id)
    kept = Kept().keep(desk["ann"].take_changes())
    again = desk.open("ann", kept.record)
    views = again.projection.views
    assert again.take_news() == [Changed(views[each.id], None, is_late=True) for each in said[1:]]
    assert again.take_changes() == LogChanges()


def test_seal_and_its_number_are_kept_together() -> None:
    """One transaction: the event, the draft that is none any more, and the highest number ever given."""
    desk = Desk()
    key = desk["ann"].speaker.compose(Text("a")).key
    Kept().keep(desk["ann"].take_changes())
    [said] = desk["ann"].seal(now_ms=desk.room.now_ms)
    changes = desk["ann"].take_changes()
    assert changes.events == {said.id: said.encoded}
    assert changes.drafts == {key: None}
    assert changes.state is not None
    assert changes.summary is not None
    assert changes.summary.text == "a"


def test_deleted_words_leave_the_disk() -> None:
    desk = Desk()
    text = desk.say("ann", "secret")
    kept = Kept().keep(desk["ann"].take_changes())
    desk.say("ann", Delete(), text)
    kept.keep(desk["ann"].take_changes())
    assert not any(b"secret" in data for data in kept.events.values())
    assert kept.rows[text.id].text == ""


def test_disk_that_was_set_back_goes_on_in_another_log() -> None:
    """So that no number is ever given twice (DESIGN, section 7, 3)."""
    desk = Desk()
    first = desk.say("ann", "1")
    kept = Kept().keep(desk["ann"].take_changes())
    lost = desk.say("ann", "2")
    again = desk.open("ann", replace(kept.record, life=b"another."))
    again.speaker.compose(Text("3"))
    [third] = again.seal(now_ms=desk.room.now_ms)
    assert third.log != lost.log == first.log
    assert third.seq == 1
    kept.keep(again.take_changes())
    assert desk.open("ann", replace(kept.record, life=b"another.")).pen.log == third.log


def test_more_of_our_log_than_we_remember_begins_another_one() -> None:
    """Though nobody told us that the disk was set back."""
    desk = Desk()
    desk.say("ann", "1")
    kept = Kept().keep(desk["ann"].take_changes())
    lost = desk.say("ann", "2")
    desk._journals["ann"] = desk.open("ann", kept.record)
    desk.tell("ann", [lost])
    third = desk.say("ann", "3")
    assert third.log != lost.log
    assert desk["ann"].projection.views[lost.id].text == "2"


def test_fork_of_our_own_log_begins_another_one() -> None:
    desk = Desk()
    desk["ann"].pen.state = type(desk["ann"].pen.state)(incarnation=b"by hand!")
    desk.say("ann", "1")
    other = desk.pen("ann").write("1'", hlc=hlc_at(desk.room.now_ms + 5))
    desk.tell("ann", [other])
    assert Forked(public_key("ann")) in desk["ann"].take_news()
    assert desk.say("ann", "2").seq == 1


def journal_with_a_bare_proof() -> tuple[Journal, Said]:
    """And the lower half of that proof, which was let go as a message."""
    pen = public_pen("bob")
    first = pen.write("1")
    forked = [first, pen.write("5", seq=5, prev=bytes(32), hlc=first.hlc)]
    newer = public_pen("cyd", ms=1).texts(3)
    journal = public_journal(limits=Limits(max_texts=2, slack=0))
    journal.receive([said.encoded for said in (*forked, *newer)], now_ms=NOW_MS)
    journal.mark_read()
    journal.receive([public_pen("dan", ms=9).write("one more").encoded], now_ms=NOW_MS)
    return journal, first


def test_proof_of_a_fork_is_no_message_again_after_a_restart() -> None:
    """Its lower half had been let go as a message, and lay on the disk without its words."""
    journal, first = journal_with_a_bare_proof()
    record = Kept().keep(journal.take_changes()).record
    assert first.id not in journal.holdings.logs.held
    again = public_journal(record=record, limits=Limits(max_texts=2, slack=0))
    assert again.holdings.logs.forks.keys() == journal.holdings.logs.forks.keys()
    assert again.projection.views.keys() == journal.projection.views.keys()
    assert again.take_changes() == LogChanges()


def test_proof_of_a_fork_stays_none_where_the_window_has_room_again() -> None:
    """A moderator's deletions, or a cut, may have made room between; its words are gone from here."""
    journal, first = journal_with_a_bare_proof()
    record = Kept().keep(journal.take_changes()).record
    again = public_journal(record=record, limits=Limits(max_texts=9, slack=0))
    assert first.id not in again.projection.views
    again.receive([first.encoded], now_ms=NOW_MS)
    assert again.projection.views[first.id].text == "1"


def test_news_say_what_appeared_and_went() -> None:
    desk = Desk(bob=Level.MEMBER)
    pen = desk.pen("bob")
    text = pen.write("ahoy")
    desk.tell("ann", [text])
    [appeared, unread] = desk["ann"].take_news()
    assert isinstance(appeared, Changed)
    assert appeared.is_new
    assert unread == UnreadChanged(1)
    desk.tell("ann", [pen.write(Reaction("x", False, True), ref=text)])
    [changed] = desk["ann"].take_news()
    assert isinstance(changed, Changed)
    assert not changed.is_new
    desk.say("ann", Title("Deck"))
    assert any(isinstance(news, SettingsChanged) for news in desk["ann"].take_news())
    desk.room.kick("bob")
    desk.learn("ann")
    news: list[Fact] = desk["ann"].take_news()
    assert Vanished(text.id) in news
    assert UnreadChanged(0) in news


def test_control_log_that_moved_on_alone_brings_the_rows_up_to_date() -> None:
    """A crash between keeping the one and the other."""
    desk = Desk(bob=Level.MEMBER)
    text = desk.pen("bob").write("ahoy")
    desk.tell("ann", [text])
    kept = Kept().keep(desk["ann"].take_changes())
    desk.room.kick("bob")
    again = desk.open("ann", kept.record)
    assert kept.keep(again.take_changes()).rows == {}
    assert list(kept.events) == [text.id]


def test_what_the_disk_holds_in_vain_is_purged() -> None:
    """And what does not read as an event is passed over."""
    desk = Desk(limits=Limits(max_void=0))
    stray = desk.pen("eve").write("ahoy")
    again = desk.open("ann", LogRecord(events=(stray.encoded, b"junk")))
    assert again.take_changes().purged == {stray.id}


@pytest.mark.parametrize("state", [b"junk", b"\x91\x02"])
def test_state_that_is_not_ours_is_refused(state: bytes) -> None:
    with pytest.raises(MalformedFrame):
        public_journal(record=LogRecord(state=state))


def test_what_nobody_has_read_and_nobody_else_has_stays() -> None:
    """Retention never drops what is unread, nor what was not handed over."""
    desk = Desk(bob=Level.MEMBER, limits=Limits(max_texts=2, slack=0))
    ours = [desk.say("ann", f"ours {number}") for number in range(3)]
    pen = desk.pen("bob")
    pen.now_ms += 50
    theirs = pen.texts(4)
    desk.tell("ann", theirs)
    held = desk["ann"].holdings.logs.held
    assert set(held) == {said.id for said in (*ours, *theirs)}
    desk["ann"].mark_read()
    desk.tell("ann", [pen.write("one more")])
    assert set(held) == {*(said.id for said in ours), theirs[3].id, pen.said[-1].id}


def test_cuts_are_what_is_held_of_a_member_and_counts() -> None:
    desk = Desk(bob=Level.MEMBER)
    old, new = desk.pen("bob", b"incarn 1"), desk.pen("bob", b"incarn 2")
    old.now_ms += 10
    desk.tell("ann", [*new.texts(2), *old.texts(3)])
    desk.tell("ann", [old.write("void", auth=bytes(32))])
    assert desk["ann"].cuts_of(public_key("bob")) == (
        Cut(b"incarn 2", Plane.MESSAGE, 2),
        Cut(b"incarn 1", Plane.MESSAGE, 3),
    )


def test_public_room_remembers_when_we_came() -> None:
    """What was said before is not unread."""
    journal = public_journal()
    pen = public_pen("bob", ms=-5000)
    journal.receive([pen.write("before").encoded], now_ms=NOW_MS)
    assert journal.progress.unread == {}
    kept = Kept().keep(journal.take_changes())
    again = public_journal(now_ms=NOW_MS + 99_000, record=kept.record)
    text = pen.write("since", ms=NOW_MS + 10)
    again.receive([text.encoded], now_ms=NOW_MS + 99_000)
    assert set(again.progress.unread) == {text.id}
    again.weigh_again(PublicRules(), now_ms=NOW_MS)
    assert set(again.progress.unread) == {text.id}


def test_summary_is_the_line_in_the_list_of_rooms() -> None:
    desk = Desk(bob=Level.MEMBER)
    summary = desk["ann"].take_changes().summary
    assert summary is not None
    assert (summary.title, summary.unread, summary.hlc) == ("", 0, 0)
    desk.say("ann", Title("Deck"))
    text = desk.pen("bob").write("x" * 300)
    desk.tell("ann", [text])
    summary = desk["ann"].take_changes().summary
    assert summary is not None
    assert (summary.title, summary.unread, summary.hlc, summary.text) == ("Deck", 1, text.hlc, "x" * 200)


def test_statuses_are_news() -> None:
    desk = Desk(bob=Level.MEMBER)
    said = desk.say("ann", "1")
    journal = desk["ann"]
    journal.take_news()
    from peer.messages.receipts import Entry

    from ..log.replicas import member

    journal.progress.hear(member("bob"), [Entry(said.author + said.log.incarnation, 1, 0)])
    journal.review([member("bob")])
    [news] = journal.take_news()
    assert getattr(news, "status", None) is Status.DELIVERED
    assert journal.entries_for(public_key("bob")) == ()
