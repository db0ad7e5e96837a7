"""The replica: what it takes in and in which order it looks, what it writes, and what it lets go."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from peer.crypto.identity import verify
from peer.errors import MalformedFrame, NotAllowed
from peer.log import acts
from peer.log.control import Ban, Grant, Invitation, Join, Level, Revoke
from peer.log.control_log import Bounds, ControlLog, Refusal, Told
from peer.log.event import EventId, decode_event, hlc_at

from ...support.keys import Chance, identity
from .replicas import NOW_MS, Room, member, public_key

NOBODY, MEMBER, MODERATOR, ADMIN, OWNER = Level


def refusals(room: Room, name: str, *events: bytes, sender: str = "") -> list[Refusal]:
    told = room[name].receive(events, now_ms=room.now_ms, sender=member(sender) if sender else None)
    return [reason for _, reason in told.refused]


# what is checked, and in which order


def test_genesis_of_another_room_is_refused() -> None:
    room = Room()
    with pytest.raises(MalformedFrame, match="another room"):
        ControlLog(room.id, room.genesis + b"\0", identity=identity("ann"), random_bytes=Chance("ann"))


def test_events_are_taken_in_any_order_of_one_batch() -> None:
    """A grant may stand behind what its member wrote by it."""
    room = Room().with_members(bob=ADMIN)
    room.set_level("cyd", MEMBER, by="bob")
    told = room["eve"].receive(reversed(room["bob"].export()), now_ms=room.now_ms)
    assert [event.encoded for event in told.accepted] == list(told.news) == room["bob"].export()
    assert room["eve"].digest() == room["bob"].digest()


def test_duplicate_is_free() -> None:
    """No signature is checked for what is held, nor twice for what came twice in one batch."""
    room = Room()
    events = room.invite() + room.invite(number=1)
    room.tell("bob", events + events)
    assert room.verifications["bob"].count == 2
    assert room["bob"].receive(events, now_ms=room.now_ms).accepted == ()
    assert room.verifications["bob"].count == 2


def test_cheap_checks_come_first() -> None:
    """Each of these is refused before a signature is looked at: all of them carry a bad one."""
    room = Room().with_members(bob=MEMBER)
    pen, eve = room.pen("ann"), room.pen("eve")
    good = pen.write(Grant(public_key("cyd"), MEMBER))
    room.tell("bob", [good.encoded])
    count = room.verifications["bob"].count
    stranger = eve.write(Ban(public_key("bob")))
    right = room.authority("bob").standings_of(member("bob"))[0].id
    not_allowed = room.pen("bob").write(Invitation(bytes(32), 1), auth=right)
    gap = pen.write(Grant(public_key("cyd"), MEMBER), seq=9)
    huge = pen.write(Grant(public_key("cyd"), MEMBER), seq=2**32 - 1)
    still = pen.write(Grant(public_key("cyd"), MEMBER), after=good, hlc=good.header.hlc)
    future = pen.write(Grant(public_key("cyd"), MEMBER), after=good, hlc=hlc_at(room.now_ms + 130_000))
    unsigned = [
        event.encoded.replace(event.signature, bytes(64)) for event in (stranger, not_allowed, gap, huge, still, future)
    ]
    assert refusals(room, "bob", b"\xc1", bytes(20_000)) == [Refusal.MALFORMED] * 2
    found = [refusals(room, "bob", data)[0] for data in unsigned]
    expected = ["STRANGER", "NOT_ALLOWED", "GAP", "GAP", "SEQUENCE", "FUTURE"]
    assert [reason.name for reason in found] == expected
    assert room.verifications["bob"].count == count


def test_bad_signature_is_refused_and_the_good_event_still_taken() -> None:
    """A second spelling of a signature makes no second event."""
    room = Room()
    [data] = room.invite()
    event = decode_event(data, room_id=room.id)
    forged = data.replace(event.signature, bytes(64))
    told = room["bob"].receive([forged], now_ms=room.now_ms)
    assert told.refused == ((forged, Refusal.SIGNATURE),)
    assert told.is_hostile
    assert not room["bob"].receive([data], now_ms=room.now_ms).is_hostile
    assert refusals(room, "bob", forged) == []
    assert room["bob"].export() == [data]


def test_event_from_the_future_is_put_off() -> None:
    """And taken when its time has come."""
    room = Room()
    event = room.pen("ann").write(Invitation(bytes(32), 1), hlc=hlc_at(NOW_MS + 120_001))
    assert room["bob"].receive([event.encoded], now_ms=NOW_MS).put_off == (event.encoded,)
    assert room["bob"].receive([event.encoded], now_ms=NOW_MS + 1).accepted == (event,)


def test_gap_is_seen_and_filled_later() -> None:
    room = Room()
    first, second = room.invite(), room.invite(number=1)
    assert room["bob"].receive(second, now_ms=room.now_ms).put_off == tuple(second)
    assert len(room["bob"].receive(second + first, now_ms=room.now_ms).accepted) == 2


# joins


def test_join_needs_the_signature_of_its_invite() -> None:
    """Its own signature does not do; both are checked, the newcomer's first."""
    room = Room()
    [data] = room.invite()
    invite = decode_event(data, room_id=room.id)
    forged = room.pen("eve").write(Join(bytes(64)), auth=invite.id)
    wrong = room.pen("eve", b"another!").join(invite, number=5)
    assert refusals(room, "ann", forged.encoded, wrong.encoded) == [Refusal.INVITE, Refusal.INVITE]
    assert refusals(room, "ann", room.pen("eve").join(forged).encoded) == [Refusal.STRANGER]
    assert refusals(room, "ann", room.pen("ann").join(invite).encoded) == [Refusal.NOT_ALLOWED]
    assert not room.authority("ann").is_member(member("eve"))


