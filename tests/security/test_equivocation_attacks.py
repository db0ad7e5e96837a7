"""Attacker does X, everybody sees Y: an author who says two things, and hopes it hangs on who hears which first."""

from __future__ import annotations

import pytest

from peer.log.chains import Bounds, Refusal
from peer.log.control import Ban, Invitation, Level, Revoke
from peer.log.event import Event, decode_event

from ..peer.log.replicas import Room, member, public_key

NOBODY, MEMBER, MODERATOR, ADMIN, OWNER = Level


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_contradiction_is_seen_whatever_its_second_half_says(order: tuple[int, int]) -> None:
    """One of the two is nothing that its author may say: in one order it was a fork, in the other it was not."""
    room = Room().with_members(bob=MODERATOR)
    right = room.authority("ann").standings_of(member("bob"))[0].id
    events = [
        room.pen("bob").write(Ban(public_key("eve")), auth=right),
        room.pen("bob").write(Invitation(bytes(32), 1), auth=right),
    ]
    for position in order:
        room.tell("ann", [events[position].encoded])
    for position in reversed(order):
        room.tell("cyd", [*room["bob"].export(), events[position].encoded])
    room.share("ann", "bob", "cyd")
    room.tell("ann bob cyd", [event.encoded for event in events])
    for name in ("ann", "bob", "cyd"):
        assert [fork.seq for fork in room[name].forks] == [1]
        assert room[name].digest() == room["ann"].digest()


def two_joins_and_a_fork(room: Room) -> list[Event]:
    """One join contradicts itself; what stands on the other one contradicts itself too."""
    [data] = room.invite()
    invite = decode_event(data, room_id=room.id)
    first, other = room.pen("eve", b"one join"), room.pen("eve", b"one join")
    good = room.pen("eve", b"the rest").join(invite)
    events = [first.join(invite), other.join(invite), good]
    logs = [room.pen("eve", b"leaving.") for _ in range(2)]
    return [invite, *events, *(pen.write(Revoke(), auth=good.id, ref=good) for pen in logs)]


def test_fork_is_not_forgotten_while_its_author_waits_in_the_same_batch() -> None:
    """Nor by a restart: what falls in the middle of a batch is looked at again at its end."""
    room = Room()
    events = [event.encoded for event in two_joins_and_a_fork(room)]
    room.tell("bob", events)
    room.tell("cyd", reversed(events))
    for data in events:
        room.tell("dan", [data])
    again = room.replica("bob", process=1)
    again.restore(room["bob"].export())
    assert len(room["bob"].forks) == 2
    assert len({log.digest() for log in (room["bob"], room["cyd"], room["dan"], again)}) == 1


def test_member_does_not_churn_for_ever() -> None:
    """Ever lower logs, each contradicted at once, each taken and told on: at the bound there is no more."""
    room = Room(bounds=Bounds(max_member_logs=4)).with_members(bob=MEMBER)
    right = room.said("ann", room.authority("ann").standings_of(member("bob"))[0].id)
    taken = 0
    for number in range(20, 0, -1):
        pens = [room.pen("bob", bytes(7) + bytes([number])) for _ in range(2)]
        for pen in pens:
            event = pen.write(Revoke(), auth=right.id, ref=right)
            taken += len(room["ann"].receive([event.encoded], now_ms=room.now_ms).news)
    assert taken == 4 * 3
    assert len(room["ann"].forks) == 4


def test_members_who_were_fed_different_crowds_end_alike() -> None:
    """Each filled the share of an invite with others; neither refuses what the other one holds for good."""
    room = Room(approve=True, bounds=Bounds(max_joins=8))
    [data] = room.invite()
    invite = decode_event(data, room_id=room.id)
    crowd = [room.pen(f"guest {n}").join(invite).encoded for n in range(32)]
    room.tell("bob", [data, *crowd[::2]])
    room.tell("cyd", [data, *crowd[1::2]])
    room.share("bob", "cyd")
    assert len(room["bob"].authority.pending) == 8
    [told] = room.tell("bob", crowd[-1:])
    assert [reason for _, reason in told.refused] == [Refusal.FULL]
