"""What removals leave of a member's rights, asked one log at a time."""

from __future__ import annotations

from peer.log.control import Cut, Level
from peer.log.event import EventId, LogId, Plane
from peer.log.removals import Removal, Removals, reach_of

NOBODY, MEMBER, MODERATOR, ADMIN, OWNER = Level
AUTHOR = bytes(32)
LOG = LogId(AUTHOR, b"a log...", Plane.CONTROL)


def removal(name: str, level: Level, *seqs: int) -> Removal:
    return Removal(EventId(name.encode()), level, reach_of(AUTHOR, [Cut(LOG.incarnation, LOG.plane, n) for n in seqs]))


def removals(*found: Removal) -> Removals:
    all_of_them = Removals()
    for one in found:
        all_of_them.add(one)
    return all_of_them


def test_right_is_ended_from_above_its_level() -> None:
    one = removals(removal("a", ADMIN, 3))
    assert one.end(MODERATOR, over=(), giver=ADMIN)
    assert one.limit(LOG, MODERATOR, over=(), giver=ADMIN) == 3
    assert not one.end(ADMIN, over=(), giver=OWNER)
    assert one.limit(LOG, ADMIN, over=(), giver=OWNER) is None


def test_shortest_of_what_is_not_overcome_counts() -> None:
    """A log that a removal does not name is cut before its first event."""
    one = removals(removal("a", ADMIN, 3), removal("b", MODERATOR, 2), removal("c", ADMIN))
    assert one.limit(LOG, MEMBER, over=(), giver=ADMIN) == 0
    assert one.limit(LOG, MEMBER, over=(b"c",), giver=ADMIN) == 2
    assert one.limit(LOG, MEMBER, over=(b"c", b"b"), giver=ADMIN) == 3
    assert one.limit(LOG, MEMBER, over=(b"a", b"b", b"c"), giver=ADMIN) is None
    assert not one.end(MEMBER, over=(b"a", b"b", b"c"), giver=ADMIN)


def test_removal_from_above_the_giver_is_not_overcome() -> None:
    """Nor is one overcome twice where it is named twice, or one that nobody knows."""
    one = removals(removal("a", OWNER, 1), removal("b", ADMIN, 2))
    assert one.limit(LOG, MEMBER, over=(b"a",), giver=ADMIN) == 1
    assert one.end(MEMBER, over=(b"a", b"b", b"b", b"x"), giver=ADMIN)
    assert not one.end(MEMBER, over=(b"a", b"b"), giver=OWNER)


def test_of_two_cuts_of_one_log_the_last_one_counts() -> None:
    assert removal("a", ADMIN, 5, 2, 3).reach == {LOG: 3}
