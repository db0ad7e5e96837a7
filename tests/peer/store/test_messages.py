"""Both stores of messages do the same; the one on disk also when that is full, slow, damaged or taken away."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from peer.errors import StoreDamaged, StoreError
from peer.ids import RoomId
from peer.keys.at_rest import RestKey
from peer.log.record import LogChanges, LogRecord, Shown, Summary
from peer.ports import Found, MessageStore
from peer.store.database import DATABASE_FILE, Database, open_database
from peer.store.log_rows import LogRows
from peer.store.memory import MemoryMessageStore
from peer.store.messages import SealedMessageStore

from ...support.keys import Chance
from ...support.said import DECK, HOLD, event_id, said, shown


def sealed(database: Database, *, seed: str = "any") -> SealedMessageStore:
    return SealedMessageStore(LogRows(database, master=RestKey(bytes(32)), random_bytes=Chance(seed)))


@asynccontextmanager
async def opened(folder: Path, *, seed: str = "any") -> AsyncIterator[tuple[SealedMessageStore, Database]]:
    database = open_database(folder / DATABASE_FILE)
    store = sealed(database, seed=seed)
    try:
        yield store, database
    finally:
        store.close()
        store.close()
        database.close()


@pytest.fixture(params=["memory", "disk"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MessageStore]:
    if request.param == "memory":
        yield MemoryMessageStore()
        return
    async with opened(tmp_path) as (store, _):
        yield store


async def keep(store: MessageStore, room: RoomId, changes: LogChanges) -> None:
    """Wait until it is safe; raise what the store says."""
    done: asyncio.Future[StoreError | None] = asyncio.get_running_loop().create_future()
    store.commit(room, changes, on_done=done.set_result)
    error = await done
    if error is not None:
        raise error


def texts(found: list[Shown] | list[Found]) -> list[str]:
    return [each.shown.text if isinstance(each, Found) else each.text for each in found]


# ---- what both do


async def test_reader_sees_what_was_committed_before(store: MessageStore) -> None:
    """Though nobody has waited for it."""
    told: list[StoreError | None] = []
    for number in range(5):
        store.commit(DECK, said(number, f"message {number}"), on_done=told.append)
    assert len((await store.load(DECK)).events) == 5
    store.commit(DECK, said(5, "message 5"), on_done=told.append)
    assert texts(await store.page(DECK, limit=1)) == ["message 5"]
    await keep(store, DECK, LogChanges())
    assert told == [None] * 6


async def test_commits_are_done_in_their_order(store: MessageStore) -> None:
    """Those of several rooms too."""
    order: list[int] = []

    def note(number: int) -> Callable[[StoreError | None], None]:
        return lambda _: order.append(number)

    for number in range(20):
        store.commit((DECK, HOLD)[number % 2], said(number, "ahoy"), on_done=note(number))
        if number % 7 == 0:
            await asyncio.sleep(0)
    await keep(store, DECK, LogChanges())
    assert order == list(range(20))


async def test_history_is_paged_from_the_newest(store: MessageStore) -> None:
    """Whatever the order in which it came; the cursor is the last message of the page before."""
    numbers = [3, 1, 4, 0, 2, 6, 5]
    for number in numbers:
        await keep(store, DECK, said(number, f"{number}"))
    await keep(store, HOLD, said(9, "elsewhere"))
    pages: list[list[str]] = []
    cursor = None
    while page := await store.page(DECK, before=cursor, limit=3):
        pages.append(texts(page))
        cursor = page[-1].cursor
    assert pages == [["6", "5", "4"], ["3", "2", "1"], ["0"]]
    assert len(await store.page(DECK)) == 7
    assert (await store.page(DECK, limit=0), await store.page(RoomId(bytes(32)))) == ([], [])


async def test_messages_of_one_moment_have_an_order(store: MessageStore) -> None:
    """By their ids; none is skipped at the edge of a page."""
    rows = [shown(1, name, name=name) for name in "abcdef"]
    await keep(store, DECK, LogChanges(shown={row.id: row for row in rows}))
    seen: list[Shown] = []
    while page := await store.page(DECK, before=seen[-1].cursor if seen else None, limit=2):
        seen += page
    assert seen == sorted(rows, key=lambda row: row.id, reverse=True)


async def test_search_goes_through_one_room_or_all(store: MessageStore) -> None:
    """By what is shown now: an edit is found by its new text, a deleted message not at all."""
    for number, text in enumerate(["The MÖWE lands", "aye", "a mowe", "the möwe again"]):
        await keep(store, DECK, said(number, text))
    await keep(store, HOLD, said(7, "möwe in the hold"))
    await keep(store, DECK, LogChanges(shown={event_id("1"): shown(1, "aye, a Möwe"), event_id("2"): shown(2, "")}))
    found = await store.search("mowe")
    assert texts(found) == ["möwe in the hold", "the möwe again", "aye, a Möwe", "The MÖWE lands"]
    assert [each.room_id for each in found] == [HOLD, DECK, DECK, DECK]
    assert texts(await store.search("the möwe", room_id=DECK)) == ["the möwe again", "The MÖWE lands"]
    first = await store.search("möwe", limit=2)
    assert texts(await store.search("möwe", before=first[-1].shown.cursor)) == ["aye, a Möwe", "The MÖWE lands"]
    assert (await store.search(" "), await store.search("author")) == ([], [])


async def test_conversations_are_listed_by_their_last_message(store: MessageStore) -> None:
    """Rooms without a summary are none."""
    await keep(store, DECK, said(1, "ahoy", title="Deck"))
    await keep(store, HOLD, said(2, "aye", title="Hold"))
    await keep(store, RoomId(bytes(32)), LogChanges(state=b"state"))
    assert [each.summary.title for each in await store.conversations()] == ["Hold", "Deck"]
    await keep(store, DECK, LogChanges(summary=replace(said(3, "avast").summary or Summary(title=""), unread=7)))
    listed = [(each.room_id, each.summary.text, each.summary.unread) for each in await store.conversations()]
    assert listed == [(DECK, "avast", 7), (HOLD, "aye", 2)]


async def test_room_is_forgotten(store: MessageStore) -> None:
    """With what was just committed; one that comes again begins anew."""
    await keep(store, HOLD, said(2, "aye"))
    store.commit(DECK, said(1, "ahoy"), on_done=lambda _: None)
    await store.forget(DECK)
    await store.forget(DECK)
    assert (await store.load(DECK), await store.page(DECK)) == (LogRecord(), [])
    assert [each.room_id for each in await store.conversations()] == [HOLD]
    await keep(store, DECK, said(3, "again"))
    assert texts(await store.page(DECK)) == ["again"]


# ---- what the one on disk does besides


async def test_commits_that_come_together_are_one_transaction(tmp_path: Path) -> None:
    """The first goes alone, since nothing is to be waited for; those that come meanwhile go next."""
    async with opened(tmp_path) as (store, database):
        writes: list[int] = []
        with database.reading() as connection:  # the thread has to wait for us
            connection.set_trace_callback(lambda statement: writes.append(statement == "BEGIN IMMEDIATE"))
            for number in range(1000):
                store.commit(DECK, said(number, "ahoy"), on_done=lambda _: None)
        await keep(store, DECK, LogChanges())
        assert sum(writes) <= 3
        assert len((await store.load(DECK)).events) == 1000


async def test_loop_goes_on_while_the_thread_writes(tmp_path: Path) -> None:
    """The disk may stand still for seconds."""
    async with opened(tmp_path) as (store, database):
        with database.reading():  # the thread stands still
            done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            store.commit(DECK, said(1, "ahoy"), on_done=done.set_result)
            for _ in range(100):
                await asyncio.sleep(0)
            assert not done.done()
        assert await done is None


def limit_pages(database: Database, more: int) -> None:
    with database.reading() as connection:
        [(pages,)] = connection.execute("PRAGMA page_count")
        connection.execute(f"PRAGMA max_page_count = {pages + more}")


async def test_full_disk_loses_nothing(tmp_path: Path) -> None:
    """Whoever waits is told; once there is room again, all that failed is kept with the next commit, in order."""
    async with opened(tmp_path) as (store, database):
        await keep(store, DECK, said(0, "zero"))
        limit_pages(database, 0)
        big = replace(said(1, "one"), registers={b"big": bytes(100_000)})
        for changes in (
            big,
            said(2, "two"),
            LogChanges(events={event_id("2"): b"header of two"}, purged={event_id("0")}),
        ):
            with pytest.raises(StoreError, match="see that the disk has room"):
                await keep(store, DECK, changes)
        assert texts(await store.page(DECK)) == ["zero"]
        limit_pages(database, 1000)
        await keep(store, DECK, LogChanges())
        kept = await store.load(DECK)
        assert set(kept.events) == {b"event of one", b"header of two"}
        assert (kept.state, kept.registers[b"big"]) == (b"state 2", bytes(100_000))
    async with opened(tmp_path, seed="later") as (store, _):
        assert await store.load(DECK) == kept


async def test_write_that_the_system_refuses_loses_nothing(tmp_path: Path) -> None:
    """In the middle of the write-ahead log: it is taken back, and goes on once the system lets it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    async with opened(tmp_path) as (store, _):
        await keep(store, DECK, said(0, "zero"))
        wal = (tmp_path / (DATABASE_FILE + "-wal")).stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (wal + 10_000, before[1]))
        try:
            with pytest.raises(StoreError, match="see that the disk has room"):
                await keep(store, DECK, replace(said(1, "one"), registers={b"big": bytes(100_000)}))
            assert texts(await store.page(DECK)) == ["zero"]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        await keep(store, DECK, said(2, "two"))
        assert texts(await store.page(DECK)) == ["two", "one", "zero"]