def test_member_who_meets_a_newcomer_judges_by_its_own_clock() -> None:
    """Later it is a fact: others take the join from that member, however late."""
    room = Room()
    [data] = room.invite(expires_ms=NOW_MS + 100)
    join = room.pen("eve").join(decode_event(data, room_id=room.id)).encoded
    room.now_ms = NOW_MS + 101
    assert refusals(room, "ann", join, sender="eve") == [Refusal.INVITE]
    outsiders = room["ann"].receive([join], now_ms=room.now_ms, is_vouched=False)
    assert [reason for _, reason in outsiders.refused] == [Refusal.INVITE]
    assert refusals(room, "ann", join, sender="bob") == []
    assert room.level("eve") is MEMBER


def test_each_event_of_a_batch_has_its_own_sender() -> None:
    """What came on several links is taken in at once, and each newcomer judged by who brought it."""
    room = Room()
    [data] = room.invite(expires_ms=NOW_MS + 100)
    invite = decode_event(data, room_id=room.id)
    joins = [room.pen(name).join(invite).encoded for name in ("eve", "fay", "gus")]
    told = [Told(joins[0], member("eve")), Told(joins[1], member("bob")), Told(joins[2], member("bob"), False)]
    intake = room["ann"].receive_all(told, now_ms=NOW_MS + 101)
    assert [encoded for encoded, _ in intake.refused] == [joins[0], joins[2]]
    assert room.level("fay") is MEMBER


def test_join_first_heard_of_when_its_invite_is_over_is_late() -> None:
    """No client grants it by itself; what came in time is granted, and then the invite is ended for all."""
    room = Room()
    [data] = room.invite(expires_ms=NOW_MS + 100)
    invite = decode_event(data, room_id=room.id)
    room.tell("ann", [room.pen("eve").join(invite).encoded])
    dated_back = room.pen("ghost").join(invite)
    late_ms = NOW_MS + 101 + acts.SKEW_MS
    room["ann"].receive([dated_back.encoded], now_ms=late_ms)
    log, me = room["ann"], member("ann")
    assert log.late_joins == {dated_back.id}
    assert acts.uninvites_due(log.authority, me, now_ms=late_ms, late=log.late_joins) == []
    room.say("ann", acts.grants_due(log.authority, me, late=log.late_joins))
    assert acts.uninvites_due(log.authority, me, now_ms=late_ms - 1, late=log.late_joins) == []
    room.say("ann", acts.uninvites_due(log.authority, me, now_ms=late_ms, late=log.late_joins))
    assert (room.level("eve"), room.level("ghost")) == (MEMBER, NOBODY)
    assert acts.uninvites_due(log.authority, me, now_ms=late_ms) == []
    assert acts.uninvites_due(log.authority, member("eve"), now_ms=late_ms) == []


