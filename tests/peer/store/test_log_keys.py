"""Each log has a key of its own, and each row is bound to its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from peer.errors import BadCiphertext, StoreDamaged
from peer.keys.at_rest import RestKey
from peer.store.database import DATABASE_FILE, Database, open_database
from peer.store.log_keys import Log, LogKeys

from ...support.keys import Chance
from ...support.said import DECK, HOLD

MASTER = RestKey(bytes(range(32)))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / DATABASE_FILE)
    yield database
    database.close()


def keys(seed: str = "any") -> LogKeys:
    return LogKeys("rooms.sqlite3", master=MASTER, random_bytes=Chance(seed))


@pytest.fixture
def logs(database: Database) -> tuple[Log, Log]:
    ours = keys()
    with database.transaction() as connection:
        return ours.new_log(connection, DECK), ours.new_log(connection, HOLD)


def test_key_is_found_again(database: Database, logs: tuple[Log, Log]) -> None:
    """One by one, or all at once; they open what was sealed before."""
    sealed = [log.seal("event", b"name", b"ahoy", Chance("any")) for log in logs]
    later = keys("later")
    with database.reading() as connection:
        deck = later.maybe_log(connection, DECK)
        assert deck is not None
        assert later.maybe_log(connection, DECK) is deck
        everything = {log.room_id: log for log in later.all_logs(connection)}
        assert later.all_logs(connection) == list(everything.values())
    assert everything.keys() == {DECK, HOLD}
    assert [everything[room].opener("event")(b"name", sealed[at]) for at, room in enumerate((DECK, HOLD))] == [
        b"ahoy"
    ] * 2


def test_log_that_was_deleted_has_no_key(database: Database, logs: tuple[Log, Log]) -> None:
    """A new one of that room has another key, and another number, so that no old row is taken for one of its own."""
    ours = keys()
    ours.keep(logs)
    with database.transaction() as connection:
        ours.delete(connection, HOLD)
        ours.delete(connection, HOLD)
        assert ours.maybe_log(connection, HOLD) is None
        new = ours.new_log(connection, HOLD)
    assert new.number > logs[1].number
    with pytest.raises(BadCiphertext):
        new.opener("event")(b"name", logs[1].seal("event", b"name", b"ahoy", Chance("any")))


def test_log_that_could_not_be_deleted_is_still_there(database: Database, logs: tuple[Log, Log]) -> None:
    """The transaction failed for another reason."""
    ours = keys()
    with database.transaction() as connection:
        assert len(ours.all_logs(connection)) == 2
        ours.delete(connection, HOLD)
        connection.execute("ROLLBACK")
        assert {log.room_id for log in ours.all_logs(connection)} == {DECK, HOLD}


def test_row_is_bound_to_its_place(logs: tuple[Log, Log]) -> None:
    """Its log, its table and its name."""
    deck, hold = logs
    sealed = deck.seal("event", b"name", b"ahoy", Chance("any"))
    for log, table, name in ((hold, "event", b"name"), (deck, "shown", b"name"), (deck, "event", b"other")):
        with pytest.raises(BadCiphertext):
            log.opener(table)(name, sealed)


def test_names_tell_nothing(logs: tuple[Log, Log]) -> None:
    """The same id has another name in another log or table, and none of them holds it."""
    names = {log.name_of(table, b"the id") for log in logs for table in ("event", "shown")}
    assert len(names) == 4
    assert {len(name) for name in names} == {16}
    assert "any" not in repr(logs[0].key)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET wrapped_key = (SELECT wrapped_key FROM log WHERE number = 2) WHERE number = 1",
        "UPDATE log SET wrapped_key = zeroblob(92)",
        "UPDATE log SET wrapped_key = 'text'",
        "UPDATE log SET wrapped_key = 7",
        "UPDATE log SET wrapped_key = substr(wrapped_key, 1, 5)",
    ],
)
@pytest.mark.usefixtures("logs")
def test_key_that_was_meddled_with_is_found_out(database: Database, statement: str) -> None:
    with database.transaction() as connection:
        connection.execute(statement)
    with database.reading() as connection:
        with pytest.raises(StoreDamaged, match="key of a log does not open"):
            keys().maybe_log(connection, DECK)
        with pytest.raises(StoreDamaged, match="key of a log does not open"):
            keys().all_logs(connection)