async def test_room_that_fits_is_kept_though_another_does_not(tmp_path: Path) -> None:
    """And one that is damaged holds up no other."""
    async with opened(tmp_path) as (store, database):
        await keep(store, DECK, said(0, "zero"))
        limit_pages(database, 2)
        told: dict[str, StoreError | None] = {}
        with database.reading():  # so that all three go together
            store.commit(DECK, LogChanges(), on_done=lambda _: None)
            big = replace(said(1, "one"), registers={b"big": bytes(100_000)})
            store.commit(HOLD, big, on_done=lambda error: told.update(hold=error))
            store.commit(DECK, said(1, "one"), on_done=lambda error: told.update(deck=error))
        await keep(store, DECK, LogChanges())
        assert (told["deck"], isinstance(told["hold"], StoreError)) == (None, True)
        assert texts(await store.page(DECK)) == ["one", "zero"]


async def test_room_that_failed_and_is_forgotten_does_not_come_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as (store, database):
        await keep(store, DECK, said(0, "zero"))
        limit_pages(database, 0)
        with pytest.raises(StoreError):
            await keep(store, HOLD, replace(said(1, "one"), state=bytes(100_000)))
        limit_pages(database, 1000)
        await store.forget(HOLD)
        await keep(store, DECK, LogChanges())
        assert await store.load(HOLD) == LogRecord()


