"""Records with as few words as tests need, and both engines by name."""

from pathlib import Path

from signaling.ids import PeerId, PeerKey, RoomId, UserId
from signaling.store.diskcache import DiskcacheStore
from signaling.store.local import LocalStore
from signaling.store.memory import MemoryStore
from signaling.store.port import Limits, PeerRecord, RoomRecord
from signaling.store.redis.engine import RedisStore

from ..support import START, FakeClock

__all__ = ["a_guest", "a_key", "a_peer", "a_room", "make_redis", "make_store"]


def a_room(
    room_id: str = "room",
    *,
    is_public: bool = True,
    name: str = "b",
    owner: str = "u",
    created_at: float = 1.0,
    is_by_guest: bool = False,
) -> RoomRecord:
    return RoomRecord(
        room_id=RoomId(room_id),
        broadcaster_id=UserId(owner),
        broadcaster_name=name,
        created_at=created_at,
        is_public=is_public,
        is_by_guest=is_by_guest,
    )


def a_peer(peer_id: str = "p", *, user: str = "u", is_guest: bool = False, origin: str = "") -> PeerRecord:
    return PeerRecord(
        peer_id=PeerId(peer_id), user_id=UserId(user), display_name=peer_id, is_guest=is_guest, origin=origin
    )


def a_guest(peer_id: str, origin: str) -> PeerRecord:
    return a_peer(peer_id, user=f"guest-{peer_id}", is_guest=True, origin=origin)


def a_key(peer_id: str = "p", room_id: str = "room") -> PeerKey:
    return PeerKey(RoomId(room_id), PeerId(peer_id))


def make_store(engine: str, folder: Path, limits: Limits, clock: FakeClock) -> LocalStore:
    if engine == "memory":
        return MemoryStore(limits, clock=clock, signing_key=b"k" * 32)
    return DiskcacheStore(folder / "store", limits, clock=clock)


def make_redis(url: str, limits: Limits, clock: FakeClock, engine: type[RedisStore] = RedisStore) -> RedisStore:
    """Its time is that of Redis, and passes as the clock says on top of it."""
    return engine(url, limits, clock=clock, offset_ms=lambda: round((clock.now - START) * 1000))
