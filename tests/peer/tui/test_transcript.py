from datetime import UTC

from peer.ids import MessageId
from peer.tui.speech import Look
from peer.tui.transcript import Notice, Transcript

from .values import at, member, message

ME = member("alice", is_me=True)
LOOK = Look(width=40, my_name="alice", tz=UTC)


def texts(transcript: Transcript) -> list[str]:
    return ["".join(span.text for span in row.line).rstrip("─ ") for row in transcript.rows(LOOK)]


def test_entries_stand_in_the_order_of_their_time() -> None:
    """What came late finds its place; of one time, what came first stays first."""
    transcript = Transcript(limit=9)
    transcript.put(message("two", minute=2))
    transcript.tell(Notice(at(1), "bob is here"))
    transcript.put_all([message("one", minute=0), message("three", minute=2)])
    assert texts(transcript)[1:] == ["12:00 bob: one", "12:01 -- bob is here", "12:02 bob: two", "12:02 bob: three"]


def test_a_changed_message_takes_its_own_place() -> None:
    transcript = Transcript(limit=9)
    transcript.put_all([message("one", id="a"), message("two", minute=1)])
    transcript.put(message("uno", id="a"))
    assert texts(transcript)[1:] == ["12:00 bob: uno", "12:01 bob: two"]


def test_a_draft_gets_its_lasting_id() -> None:
    transcript = Transcript(limit=9)
    transcript.put(message("ahoy", id="draft", sender=ME, status="draft"))
    transcript.set_status(MessageId("event"), "sent", draft_id=MessageId("draft"))
    transcript.set_status(MessageId("event"), "read")
    transcript.set_status(MessageId("unknown"), "read")
    assert texts(transcript)[1:] == ["12:00 alice: ahoy ✓✓"]
    assert transcript.find(MessageId("event")) is not None


def test_a_dropped_message_is_gone() -> None:
    transcript = Transcript(limit=9)
    transcript.put(message("one", id="a"))
    transcript.drop(MessageId("a"))
    transcript.drop(MessageId("a"))
    assert transcript.find(MessageId("a")) is None
    assert transcript.find(None) is None


def test_no_more_than_the_limit_is_kept() -> None:
    transcript = Transcript(limit=2)
    transcript.put_all(message(str(number), minute=number) for number in range(4))
    assert transcript.trim()
    assert not transcript.trim()
    assert texts(transcript)[1:] == ["12:02 bob: 2", "12:03 bob: 3"]
    transcript.clear()
    assert texts(transcript) == []


def test_each_day_has_a_line() -> None:
    transcript = Transcript(limit=9)
    transcript.put_all([message("one"), message("two", minute=24 * 60)])
    assert [text for text in texts(transcript) if text.startswith("──")] == [
        "── Monday, 02 March 2026",
        "── Tuesday, 03 March 2026",
    ]


def test_the_marker_stands_before_what_was_not_read() -> None:
    """Before the first message of others after what was seen; our own ones do not move it."""
    transcript = Transcript(limit=9)
    transcript.put_all([message("one"), message("two", minute=1)])
    transcript.mark_read(at(9))
    transcript.put_all([message("mine", minute=2, sender=ME), message("three", minute=3), message("four", minute=4)])
    assert texts(transcript)[3:6] == ["12:02 alice: mine ›", "── new", "12:03 bob: three"]


def test_the_marker_is_set_by_the_number_of_unread() -> None:
    transcript = Transcript(limit=9)
    transcript.put_all([message("one"), message("mine", minute=1, sender=ME), message("two", minute=2)])
    transcript.mark_unread(1)
    assert texts(transcript)[3] == "── new"
    transcript.mark_unread(2)
    assert texts(transcript)[1] == "── new"
    transcript.mark_unread(0)
    transcript.mark_unread(5)
    assert texts(transcript)[1] == "── new"


def test_in_an_empty_room_the_marker_stands_before_all_that_comes() -> None:
    transcript = Transcript(limit=9)
    transcript.mark_read(at(0))
    transcript.put_all([message("old", minute=-1), message("new", minute=1)])
    assert texts(transcript)[2:] == ["── new", "12:01 bob: new"]


def test_an_answer_quotes_what_is_there() -> None:
    """And quotes anew when that was edited."""
    transcript = Transcript(limit=9)
    transcript.put_all([message("q", id="q"), message("a", minute=1, reply_to=MessageId("q"))])
    assert texts(transcript)[2] == "12:01 ┌ bob: q"
    transcript.put(message("quite", id="q"))
    assert texts(transcript)[2] == "12:01 ┌ bob: quite"


def test_what_a_member_said_shows_who_it_is_now() -> None:
    transcript = Transcript(limit=9)
    transcript.put_all([message("one"), message("two", minute=1, sender=ME)])
    transcript.know(member("bob", verified=True))
    assert texts(transcript)[1:] == ["12:00 ✓bob: one", "12:01 alice: two ›"]


def test_the_newest_is_found() -> None:
    transcript = Transcript(limit=9)
    transcript.tell(Notice(at(0), "a\nnotice"))
    transcript.put_all([message("one", id="1"), message("two", id="2", minute=1, sender=ME)])
    transcript.put(message("", id="3", minute=2, is_deleted=True))
    newest, mine = transcript.newest(mine=False), transcript.newest(mine=True)
    assert newest is not None
    assert newest.id == "1"
    assert mine is not None
    assert mine.id == "2"
    assert transcript.find(MessageId("3")) is not None


def test_lines_that_have_not_changed_are_not_drawn_again() -> None:
    transcript = Transcript(limit=9)
    transcript.put(message("one"))
    before, after = transcript.rows(LOOK), transcript.rows(LOOK)
    assert before[1] is after[1]


def test_rows_know_their_message() -> None:
    transcript = Transcript(limit=9)
    transcript.put(message("one\ntwo", id="a"))
    transcript.tell(Notice(at(1), "told\ntwice"))
    assert [row.message_id for row in transcript.rows(LOOK)] == [None, "a", "a", None, None]


def test_notices_stand_in_the_column_of_names() -> None:
    transcript = Transcript(limit=9)
    transcript.tell(Notice(at(0), "bob is here\nand stays"))
    rows = transcript.rows(Look(width=40, nick_width=6, tz=UTC))
    assert ["".join(span.text for span in row.line) for row in rows[1:]] == [
        "12:00     -- │ bob is here",
        "               and stays",
    ]