def test_used_and_ended_invites_and_removed_keys_are_turned_away() -> None:
    room = Room()
    single, standing, ended = (room.invite(number=n, is_open=n > 0)[0] for n in range(3))
    invites = [decode_event(data, room_id=room.id) for data in (single, standing, ended)]
    room.say("ann", acts.uninvite(room.authority("ann"), member("ann"), key=room.invite_key(2).public_key))
    room.tell("ann", [room.pen("bob").join(invites[0]).encoded])
    room.say("ann", acts.grants_due(room.authority("ann"), member("ann")))
    room.say("ann", [acts.Act(Ban(public_key("fay")))])
    attempts = [("eve", 0), ("eve", 2), ("fay", 1)]
    joins = {name + str(n): room.pen(name, b"%8d" % n).join(invites[n], number=n).encoded for name, n in attempts}
    assert [refusals(room, "ann", joins[name + str(n)], sender=name) for name, n in attempts] == [[Refusal.INVITE]] * 3


def test_refused_join_holds_up_nothing() -> None:
    """Each join begins a log of its own."""
    room = Room(approve=True)
    room.tell("eve", room.invite() + room.invite(number=1))
    first, second = room.join("eve"), room.join("eve", number=1)
    room.tell("ann", second)
    room.say("ann", acts.admit(room.authority("ann"), member("ann"), member("eve")))
    assert room.level("eve") is MEMBER
    assert first != second


# forks


def forked(room: Room) -> tuple[list[bytes], list[bytes]]:
    """Two branches of ann's log of four: the first two events are the same."""
    left, right = room.pen("ann"), room.pen("ann")
    common = [left.write(Grant(public_key(name), MEMBER)) for name in ("bob", "cyd")]
    right.events = list(common)
    ours = [left.write(Grant(public_key("dan"), MEMBER)) for _ in range(2)]
    theirs = [right.write(Grant(public_key("eve"), MEMBER)) for _ in range(2)]
    return [event.encoded for event in common + ours], [event.encoded for event in common + theirs]


def test_fork_is_cut_below_and_told() -> None:
    """Two signed headers for one place are proof."""
    room = Room()
    left, right = forked(room)
    room.tell("bob", left)
    [told] = room.tell("bob", right)
    [fork] = told.forks
    assert (fork.author, fork.seq) == (member("ann"), 3)
    assert told.news == told.proofs == (left[2], right[2])
    assert room["bob"].forks == (fork,)
    assert [room.level(name, by="bob") for name in ("cyd", "dan", "eve")] == [MEMBER, NOBODY, NOBODY]
    assert refusals(room, "bob", left[3], right[3]) == [Refusal.FORKED, Refusal.FORKED]


def test_fork_gives_the_same_cut_in_any_order_of_arrival() -> None:
    """Also where each holds one branch, and where the place itself was never seen twice."""
    room = Room()
    left, right = forked(room)
    room.tell("bob", left + right)
    room.tell("cyd", right)
    room.tell("cyd", left)
    room.tell("dan", left[:3])
    room.tell("dan", right[3:])
    for name in ("bob", "cyd", "dan"):
        assert [fork.seq for fork in room[name].forks] == [3]
    assert room["bob"].digest() == room["cyd"].digest() == room["dan"].digest()


