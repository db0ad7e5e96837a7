"""Attacker does X, everybody goes on: events that are dear to weigh. Each of these held a core for minutes."""

from __future__ import annotations

import time

from peer.log.control import MAX_CUTS, Ban, Cut, Grant, Level, Revoke
from peer.log.event import Event, EventId, Plane

from ..peer.log.replicas import Pen, Room, member, public_key

NOBODY, MEMBER, MODERATOR, ADMIN, OWNER = Level
CUTS = tuple(Cut(n.to_bytes(8, "big"), Plane.CONTROL, 1) for n in range(MAX_CUTS))
PATIENCE_S = 3.0
"""Of CPU time; each of these takes a tenth of it, and took more than ten times as much."""


def bans_and_grants(pen: Pen, auth: EventId, count: int) -> list[Event]:
    """Each grant overcomes other bans than all the others do, and is relied on by nobody."""
    events: list[Event] = []
    bans: list[EventId] = []
    for number in range(count):
        bans.append(pen.write(Ban(public_key("eve"), CUTS), auth=auth).id)
        over = tuple(bans[-100:][: 1 + number % 100])
        events += [pen.events[-1], pen.write(Grant(public_key("eve"), MEMBER, over), auth=auth)]
    return events


def weighed(room: Room, events: list[Event]) -> float:
    """Seconds of CPU for one evaluation of all that ann holds then."""
    room["ann"].restore([*room["ann"].export(), *(event.encoded for event in events)])
    before = time.process_time()
    assert room["ann"].authority.members
    return time.process_time() - before


def test_admin_freezes_nobody_by_bans_and_grants_over_them() -> None:
    """All cuts of all bans were put together anew for each grant."""
    room = Room().with_members(bob=ADMIN)
    auth = room.authority("ann").standings_of(member("bob"))[0].id
    assert weighed(room, bans_and_grants(room.pen("bob"), auth, 400)) < PATIENCE_S
    assert room.level("eve") is NOBODY


def test_moderator_freezes_nobody_by_resigning_in_many_logs() -> None:
    """The cuts of each resignation were put together anew for each event behind it."""
    room = Room().with_members(bob=MODERATOR)
    right = room.said("ann", room.authority("ann").standings_of(member("bob"))[0].id)
    logs = [room.pen("bob", bytes([1, *bytes(6), n])) for n in range(15)]
    ends = [pen.write(Revoke(CUTS), auth=right.id, ref=right) for pen in logs]
    talk = room.pen("bob", CUTS[0].incarnation)
    said = [talk.write(Ban(public_key("eve")), auth=right.id) for _ in range(500)]
    assert weighed(room, [*said, *ends]) < PATIENCE_S
    assert room.level("bob") is NOBODY
