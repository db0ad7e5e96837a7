"""Public rooms in order, whatever comes and goes."""

from hypothesis import given
from hypothesis import strategies as st

from signaling.ids import RoomId
from signaling.store.directory import Directory
from signaling.store.port import Cursor, RoomRecord

from .support import a_room

RECORDS = st.lists(
    st.builds(
        lambda number, at, is_by_guest: a_room(f"r{number}", created_at=at, name="one", is_by_guest=is_by_guest),
        st.integers(0, 99),
        st.integers(0, 3),
        st.booleans(),
    ),
    unique_by=lambda record: record.room_id,
)


@given(RECORDS, st.data())
def test_directory_equals_a_sorted_list(records: list[RoomRecord], data: st.DataObject) -> None:
    """Of the rooms that are in; by name users' rooms come before guests', then the oldest."""
    directory = Directory()
    for record in records:
        directory.add(record)
    gone = data.draw(st.sets(st.sampled_from(records))) if records else set()
    for record in gone:
        directory.remove(record)
    left = sorted((each for each in records if each not in gone), key=lambda each: (each.created_at, each.room_id))
    assert directory.page(None, 200) == ([each.room_id for each in left], False)
    first = min(left, key=lambda each: (each.is_by_guest, each.created_at, each.room_id), default=None)
    assert directory.find("one") == (first.room_id if first else None)


def test_pages_follow_each_other() -> None:
    """From a position on, be its room still there or not."""
    directory = Directory()
    for name in "abc":
        directory.add(a_room(name, created_at=1.0))
    assert directory.page(None, 2) == ([RoomId("a"), RoomId("b")], True)
    directory.remove(a_room("b", created_at=1.0))
    assert directory.page(Cursor(1.0, RoomId("b")), 2) == ([RoomId("c")], False)


def test_last_room_of_a_name_leaves_nothing() -> None:
    """Names are made up by clients."""
    directory = Directory()
    directory.add(a_room(name="one"))
    directory.remove(a_room(name="one"))
    assert directory.find("one") is None
    assert not directory._ranks
