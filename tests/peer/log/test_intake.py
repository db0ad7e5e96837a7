"""What is told of received events."""

from __future__ import annotations

from peer.crypto.identity import member_id_of
from peer.log.chains import Bounds, Chains, ForkPoint, Refusal
from peer.log.control import Grant
from peer.log.event import LogId, Plane
from peer.log.facts import fact_of
from peer.log.intake import Batch, Fork, Intake, fork_at

from .replicas import Room, member, public_key


def test_intake_tells_what_to_pass_on_and_what_to_end() -> None:
    intake = Intake(
        refused=((b"1", Refusal.FUTURE), (b"2", Refusal.GAP), (b"3", Refusal.STRANGER)), proofs=(b"4", b"5")
    )
    assert intake.put_off == (b"1", b"2")
    assert intake.news == (b"4", b"5")
    assert not intake.is_hostile
    assert all(Intake(refused=((b"", reason),)).is_hostile for reason in (Refusal.MALFORMED, Refusal.SIGNATURE))


def test_batch_tells_of_what_is_left_in_the_end() -> None:
    """What was taken and let go again was too much; what became proof of a fork is told as that."""
    room, chains = Room(), Chains([public_key("ann")], Bounds())
    pen, other = room.pen("ann"), room.pen("ann")
    kept, gone, left = (fact_of(pen.write(Grant(public_key(name), 1))) for name in ("bob", "cyd", "dan"))
    other.events = [kept.event, gone.event]
    right = fact_of(other.write(Grant(public_key("eve"), 1)))
    chains.put(kept)
    chains.put(gone)
    chains.put(left)
    fork = chains.put(right)
    assert fork is not None
    chains.keep_only([kept])
    intake = Batch(accepted=[kept, gone, left], forks={left.log: fork}).intake(chains)
    assert intake.accepted == (kept.event,)
    assert intake.refused == ((gone.event.encoded, Refusal.FULL),)
    assert intake.proofs == (left.event.encoded, right.event.encoded)
    assert intake.forks == (Fork(member("ann"), pen.incarnation, 3),)


def test_fork_is_told_by_member() -> None:
    log = LogId(public_key("ann"), bytes(8), Plane.CONTROL)
    assert fork_at(log, ForkPoint(7, ())) == Fork(member_id_of(log.author), bytes(8), 7)
