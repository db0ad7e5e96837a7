"""Rooms and messages kept in memory."""

import asyncio

from peer.ids import RoomId
from peer.ports import MessageStore, RoomLine, RoomRecord, RoomStore
from peer.store.memory import MemoryMessageStore, MemoryRoomStore

from ...support.said import DECK, said

ROOM = RoomId(bytes(32))


def test_record_is_kept_until_it_is_deleted() -> None:
    """The last one saved counts; deleting twice is no error."""
    store: RoomStore = MemoryRoomStore()
    assert store.load(ROOM) is None
    store.save(ROOM, RoomRecord(secret=bytes(16), title="Deck"))
    store.save(ROOM, RoomRecord(secret=bytes(16), title="Hold"))
    assert store.load(ROOM) == RoomRecord(secret=bytes(16), title="Hold")
    assert store.rooms() == [RoomLine(ROOM, "Hold")]
    store.delete(ROOM)
    store.delete(ROOM)
    assert store.load(ROOM) is None


async def test_messages_are_kept_as_long_as_the_process_runs() -> None:
    """All else that it does is compared with the store on disk: test_messages.py."""
    store: MessageStore = MemoryMessageStore()
    told: list[object] = []
    store.commit(DECK, said(1, "ahoy"), on_done=told.append)
    assert told == []  # never within the call
    assert [found.shown for found in await store.search("ahoy")] == await store.page(DECK)
    await asyncio.sleep(0)
    assert told == [None]
