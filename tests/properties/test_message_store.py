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
from peer.log.record import LogChanges, Summary
from peer.ports import MessageStore
from peer.store.database import DATABASE_FILE, Database, open_database
from peer.store.log_rows import LogRows
from peer.store.memory import MemoryMessageStore
from peer.store.messages import SealedMessageStore

from ..support.keys import Chance
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