def test_fork_hidden_by_a_hole_is_seen() -> None:
    """What is behind the hole contradicts what is held before it."""
    room = Room()
    left, right = forked(room)
    room.tell("bob", left[:3])
    room.tell("bob", right[3:])
    assert [fork.seq for fork in room["bob"].forks] == [3]
    room.tell("cyd", right[:3])
    room.share("bob", "cyd")
    assert room["cyd"].forks == room["bob"].forks


def test_earlier_fork_replaces_a_later_one() -> None:
    room = Room()
    left, right = forked(room)
    pen = room.pen("ann")
    other = pen.write(Grant(public_key("fay"), MEMBER)).encoded
    room.tell("bob", left + right + [other])
    assert [fork.seq for fork in room["bob"].forks] == [1]
    assert room["bob"].authority.members == {member("ann"): OWNER}


def test_what_stood_on_a_cut_log_falls_with_it() -> None:
    """Authors whom nobody knows any more are strangers again, and what they wrote is let go, on every replica."""
    room = Room().with_members(bob=ADMIN)
    [own] = room["ann"].export()
    room.set_level("cyd", MEMBER, by="bob")
    forger = room.pen("ann", room["ann"].incarnation)
    again = forger.write(Grant(public_key("dan"), MEMBER)).encoded
    room.tell("ann", room["bob"].export())
    room.tell("ann bob", [again])
    room.tell("eve", [own, again, *room["bob"].export()])
    for name in ("ann", "bob", "eve"):
        assert len(room[name].export()) == 2
        assert room[name].authority.members == {member("ann"): OWNER}
        assert room[name].digest() == room["ann"].digest()


def test_what_a_fork_let_fall_may_stand_on_what_is_still_to_come() -> None:
    """In one batch: a grant falls with its granter's log, and another grant to the same author is further back."""
    room = Room()
    ann, liar, other = room.pen("ann"), room.pen("ann"), room.pen("ann", b"another!")
    admin = ann.write(Grant(public_key("bob"), ADMIN))
    said = room.pen("bob").write(Grant(public_key("cyd"), MEMBER), auth=admin.id)
    again = liar.write(Grant(public_key("dan"), MEMBER))
    late = other.write(Grant(public_key("bob"), ADMIN))
    [told] = room.tell("eve", [event.encoded for event in (admin, said, again, late)])
    assert {event.id for event in told.accepted} == {said.id, late.id}
    assert len(told.accepted) == 2
    assert told.refused == ()
    room.tell("fay", [admin.encoded, said.encoded])
    [told] = room.tell("fay", [again.encoded, late.encoded])
    assert [event.id for event in told.accepted] == [late.id]
    assert room["fay"].digest() == room["eve"].digest()


def test_writer_whose_log_was_cut_begins_another() -> None:
    """Its old numbers are spent: two headers for one place would be its own fork."""
    room = Room().with_members(bob=MEMBER)
    before = room["ann"].incarnation
    room.tell("ann", [room.pen("ann", before).write(Grant(public_key("dan"), MEMBER)).encoded])
    room.set_level("bob", MODERATOR)
    assert room["ann"].incarnation != before
    assert room.level("bob") is MODERATOR
    room.share("ann", "bob")


# writing


def test_writer_that_learned_of_its_removal_stops() -> None:
    """It would go on in a log that nobody else follows; nothing of the attempt is kept."""
    room = Room().with_members(bob=ADMIN, cyd=MEMBER)
    doing = acts.kick(room.authority("bob"), member("bob"), member("cyd"))
    room.tell("bob", room.kick("bob"))
    before = room["bob"].digest(), room["bob"].incarnation
    with pytest.raises(NotAllowed, match="whose right to it stands"):
        room.say("bob", doing)
    assert (room["bob"].digest(), room["bob"].incarnation) == before
    assert room["bob"].digest() == room["ann"].digest()


def test_banned_newcomer_cannot_even_write_its_join() -> None:
    room = Room()
    room.invite()
    room.say("ann", [acts.Act(Ban(public_key("eve")))])
    room.tell("eve", room["ann"].export())
    with pytest.raises(NotAllowed):
        room.join("eve")
    assert room["eve"].incarnation == b""