async def test_closing_writes_what_waits(tmp_path: Path) -> None:
    """And tells whoever waits for it; after that nothing is taken any more."""
    told: list[StoreError | None] = []
    async with opened(tmp_path) as (store, database):
        with database.reading():
            for number in range(3):
                store.commit(DECK, said(number, "ahoy"), on_done=told.append)
        store.close()
        assert told == [None] * 3
        for call in (store.load(DECK), store.page(DECK), store.search("x"), store.conversations(), store.forget(DECK)):
            with pytest.raises(StoreError, match="was closed"):
                await call
        with pytest.raises(StoreError, match="was closed"):
            store.commit(DECK, LogChanges(), on_done=told.append)
    async with opened(tmp_path, seed="later") as (store, _):
        assert len((await store.load(DECK)).events) == 3


async def test_closing_with_a_full_disk_says_so(tmp_path: Path) -> None:
    """There is nobody left to try again."""
    async with opened(tmp_path) as (store, database):
        limit_pages(database, 0)
        told: list[StoreError | None] = []
        store.commit(DECK, replace(said(1, "one"), state=bytes(100_000)), on_done=told.append)
        store.close()
        assert [isinstance(error, StoreError) for error in told] == [True]


async def test_deleted_text_leaves_every_file_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sealed bytes leave the write-ahead log too, many deletions at once."""
    monkeypatch.setattr("peer.store.messages._SCRUB_S", 0.0)
    async with opened(tmp_path) as (store, database):
        await keep(store, DECK, said(1, "ahoy"))
        with database.reading() as connection:
            rows = [row for (row,) in connection.execute("SELECT sealed FROM event UNION ALL SELECT sealed FROM shown")]
        assert all(row in on_disk(tmp_path) for row in rows)
        for _ in range(2):
            await keep(store, DECK, LogChanges(events={event_id("1"): b"header"}, shown={event_id("1"): shown(1, "")}))
        await asyncio.sleep(0.01)
        await store.load(DECK)  # behind the scrubbing
        assert [row for row in rows if row in on_disk(tmp_path)] == []


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_scrubbing_that_fails_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends no talk."""
    monkeypatch.setattr("peer.store.messages._SCRUB_S", 0.0)
    async with opened(tmp_path) as (store, database):
        await keep(store, DECK, said(1, "ahoy"))
        await keep(store, DECK, LogChanges(purged={event_id("1")}))
        database.close()
        await asyncio.sleep(0.01)
        with pytest.raises(StoreError):
            await store.load(DECK)
    assert "what was deleted stays on the disk for now" in caplog.text


