"""Authority and the control log on arbitrary histories (DESIGN, section 7: 1, 2, 7, 8, 10, 11, 13)."""

from __future__ import annotations

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from peer.crypto.identity import member_id_of, verify
from peer.ids import MemberId
from peer.log.authority import Authority, authority_of
from peer.log.control import Level
from peer.log.control_log import ControlLog
from peer.log.event import Event, EventId

from ..support.keys import Chance, identity
from .histories import NAMES, NOW_MS, History, histories
from .naive_authority import Naive

Answers = tuple[dict[MemberId, Level], frozenset[EventId], frozenset[MemberId], object, object, object]


def answers(authority: Authority) -> Answers:
    """All that an authority says."""
    return (
        dict(authority.members),
        frozenset(authority.lawful),
        frozenset(authority.banned),
        dict(authority.invites),
        authority.pending,
        authority.unconfirmed,
    )


def replica(history: History, name: str = "nil") -> ControlLog:
    return ControlLog(
        history.room_id, history.encoded_genesis, identity=identity(name), random_bytes=Chance(name), verify=verify
    )


def deliver(log: ControlLog, events: Sequence[Event], order: random.Random) -> None:
    """Some of it in batches and an order of its own, then what was lost or came too early."""
    encoded = [event.encoded for event in events]
    early = [data for data in encoded * 2 if order.random() < 0.6]
    order.shuffle(early)
    size = order.randint(1, len(encoded))
    for start in range(0, len(early), size):
        log.receive(early[start : start + size], now_ms=NOW_MS)
    log.receive(order.sample(encoded, len(encoded)), now_ms=NOW_MS)


@given(histories(), st.randoms(use_true_random=False))
def test_authority_is_what_the_rules_say(history: History, order: random.Random) -> None:
    """Invariants 1 and 7: the same as the recursive oracle, whatever the order and however often."""
    events = history.events + order.sample(history.events, len(history.events) // 2)
    order.shuffle(events)
    authority = authority_of(history.genesis, events)
    naive = Naive(
        history.genesis.owners,
        not history.genesis.needs_approval,
        [event.encoded for event in history.events],
        history.room_id,
    )
    assert authority.members == {member_id_of(key): level for key, level in naive.members.items()}
    assert authority.lawful == naive.lawful_ids
    assert authority.banned == {member_id_of(key) for key in naive.banned}
    assert answers(authority) == answers(authority_of(history.genesis, history.events))


@given(histories(), st.randoms(use_true_random=False))
def test_any_order_of_arrival_ends_in_the_same_log(history: History, order: random.Random) -> None:
    """Invariants 1 and 8: the same digest, forks, authority, and what is kept says so by itself."""
    left, right = replica(history), replica(history)
    deliver(left, history.events, order)
    deliver(right, history.events, order)
    assert left.digest() == right.digest()
    assert left.forks == right.forks
    assert answers(left.authority) == answers(right.authority)
    again = replica(history)
    again.restore(left.export())
    assert again.digest() == left.digest()
    assert answers(again.authority) == answers(left.authority)


@given(histories(), st.randoms(use_true_random=False))
def test_members_who_compare_end_with_the_same(history: History, order: random.Random) -> None:
    """Invariant 2 and 8, on the control plane: each holds a part, they exchange, and hold the same, forks included."""
    logs = [replica(history, name) for name in NAMES[:3]]
    for log in logs:
        log.receive([event.encoded for event in history.events if order.random() < 0.6], now_ms=NOW_MS)
    for _ in range(3 * len(history.events)):
        digests = {log.digest() for log in logs}
        if len(digests) == 1:
            break
        for log in logs:
            asked = order.choice([other for other in logs if other is not log])
            for part in log.summary():
                for batch in asked.missing(part):
                    log.receive(batch, now_ms=NOW_MS)
    assert len({log.digest() for log in logs}) == 1
    assert len({log.forks for log in logs}) == 1


@given(histories(), st.randoms(use_true_random=False))
def test_nothing_unverified_is_kept_or_passed_on(history: History, order: random.Random) -> None:
    """Invariants 11 and 13: what somebody altered changes no state, and is not among what is kept."""
    log = replica(history)
    deliver(log, history.events, order)
    before = log.digest(), log.export()
    event = order.choice(history.events)
    position = order.randrange(len(event.encoded))
    altered = event.encoded[:position] + bytes([event.encoded[position] ^ 1]) + event.encoded[position + 1 :]
    log.receive([altered], now_ms=NOW_MS)
    assert (log.digest(), log.export()) == before
    fresh = replica(history)
    fresh.receive([altered], now_ms=NOW_MS)
    assert altered not in fresh.export()


@given(histories())
def test_clock_rises_within_a_log_and_above_what_it_refers_to(history: History) -> None:
    """Invariant 10."""
    log = replica(history)
    log.receive([event.encoded for event in history.events], now_ms=NOW_MS)
    held = [event for event in history.events if event.encoded in log.export()]
    proofs = {(fork.author, fork.incarnation): fork.seq for fork in log.forks}
    clocks = {
        (event.log, event.header.seq): event.header.hlc
        for event in held
        if event.header.seq < proofs.get((member_id_of(event.header.author), event.header.incarnation), 2**32)
    }
    for (log_id, seq), hlc in clocks.items():
        assert seq == 1 or clocks[log_id, seq - 1] < hlc
    assert all(event.header.ref is None or event.header.ref.hlc < event.header.hlc for event in held)