def test_act_about_something_that_is_not_held_is_not_written() -> None:
    room = Room()
    with pytest.raises(NotAllowed):
        room.say("ann", [acts.Act(Revoke(), ref=EventId(bytes(32)))])
    assert room["ann"].export() == []


def test_level_that_said_all_it_may_says_nothing_more() -> None:
    room = Room(bounds=Bounds(max_events=1))
    room.invite()
    with pytest.raises(NotAllowed):
        room.invite(number=1)
    assert len(room["ann"].export()) == 1


def test_own_clock_rises_and_follows_what_it_builds_on_alone() -> None:
    """Whoever sets its clock forward moves nobody else's."""
    room = Room().with_members(bob=ADMIN)
    auth = room.authority("bob").standings_of(member("bob"))[0].id
    ahead = room.pen("bob").write(Grant(public_key("cyd"), MEMBER), auth=auth, hlc=hlc_at(NOW_MS + 100_000))
    room.tell("ann", [ahead.encoded])
    first, second = (decode_event(room.invite(number=n)[0], room_id=room.id) for n in range(2))
    assert first.header.hlc == hlc_at(room.now_ms - 1)
    assert second.header.hlc == hlc_at(room.now_ms)
    [revoke] = room.say("ann", [acts.Act(Revoke(), ref=ahead.id)])
    assert decode_event(revoke, room_id=room.id).header.hlc == ahead.header.hlc + 1
    room.now_ms -= 1000
    [late] = room.invite(number=3)
    assert decode_event(late, room_id=room.id).header.hlc == ahead.header.hlc + 2


# keeping


def test_restored_log_goes_on_where_it_was() -> None:
    """No number is given twice; signatures are not checked again."""
    room = Room().with_members(bob=ADMIN)
    room.invite()
    saved, incarnation = room["ann"].export(), room["ann"].incarnation
    again = room.replica("ann", incarnation=incarnation, process=1)
    again.restore([*saved, b"\xc1", room.pen("eve").write(Ban(bytes(32))).encoded])
    assert room.verifications["ann"].count == 0
    assert again.digest() == room["ann"].digest()
    [event] = again.append(
        acts.uninvite(again.authority, member("ann"), key=room.invite_key().public_key), now_ms=NOW_MS
    )
    assert (event.header.incarnation, event.header.seq) == (incarnation, 3)


def test_proof_of_a_fork_is_kept_with_the_rest() -> None:
    room = Room()
    left, right = forked(room)
    room.tell("bob", left + right)
    again = room.replica("bob", process=1)
    again.restore(room["bob"].export())
    assert again.forks == room["bob"].forks
    assert again.digest() == room["bob"].digest()


def test_void_events_are_parked_and_count_again() -> None:
    """Also those that arrive after the revoke, which a replica that deleted them would have lost."""
    room = Room().with_members(bob=ADMIN)
    late = room.set_level("dan", MEMBER, by="bob")
    revoke = room.say("ann", [acts.Act(Revoke(), ref=room.authority("ann").standings_of(member("bob"))[0].id)])
    room.tell("ann", late)
    room.tell("bob", revoke)
    assert room.level("dan") is room.level("dan", by="bob") is NOBODY
    back = room.say("ann", [acts.Act(Revoke(), ref=decode_event(revoke[0], room_id=room.id).id)])
    room.tell("bob", back)
    assert room.level("dan") is room.level("dan", by="bob") is MEMBER
    assert room["ann"].digest() == room["bob"].digest()


