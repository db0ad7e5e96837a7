"""Rooms on disk: what was saved is loaded, and what is missing is missed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peer.errors import StoreDamaged
from peer.ids import RoomId
from peer.keys.at_rest import RestKey
from peer.keys.room_keys import derive_public_room
from peer.log.genesis import room_id_of
from peer.ports import RoomLine, RoomRecord, RoomStore
from peer.store.database import DATABASE_FILE, open_database
from peer.store.memory import MemoryRoomStore
from peer.store.rooms import SealedRoomStore
from peer.store.sealed_rows import SealedRows

from ...support.keys import Chance

DECK, HOLD = RoomId(b"D" * 32), RoomId(b"H" * 32)
RECORD = RoomRecord(
    secret=b"S" * 16, seed=b"I" * 16, is_open=True, genesis=b"genesis", title="Deck", incarnation=b"incarnat"
)


@contextmanager
def opened(folder: Path, *, seed: str = "any", life: bytes = b"") -> Iterator[tuple[RoomStore, sqlite3.Connection]]:
    database = open_database(folder / DATABASE_FILE)
    rows = SealedRows(database, master=RestKey(bytes(32)), random_bytes=Chance(seed))
    try:
        with database.reading() as connection:
            yield SealedRoomStore(rows, life=life), connection
    finally:
        database.close()


def loaded(folder: Path, room: RoomId = DECK) -> RoomRecord | None:
    with opened(folder, seed="second") as (store, _):
        return store.load(room)


def test_record_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    """With its control events in the order in which they came."""
    record = replace(RECORD, control=(b"grant", b"invite", b"join"))
    with opened(tmp_path) as (store, _):
        assert store.load(DECK) is None
        store.save(DECK, RECORD)
        store.save(DECK, replace(record, control=record.control[:2]))
        store.save(DECK, record)
        store.save(HOLD, RoomRecord(secret=b"H" * 16))
        assert store.load(DECK) == record
    assert loaded(tmp_path) == record
    assert loaded(tmp_path, HOLD) == RoomRecord(secret=b"H" * 16)


def test_control_events_that_are_gone_are_gone(tmp_path: Path) -> None:
    """And each is kept once."""
    with opened(tmp_path) as (store, _):
        store.save(DECK, replace(RECORD, control=(b"grant", b"invite", b"join")))
        store.save(DECK, replace(RECORD, control=(b"join", b"ban", b"ban")))
    assert loaded(tmp_path) == replace(RECORD, control=(b"join", b"ban"))


def test_saving_costs_what_is_new(tmp_path: Path) -> None:
    """Nothing for nothing; the record and one event for one event."""
    with opened(tmp_path) as (store, database):
        control = tuple(str(number).encode() for number in range(50))
        store.save(DECK, replace(RECORD, control=control))
        before = database.total_changes
        store.save(DECK, replace(RECORD, control=control))
        assert database.total_changes == before
        store.save(DECK, replace(RECORD, control=(*control, b"new")))
        assert database.total_changes == before + 2


def test_room_that_is_deleted_is_forgotten(tmp_path: Path) -> None:
    """Also by what was in memory; another room is not."""
    with opened(tmp_path) as (store, _):
        store.save(DECK, RECORD)
        store.save(HOLD, RECORD)
        store.delete(DECK)
        store.delete(DECK)
        assert (store.load(DECK), store.load(HOLD)) == (None, RECORD)
    assert loaded(tmp_path) is None


@pytest.mark.parametrize("row", [1, 2, 3])
def test_row_that_was_taken_away_is_missed(tmp_path: Path, row: int) -> None:
    """The record itself, or one of its events: a revocation perhaps."""
    with opened(tmp_path) as (store, database):
        store.save(DECK, replace(RECORD, control=(b"grant", b"revoke")))
        database.execute("DELETE FROM row WHERE number = ?", (row,))
    with pytest.raises(StoreDamaged, match="room"):
        loaded(tmp_path)


def test_rooms_are_listed_without_what_opens_them(tmp_path: Path) -> None:
    """Private and public ones; of one without a founding nothing is known."""
    lobby = derive_public_room("Lobby")[0]
    deck = room_id_of(b"genesis")
    with opened(tmp_path) as (store, _):
        store.save(deck, RECORD)
        store.save(lobby, RoomRecord(secret=b"", public_name="Lobby", title="Lobby"))
        store.save(HOLD, RoomRecord(secret=b"H" * 16))
    with opened(tmp_path, seed="second") as (store, _):
        found = sorted(store.rooms(), key=lambda line: line.title)
        assert found == [RoomLine(deck, "Deck", b"genesis"), RoomLine(lobby, "Lobby", public_name="Lobby")]


def test_standing_of_a_direct_room_is_kept(tmp_path: Path) -> None:
    """Whether both have told each other, and whether we have answered."""
    record = replace(RECORD, is_agreed=False, is_unanswered=True)
    with opened(tmp_path) as (store, _):
        store.save(DECK, record)
    assert loaded(tmp_path) == record


def test_record_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """It is not taken for an empty one."""
    database = open_database(tmp_path / DATABASE_FILE)
    rows = SealedRows(database, master=RestKey(bytes(32)), random_bytes=Chance("any"))
    rows.write(b"room " + DECK, {b"head": b"\x91\x02"})
    database.close()
    with pytest.raises(StoreDamaged, match="newer version"):
        loaded(tmp_path)


RECORDS = st.builds(
    RoomRecord,
    secret=st.just(b"S" * 16),
    title=st.sampled_from(["", "Deck", "Möwe"]),
    control=st.lists(st.sampled_from([b"a", b"b", b"c", b""]), unique=True, max_size=4).map(tuple),
)
STEPS = st.lists(st.tuples(st.sampled_from([DECK, HOLD]), RECORDS | st.none()), max_size=5)


@settings(max_examples=15)
@given(STEPS)
def test_disk_keeps_what_memory_keeps(steps: list[tuple[RoomId, RoomRecord | None]]) -> None:
    """Whatever is saved and deleted in whatever order, also after a restart; control events are a set."""
    model = MemoryRoomStore()
    with TemporaryDirectory() as folder:
        with opened(Path(folder)) as (store, _):
            for room, record in steps:
                for each in (store, model):
                    each.delete(room) if record is None else each.save(room, record)
        for room in (DECK, HOLD):
            assert as_set(loaded(Path(folder), room)) == as_set(model.load(room))


def as_set(record: RoomRecord | None) -> tuple[object, ...]:
    return () if record is None else (record.title, record.secret, sorted(record.control))


def test_room_of_another_life_names_no_log_to_continue(tmp_path: Path) -> None:
    """Its folder was put back: what we wrote last is not known here, and its numbers must not be given twice."""
    with opened(tmp_path, life=b"the 1st.") as (store, _):
        store.save(DECK, RECORD)
    with opened(tmp_path, life=b"the 1st.") as (store, _):
        assert store.load(DECK) == RECORD
    with opened(tmp_path, life=b"the 2nd.") as (store, _):
        assert store.load(DECK) == replace(RECORD, incarnation=b"")
        store.save(DECK, replace(RECORD, incarnation=b"the next"))
    with opened(tmp_path, life=b"the 2nd.") as (store, _):
        assert store.load(DECK) == replace(RECORD, incarnation=b"the next")
