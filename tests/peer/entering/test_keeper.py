"""One private room in the store."""

from __future__ import annotations

from peer.core.membership import InviteSeed
from peer.entering.keeper import Keeper, keep_public
from peer.ids import RoomId
from peer.ports import RoomRecord
from peer.store.memory import MemoryRoomStore

from ...support.keys import OPEN_INVITE, SECRET, START_MS, membership_of, private_room

ROOM_ID, GENESIS, _ = private_room()


class CountingStore(MemoryRoomStore):
    """Counts what is saved."""

    saved = 0

    def save(self, room_id: object, record: RoomRecord) -> None:
        self.saved += 1
        super().save(ROOM_ID, record)


def keeper(store: MemoryRoomStore) -> Keeper:
    return Keeper(store, room_id=ROOM_ID, secret=SECRET)


def test_room_that_nothing_is_known_of_is_not_kept() -> None:
    """A guest who has only the link has the link."""
    store = CountingStore()
    keeper(store).keep(membership_of("bob"), title="")
    assert store.saved == 0
    new = keeper(store)
    assert (new.founding, new.title, new.open_invite) == (None, "", None)


def test_what_is_kept_is_found_again() -> None:
    """All that the next run has to know."""
    store, ann = CountingStore(), membership_of("ann")
    keeper(store).keep(ann, title="Deck")
    again = keeper(store)
    assert again.founding is not None
    assert (again.founding.genesis, again.founding.control) == (GENESIS, ann.export())
    assert again.founding.incarnation == ann.incarnation
    assert again.title == "Deck"
    assert again.open_invite == OPEN_INVITE


def test_invite_for_one_lets_nobody_else_in() -> None:
    """It is no invite to hand on."""
    store = CountingStore()
    keeper(store).keep(membership_of("ann", invite=InviteSeed(b"seed for one....", is_open=False)), title="")
    assert keeper(store).open_invite is None
    keeper(store).keep(membership_of("ann", invite=None), title="")
    assert keeper(store).open_invite is None


def test_only_changes_are_saved() -> None:
    """It is asked after each input: nothing new costs nothing."""
    store, ann = CountingStore(), membership_of("ann")
    one = keeper(store)
    for _ in range(3):
        one.keep(ann, title="Deck")
    assert store.saved == 1
    one.keep(ann, title="Bridge")
    assert store.saved == 2
    ann.take_in(membership_of("ann", process=2).export(), relay=ann.me, now_ms=START_MS + 1)
    one.keep(ann, title="Bridge")
    assert store.saved == 3


def test_what_others_keep_of_the_room_stays() -> None:
    """A direct room's secret may become another one; how it stands is not for the keeper to say."""
    store, ann = CountingStore(), membership_of("ann")
    store.save(ROOM_ID, RoomRecord(secret=SECRET, is_agreed=False, is_unanswered=True))
    one = keeper(store)
    one.secret = bytes(16)
    one.keep(ann, title="Deck")
    kept = store.load(ROOM_ID)
    assert kept is not None
    assert (kept.secret, kept.is_agreed, kept.is_unanswered, kept.title) == (bytes(16), False, True, "Deck")


def test_public_room_is_kept_by_its_name() -> None:
    """There is no secret about it."""
    store = MemoryRoomStore()
    keep_public(store, RoomId(b"L" * 32), "Lobby")
    assert store.load(RoomId(b"L" * 32)) == RoomRecord(secret=b"", public_name="Lobby", title="Lobby")