def test_limbo_is_bounded_and_fair() -> None:
    """What a removed admin goes on writing is kept up to the bound, each log's first; waiting joins are not void."""
    room = Room(bounds=Bounds(max_void=3)).with_members(bob=ADMIN, cyd=ADMIN)
    room.tell("bob eve", room.invite(is_open=False))
    room.tell("eve", room["ann"].export())
    room.tell("ann", room.join("eve"))
    rights = {name: room.authority("ann").standings_of(member(name))[0].id for name in ("bob", "cyd")}
    pens = {name: room.pen(name) for name in rights}
    events = [pens[n].write(Grant(public_key(f"{n}{i}"), MEMBER), auth=rights[n]) for i in range(4) for n in rights]
    room.kick("bob")
    room.kick("cyd")
    held = len(room["ann"].export())
    [told] = room.tell("ann", [event.encoded for event in events])
    kept = [event for event in events if event.encoded in room["ann"].export()]
    assert kept == events[:3]
    assert len(room["ann"].export()) == held + 3
    assert {reason for _, reason in told.refused} == {Refusal.FULL}
    assert [pending.member for pending in room.authority("ann").pending] == [member("eve")]


def test_limbo_lets_go_of_the_same_events_whatever_came_first() -> None:
    room = Room(bounds=Bounds(max_void=2)).with_members(bob=ADMIN)
    auth = room.authority("ann").standings_of(member("bob"))[0].id
    pen = room.pen("bob")
    written = [pen.write(Grant(public_key(f"m{i}"), MEMBER), auth=auth).encoded for i in range(6)]
    room.tell("bob", written)
    kick = room.kick("bob")
    room.tell("bob", kick)
    room.tell("ann", written)
    assert room["ann"].digest() == room["bob"].digest()
    assert room["ann"].export() == room["bob"].export()


# comparing


def test_replicas_that_differ_end_alike() -> None:
    room = Room().with_members(bob=ADMIN)
    room.invite()
    room.set_level("dan", MEMBER, by="bob")
    assert room["ann"].digest() != room["bob"].digest()
    room.share("ann", "bob", "eve")
    assert len(room["ann"].digest()) == 16
    assert room["eve"].authority.members == room["ann"].authority.members


def test_batches_stay_within_a_frame() -> None:
    room = Room(bounds=replace(Bounds(), max_frame_bytes=1024))
    for number in range(12):
        room.invite(number=number)
    [part] = room["bob"].summary()
    batches = room["ann"].missing(part)
    assert len(batches) >= 3
    assert all(sum(len(data) + 5 for data in batch) <= 1024 for batch in batches)
    assert [data for batch in batches for data in batch] == room["ann"].export()
    with pytest.raises(MalformedFrame):
        room["ann"].missing(b"\xc1")


def test_verifier_of_our_own_is_the_usual_one() -> None:
    room = Room()
    log = ControlLog(room.id, room.genesis, identity=identity("bob"), random_bytes=Chance("bob"), verify=verify)
    assert len(log.receive(room.invite(), now_ms=room.now_ms).accepted) == 1


def test_void_event_before_one_that_counts_is_no_limbo() -> None:
    """The log could not be checked without it."""
    room = Room(bounds=Bounds(max_void=0))
    pen = room.pen("ann")
    void = pen.write(Grant(public_key("ann"), MEMBER))
    room.tell("bob", [void.encoded, pen.write(Grant(public_key("bob"), MEMBER)).encoded])
    assert void.encoded in room["bob"].export()


def test_writer_whose_log_is_full_begins_another() -> None:
    """So that nobody who makes it write ends what it can say; also after a restart."""
    room = Room(bounds=Bounds(max_log_events=3))
    for number in range(7):
        room.invite(number=number)
    logs = Counter(decode_event(data, room_id=room.id).log for data in room["ann"].export())
    assert sorted(logs.values()) == [1, 3, 3]
    again = room.replica("ann", incarnation=room["ann"].incarnation, process=1)
    again.restore(room["ann"].export())
    key = room.invite_key(8).public_key
    doing = acts.invite(again.authority, member("ann"), key=key, is_open=True, expires_ms=0)
    [event] = again.append(doing, now_ms=room.now_ms + 1)
    assert event.header.seq == 2


def test_half_of_what_a_level_may_say_is_spared() -> None:
    room = Room(bounds=Bounds(max_events=8))
    assert room["ann"].spare == 4
    for number in range(3):
        room.invite(number=number)
    assert room["ann"].spare == 1
    for number in range(3, 6):
        room.invite(number=number)
    assert room["ann"].spare == 0
