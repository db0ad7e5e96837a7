"""The store on disk against the simple one in memory: whatever is kept, deleted, forgotten and started again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from peer.ids import RoomId
from peer.keys.at_rest import RestKey
from peer.log.record import LogChanges, LogRecord, Summary
from peer.messages.bodies import Delete, Edit, Reaction
from peer.messages.journal import Journal
from peer.messages.rules import PublicRules
from peer.ports import MessageStore
from peer.store.database import DATABASE_FILE, Database, open_database
from peer.store.log_rows import LogRows
from peer.store.memory import MemoryMessageStore
from peer.store.messages import SealedMessageStore

from ..peer.messages.desks import NOW_MS, PUBLIC_ROOM, public_pen
from ..support.keys import Chance, identity
from ..support.said import DECK, HOLD, event_id, shown

VALUES = st.none() | st.sampled_from([b"1", b"2"])
KEPT = st.dictionaries(st.sampled_from([b"a", b"b"]), VALUES)


@st.composite
def changes_of(draw: st.DrawFn, room: RoomId) -> LogChanges:
    """Ids of events are of one room, since it is hashed into them."""
    ids = st.sampled_from([event_id(f"{name} in {room!r}") for name in "abc"])
    events = draw(st.dictionaries(ids, st.sampled_from([b"event", b"header"]), max_size=2))
    rows = st.none() | st.builds(shown, st.integers(0, 3), st.sampled_from(["ahoy", "Möwe", ""]))
    return LogChanges(
        events=events,
        purged=draw(st.frozensets(ids)) - events.keys(),
        shown={event: row and replace(row, id=event) for event, row in draw(st.dictionaries(ids, rows)).items()},
        drafts=draw(KEPT),
        registers=draw(KEPT),
        state=draw(VALUES),
        summary=draw(st.none() | st.builds(Summary, title=st.just("Deck"), hlc=st.integers(0, 2))),
    )


STEPS = st.sampled_from([DECK, HOLD]).flatmap(
    lambda room: st.tuples(st.just(room), changes_of(room) | st.sampled_from(["forget", "restart"]))
)


@settings(max_examples=25, deadline=None)
@given(st.lists(STEPS, max_size=6))
def test_disk_keeps_what_memory_keeps(steps: list[tuple[RoomId, LogChanges | str]]) -> None:
    """Whatever happens in whatever order, restarts in between."""
    asyncio.run(compare(steps))


async def compare(steps: list[tuple[RoomId, LogChanges | str]]) -> None:
    model = MemoryMessageStore()
    with TemporaryDirectory() as folder:
        database = open_database(Path(folder) / DATABASE_FILE)
        store = sealed(database)
        for number, (room, step) in enumerate(steps):
            if isinstance(step, LogChanges):
                for each in (store, model):
                    each.commit(room, step, on_done=lambda _: None)
            elif step == "forget":
                for each in (store, model):
                    await each.forget(room)
            else:
                store.close()
                database.close()
                database = open_database(Path(folder) / DATABASE_FILE)
                store = sealed(database, seed=f"{number}")
        assert await everything(store) == await everything(model)
        store.close()
        database.close()


async def everything(store: MessageStore) -> list[object]:
    loaded = [await store.load(room) for room in (DECK, HOLD)]
    return [
        [(sorted(each.events), each.drafts, each.registers, each.state) for each in loaded],
        [await store.page(room, before=before) for room in (DECK, HOLD) for before in (None, shown(2, "").cursor)],
        [await store.search(text, room_id=room, limit=2) for text in ("mowe", "") for room in (None, DECK)],
        await store.conversations(),
    ]


def sealed(database: Database, *, seed: str = "any") -> SealedMessageStore:
    return SealedMessageStore(LogRows(database, master=RestKey(bytes(32)), random_bytes=Chance(seed)))


async def test_replica_is_the_same_after_a_restart(tmp_path: Path) -> None:
    """Of the real message plane: what it shows, and what a page and a search find; nothing in it needs mending."""
    pen = public_pen("ben")
    texts = pen.texts(6)
    edit = pen.write(Edit("other words"), ref=texts[3])
    more = [pen.write(Delete(), ref=texts[4]), pen.write(Reaction("👍", is_custom=False, is_on=True), ref=texts[5])]
    ours = journal(LogRecord())
    database = open_database(tmp_path / DATABASE_FILE)
    store = sealed(database)
    for said in (*texts, edit, *more):
        assert ours.receive([said.encoded], now_ms=pen.now_ms).accepted
        store.commit(PUBLIC_ROOM, ours.take_changes(), on_done=lambda _: None)
    store.close()
    database.close()

    database = open_database(tmp_path / DATABASE_FILE)
    store = sealed(database, seed="later")
    again = journal(await store.load(PUBLIC_ROOM))
    assert (again.take_changes(), again.projection.views) == (LogChanges(), ours.projection.views)
    said_now = ["text 5", "", "other words", "text 2", "text 1", "text 0"]
    assert [row.text for row in await store.page(PUBLIC_ROOM)] == said_now
    assert [found.shown.id for found in await store.search("OTHER words")] == [texts[3].id]
    assert [each.summary.text for each in await store.conversations()] == ["text 5"]
    store.close()
    database.close()


def journal(record: LogRecord) -> Journal:
    return Journal(
        PUBLIC_ROOM,
        identity=identity("ann"),
        rules=PublicRules(),
        random_bytes=Chance("ann"),
        now_ms=NOW_MS,
        record=record,
    )
