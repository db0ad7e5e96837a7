"""What a thief of the disk finds of the talks in it, what he can do to them, and what is left of what was deleted."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from peer.errors import StoreDamaged, StoreError
from peer.ids import RoomId
from peer.keys.at_rest import RestKey
from peer.log.event import EventId
from peer.log.record import Conversation, LogChanges, LogRecord, Shown, Summary
from peer.store.database import DATABASE_FILE, open_database
from peer.store.log_rows import LogRows

from ...support.keys import Chance
from ...support.said import DECK, HOLD, event_id, said, shown


@contextmanager
def opened(folder: Path, *, seed: str = "any") -> Iterator[LogRows]:
    database = open_database(folder / DATABASE_FILE)
    try:
        yield LogRows(database, master=RestKey(bytes(32)), random_bytes=Chance(seed))
    finally:
        database.close()


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def rows_of(rows: LogRows, room: RoomId | None) -> list[tuple[RoomId, Shown]]:
    return [(found, rows.decode(row)) for part in rows.scan(room) for found, row in part]


FULL = LogChanges(
    events={event_id("1"): b"first event", event_id("2"): b"second event"},
    shown={event_id("1"): shown(1, "ahoy"), event_id("2"): shown(2, "aye")},
    drafts={b"2": b"second draft", b"1": b"first draft"},
    registers={b"1": b"register"},
    state=b"the state",
    summary=Summary(title="The Deck", unread=2, hlc=7, text="aye"),
)


def test_all_is_there_after_a_restart(tmp_path: Path) -> None:
    """Of each room what is its own; nothing of one that was never heard of."""
    with opened(tmp_path) as rows:
        assert not rows.write({DECK: [FULL], HOLD: [said(3, "heave")]})
    with opened(tmp_path, seed="second") as rows:
        kept = rows.load(DECK)
        assert set(kept.events) == {b"first event", b"second event"}
        assert list(kept.drafts.items()) == [(b"1", b"first draft"), (b"2", b"second draft")]
        assert (kept.registers, kept.state) == ({b"1": b"register"}, b"the state")
        assert rows_of(rows, DECK) == [(DECK, shown(1, "ahoy")), (DECK, shown(2, "aye"))]
        assert rows_of(rows, None) == [*rows_of(rows, DECK), (HOLD, shown(3, "heave"))]
        summaries = {each.room_id: each.summary for each in rows.conversations()}
        assert summaries == {DECK: FULL.summary, HOLD: said(3, "heave").summary}
        assert (rows.load(RoomId(bytes(32))), rows_of(rows, RoomId(bytes(32)))) == (LogRecord(), [])


def test_what_is_gone_is_gone(tmp_path: Path) -> None:
    """In each table; and it is told that the disk still remembers."""
    with opened(tmp_path) as rows:
        rows.write({DECK: [FULL]})
        assert not rows.write({DECK: [LogChanges(shown={event_id("1"): shown(1, "ahoy!")}, state=b"next")]})
        for changes in (
            LogChanges(purged={event_id("1")}),
            LogChanges(events={event_id("2"): b"without body"}),
            LogChanges(shown={event_id("1"): None}),
            LogChanges(drafts={b"1": None}),
            LogChanges(registers={b"1": None}),
        ):
            assert rows.write({DECK: [changes]})
        assert rows.load(DECK) == LogRecord(
            events=(b"without body",), drafts={b"2": b"second draft"}, registers={}, state=b"next"
        )
        assert rows_of(rows, DECK) == [(DECK, shown(2, "aye"))]
        assert rows.conversations() == [Conversation(DECK, FULL.summary or Summary(title=""))]


def test_batch_is_whole_or_not_at_all(tmp_path: Path) -> None:
    """A room that is new with it too: its key is not kept."""
    with opened(tmp_path) as rows:
        rows.write({DECK: [said(1, "ahoy")]})
        before = rows.load(DECK)
        with rows._database.reading() as database:
            [(pages,)] = database.execute("PRAGMA page_count")
            database.execute(f"PRAGMA max_page_count = {pages}")
        big = LogChanges(events={event_id(f"{number}"): bytes(10_000) for number in range(9)}, state=b"changed")
        with pytest.raises(StoreError, match="has room"):
            rows.write({DECK: [said(2, "aye")], HOLD: [big]})
        assert (rows.load(DECK), rows.load(HOLD)) == (before, LogRecord())
        with rows._database.reading() as database:
            database.execute(f"PRAGMA max_page_count = {pages + 1000}")
        rows.write({HOLD: [big]})
    with opened(tmp_path, seed="second") as rows:
        assert (rows.load(DECK), len(rows.load(HOLD).events)) == (before, 9)


def test_thief_of_the_disk_reads_nothing(tmp_path: Path) -> None:
    """No text, no name, no id of room, event or author, no time, no key of a draft, while it is open and after."""
    with opened(tmp_path) as rows:
        rows.write({DECK: [FULL]})
        while_open = on_disk(tmp_path)
    message = shown(1, "ahoy")
    secrets = (
        *(b"ahoy", b"first event", b"first draft", b"draft 1", b"register", b"the state", b"The Deck", b"content"),
        *(DECK, DECK[:8], message.id, message.id[:8], message.author, message.hlc.to_bytes(8, "big")),
    )
    for content in (while_open, on_disk(tmp_path)):
        assert [secret for secret in secrets if secret in content.replace(b"register_", b"")] == []


def test_forgotten_room_takes_its_key_along(tmp_path: Path) -> None:
    """Out of the file and the write-ahead log; the others stay."""
    with opened(tmp_path) as rows:
        rows.write({DECK: [FULL], HOLD: [said(3, "heave")]})
        gone = sealed_bytes(rows, DECK)
        assert all(row in on_disk(tmp_path) for row in gone)
        rows.forget(DECK)
        rows.forget(DECK)
        assert [row for row in gone if row in on_disk(tmp_path)] == []
        assert (rows.load(DECK), rows_of(rows, None)) == (LogRecord(), [(HOLD, shown(3, "heave"))])
        rows.write({DECK: [said(4, "again")]})
        assert rows.load(DECK).events == (b"event of again",)


def sealed_bytes(rows: LogRows, room: RoomId) -> list[bytes]:
    with rows._database.reading() as database:
        log = rows._keys.maybe_log(database, room)
        assert log is not None
        found = [database.execute("SELECT wrapped_key FROM log WHERE number = ?", (log.number,)).fetchone()[0]]
        for table in ("event", "shown", "extra"):
            rows_of_table = f"SELECT sealed FROM {table} WHERE log = ?"  # noqa: S608
            found += [row for (row,) in database.execute(rows_of_table, (log.number,))]
    return found


@pytest.mark.parametrize("seed", range(2))
def test_sealed_bytes_of_what_was_deleted_are_gone(tmp_path: Path, seed: int) -> None:
    """Not a sixteenth part of one is left in any file, however pages were split and filled meanwhile.

    Who gets the key later would read it otherwise.
    """
    dice = random.Random(seed)  # noqa: S311
    rooms = {number: dice.choice((DECK, HOLD)) for number in range(200)}
    with opened(tmp_path) as rows:
        for number, room in rooms.items():
            rows.write({room: [said(number, "x" * dice.randrange(20, 2400))]})
        before = {*sealed_bytes(rows, DECK), *sealed_bytes(rows, HOLD)}
        for number in dice.sample(sorted(rooms), 80):
            gone = shown(number, "")
            rows.write({rooms[number]: [LogChanges(events={gone.id: b"header"}, shown={gone.id: gone})]})
        lost = before - {*sealed_bytes(rows, DECK), *sealed_bytes(rows, HOLD)}
        rows.scrub()
        content = on_disk(tmp_path)
    assert len(lost) == 2 * 80
    pieces = [row[at : at + 16] for row in lost for at in range(0, len(row) - 16, max(16, len(row) // 16))]
    assert [piece for piece in pieces if piece in content] == []


TAMPERING = {
    "event changed": "UPDATE event SET sealed = zeroblob(60)",
    "event cut short": "UPDATE event SET sealed = substr(sealed, 1, 5)",
    "event of another type": "UPDATE event SET sealed = 'text'",
    "name of another type": "UPDATE event SET name = 4096 + number",
    "events exchanged": "UPDATE event SET sealed = (SELECT sealed FROM event AS it WHERE it.number != event.number)",
    "message as event": "UPDATE event SET (name, sealed) = (SELECT name, sealed FROM shown) WHERE number = 1",
    "event of another room": "UPDATE event SET log = 3 - log",
    "draft changed": "UPDATE extra SET sealed = zeroblob(60)",
    "state changed": "UPDATE log SET state = zeroblob(60)",
    "summary as state": "UPDATE log SET state = summary",
    "state of another room": "UPDATE log SET state = (SELECT state FROM log AS other WHERE other.number != log.number)",
}


@pytest.mark.parametrize("statement", TAMPERING.values(), ids=TAMPERING.keys())
def test_tampering_is_found_out_when_a_room_is_loaded(tmp_path: Path, statement: str) -> None:
    """One error, which says what to do."""
    with opened(tmp_path) as rows:
        rows.write({DECK: [FULL], HOLD: [said(3, "heave")]})
    meddle(tmp_path, statement)
    with opened(tmp_path) as rows, pytest.raises(StoreDamaged, match=r"row of a log does not open.*restore"):
        rows.load(DECK)


def meddle(folder: Path, statement: str) -> None:
    database = sqlite3.connect(folder / DATABASE_FILE)
    with database:
        assert database.execute(statement).rowcount > 0
    database.close()


@pytest.mark.parametrize(
    "statement", ["UPDATE shown SET sealed = zeroblob(200)", "UPDATE shown SET name = zeroblob(16)"]
)
def test_tampering_is_found_out_when_rows_are_scanned(tmp_path: Path, statement: str) -> None:
    with opened(tmp_path) as rows:
        rows.write({DECK: [said(1, "ahoy")]})
    meddle(tmp_path, statement)
    with opened(tmp_path) as rows, pytest.raises(StoreDamaged):
        rows_of(rows, None)
    meddle(tmp_path, "UPDATE log SET summary = zeroblob(60)")
    with opened(tmp_path) as rows, pytest.raises(StoreDamaged):
        rows.conversations()


def test_row_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """It was sealed by us, and is none that we know."""
    with opened(tmp_path) as rows:
        rows.write({DECK: [FULL]})
        with pytest.raises(StoreDamaged, match="newer version"):
            rows.decode(b"short")


def test_scan_goes_on_while_rooms_come_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers that were freed and given to a room that is new are not taken for rows of the old one."""
    monkeypatch.setattr("peer.store.log_rows._PART_ROWS", 1)
    with opened(tmp_path) as rows:
        rows.write({DECK: [FULL]})
        parts = rows.scan(None)
        assert [rows.decode(row) for _, row in next(parts)] == [shown(1, "ahoy")]
        rows.forget(DECK)
        rows.write({HOLD: [said(4, "heave"), said(5, "ho")]})
        assert list(parts) == [[]]


def test_ids_that_differ_late_are_different_rows(tmp_path: Path) -> None:
    """Names of rows are short, and made of all of an id."""
    with opened(tmp_path) as rows:
        ids = [EventId(bytes(31) + bytes([number])) for number in range(256)]
        rows.write({DECK: [LogChanges(events={each: each for each in ids})]})
        assert sorted(rows.load(DECK).events) == ids