async def test_damaged_row_is_told_to_whoever_asks(tmp_path: Path) -> None:
    """Pages, searches, and commits to a room whose key is gone; other rooms are read as before."""
    async with opened(tmp_path) as (store, _):
        await keep(store, DECK, said(1, "ahoy"))
        await keep(store, HOLD, said(2, "aye"))
    database = sqlite3.connect(tmp_path / DATABASE_FILE)
    with database:
        database.execute("UPDATE shown SET sealed = zeroblob(200) WHERE number = 1")
        database.execute("UPDATE log SET summary = zeroblob(90) WHERE number = 1")
    database.close()
    async with opened(tmp_path, seed="later") as (store, _):
        for call in (store.page(DECK), store.search("ahoy"), store.conversations()):
            with pytest.raises(StoreDamaged, match="restore it from a backup"):
                await call
        assert texts(await store.page(HOLD)) == ["aye"]
        assert texts(await store.search("aye", room_id=HOLD)) == ["aye"]


async def test_reader_that_gives_up_harms_nobody(tmp_path: Path) -> None:
    """Search-as-you-type cancels its searches."""
    async with opened(tmp_path) as (store, database):
        await keep(store, DECK, said(1, "ahoy"))
        with database.reading():
            search = asyncio.ensure_future(store.search("ahoy"))
            await asyncio.sleep(0)
            search.cancel()
            with pytest.raises(asyncio.CancelledError):
                await search
        assert texts(await store.search("ahoy")) == ["ahoy"]


async def test_many_messages_are_searched_in_parts(tmp_path: Path) -> None:
    """So that a commit waits for some milliseconds only: it is done before a long search is."""
    async with opened(tmp_path) as (store, _):
        rows = [shown(number, f"message {number} ahoy") for number in range(5000)]
        await keep(store, DECK, LogChanges(shown={row.id: row for row in rows}))
        order: list[str] = []
        search = asyncio.ensure_future(store.search("ahoy"))
        search.add_done_callback(lambda _: order.append("search"))
        await asyncio.sleep(0)
        store.commit(DECK, LogChanges(), on_done=lambda _: order.append("commit"))
        found = await search
        assert order == ["commit", "search"]
        assert texts(found) == [f"message {number} ahoy" for number in range(4999, 4949, -1)]
