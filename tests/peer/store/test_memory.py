"""Rooms kept in memory."""

from peer.ids import RoomId
from peer.ports import RoomRecord, RoomStore
from peer.store.memory import MemoryRoomStore

ROOM = RoomId(bytes(32))


def test_record_is_kept_until_it_is_deleted() -> None:
    """The last one saved counts; deleting twice is no error."""
    store: RoomStore = MemoryRoomStore()
    assert store.load(ROOM) is None
    store.save(ROOM, RoomRecord(secret=bytes(16), title="Deck"))
    store.save(ROOM, RoomRecord(secret=bytes(16), title="Hold"))
    assert store.load(ROOM) == RoomRecord(secret=bytes(16), title="Hold")
    store.delete(ROOM)
    store.delete(ROOM)
    assert store.load(ROOM) is None
