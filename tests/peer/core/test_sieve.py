"""What of control events somebody may bring who is no member."""

from __future__ import annotations

from peer.core.sieve import Sieved, sieve
from peer.keys.room_keys import derive_invite_key
from peer.log import acts
from peer.log.control_log import ControlLog

from ...support.keys import OPEN_INVITE, START_MS, Chance, identity, membership_of, private_room

ROOM, GENESIS, _ = private_room()
ANN = membership_of("ann")


def join_of(name: str, *, at_ms: int = START_MS) -> bytes:
    """By the open invite of the room."""
    log = ControlLog(ROOM, GENESIS, identity=identity(name), random_bytes=Chance(f"{name} {at_ms}"))
    log.receive(ANN.export(), now_ms=START_MS)
    key = derive_invite_key(OPEN_INVITE.seed, ROOM)
    join = acts.join(log.authority, invite=key, newcomer=identity(name).public_key, room_id=ROOM)
    [event] = log.append(join, now_ms=at_ms)
    return event.encoded


def brought(*events: bytes, may_join: bool = True) -> Sieved:
    return sieve(events, bearer=identity("bob").member_id, may_join=may_join, room_id=ROOM)


def test_joins_of_others_are_held_back() -> None:
    """And all else passes, in its order; rubbish too, which the log refuses."""
    bob, cy = join_of("bob"), join_of("cy")
    assert brought(*ANN.export(), cy, b"rubbish", bob) == Sieved([*ANN.export(), b"rubbish", bob], held_back=1)


def test_latest_of_its_own_joins_passes() -> None:
    """The others were by invites before that one."""
    first, second = join_of("bob"), join_of("bob", at_ms=START_MS + 60_000)
    assert brought(second, first) == Sieved([second], held_back=1)


def test_who_has_joined_brings_no_second_join() -> None:
    """One for each link."""
    assert brought(join_of("bob"), may_join=False) == Sieved([], held_back=1)
