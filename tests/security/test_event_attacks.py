"""Attacker does X, everybody sees Y: the "Events" row of the specification, on the control plane.

The attacker is a member or an outsider who writes whatever it likes under its own key, alters what others wrote, and
chooses what it shows to whom. After each attack the replica still takes what is genuine.
"""

from __future__ import annotations

import msgspec
import pytest

from peer.log.acts import Act
from peer.log.chains import Refusal
from peer.log.control import MAX_CUTS, MAX_OVER, Ban, Cut, Grant, Invitation, Level, Revoke
from peer.log.control_log import Bounds, Intake
from peer.log.event import MAX_EVENT_BYTES, Event, Plane, decode_event, hlc_at

from ..peer.log.replicas import Room, member, public_key

NOBODY, MEMBER, MODERATOR, ADMIN, OWNER = Level
ORDER_OF_ED25519 = 2**252 + 27742317777372353535851937790883648493


def give(room: Room, name: str, *encoded: bytes) -> Intake:
    return room[name].receive(encoded, now_ms=room.now_ms)


def reasons(intake: Intake) -> list[Refusal]:
    return [reason for _, reason in intake.refused]


def still_works(room: Room, name: str) -> None:
    """The next genuine event is taken, and the replica agrees with its author."""
    room.share("ann", name)
    assert give(room, name, *room.invite(number=9)).accepted
    assert room[name].digest() == room["ann"].digest()


def invitation(room: Room) -> Event:
    return decode_event(room.invite()[0], room_id=room.id)


def test_any_byte_changed_is_refused() -> None:
    """In header, signature, body or framing: nothing of it is kept."""
    room = Room()
    encoded = invitation(room).encoded
    before = room["bob"].digest()
    for position in range(len(encoded)):
        for bit in (0x01, 0x80):
            changed = encoded[:position] + bytes([encoded[position] ^ bit]) + encoded[position + 1 :]
            assert not give(room, "bob", changed).accepted
    assert room["bob"].digest() == before
    still_works(room, "bob")


def test_author_changed_is_refused() -> None:
    """A member's words put into the owner's mouth are not signed by the owner."""
    room = Room().with_members(bob=ADMIN)
    auth = room.authority("bob").standings_of(member("bob"))[0].id
    event = room.pen("bob").write(Invitation(bytes(32), 1), auth=auth)
    header = msgspec.msgpack.decode(event.signed)
    header[1], header[8] = public_key("ann"), b""
    forged = msgspec.msgpack.encode([msgspec.msgpack.encode(header), event.signature, event.body])
    assert reasons(give(room, "cyd", forged)) == [Refusal.SIGNATURE]
    still_works(room, "cyd")


def test_room_changed_is_refused() -> None:
    """The owner of two rooms said it in the other one."""
    here, there = Room(), Room(approve=True)
    assert here.id != there.id
    assert reasons(give(here, "bob", *there.invite())) == [Refusal.SIGNATURE]
    still_works(here, "bob")


def test_duplicate_is_free() -> None:
    """However often it is sent, one signature is checked."""
    room = Room()
    encoded = invitation(room).encoded
    give(room, "bob", *[encoded] * 1000)
    for _ in range(3):
        give(room, "bob", *[encoded] * 1000)
    assert room.verifications["bob"].count == 1


def test_gap_is_seen() -> None:
    """What is behind it is put off, not taken, and costs no check."""
    room = Room()
    first, second = room.invite()[0], room.invite(number=1)[0]
    assert reasons(give(room, "bob", second)) == [Refusal.GAP]
    assert room.verifications["bob"].count == 0
    assert len(give(room, "bob", second, first).accepted) == 2


def test_wrong_predecessor_is_seen() -> None:
    """It is a second statement of what stood there: the log is cut below, and its author is named."""
    room = Room()
    pen = room.pen("ann")
    first = pen.write(Grant(public_key("bob"), MEMBER))
    liar = pen.write(Grant(public_key("eve"), MEMBER), prev=bytes(32))
    intake = give(room, "bob", first.encoded, liar.encoded)
    assert [(fork.author, fork.seq) for fork in intake.forks] == [(member("ann"), 1)]
    assert room.level("bob", by="bob") is NOBODY


def test_truncated_tail_is_seen() -> None:
    """Whoever was shown less than others finds out by the first digest it compares."""
    room = Room()
    events = [room.invite(number=number)[0] for number in range(3)]
    give(room, "bob", *events[:2])
    give(room, "cyd", *events)
    assert room["bob"].digest() != room["cyd"].digest()
    [part] = room["bob"].summary()
    assert room["cyd"].missing(part) == [[events[2]]]


@pytest.mark.parametrize("order", ["abc", "acb", "bac", "bca", "cab", "cba"])
def test_equivocation_gets_the_same_verdict_in_any_order(order: str) -> None:
    """Three stories for three members; whoever hears of two of them in whatever order cuts in the same place."""
    room = Room()
    pens = [room.pen("ann") for _ in range(3)]
    common = pens[0].write(Grant(public_key("bob"), MEMBER))
    for pen in pens[1:]:
        pen.events = [common]
    stories = {
        letter: [pen.write(Grant(public_key(letter * n), MEMBER)) for n in (1, 2)]
        for letter, pen in zip("abc", pens, strict=True)
    }
    for letter in order:
        give(room, order, common.encoded, *(event.encoded for event in stories[letter]))
    for letter in "abc":
        give(room, letter, common.encoded, *(event.encoded for event in stories[letter]))
    room.share("a", "b", "c", order)
    for name in ("a", "b", "c", order):
        assert [fork.seq for fork in room[name].forks] == [2]
        assert room[name].authority.members.keys() == {member("ann"), member("bob")}


def test_equivocation_behind_a_hole_is_seen() -> None:
    """The place where two things were said was never shown twice; what follows it gives the author away."""
    room = Room()
    left, right = room.pen("ann"), room.pen("ann")
    give(room, "bob", left.write(Grant(public_key("bob"), MEMBER)).encoded)
    right.write(Grant(public_key("eve"), MEMBER))
    intake = give(room, "bob", right.write(Grant(public_key("fay"), MEMBER)).encoded)
    assert [fork.seq for fork in intake.forks] == [1]
    assert intake.news


def test_malleated_signature_is_refused_and_makes_no_second_event() -> None:
    """S + L is another spelling of the same signature: the id does not cover it, and the check refuses it."""
    room = Room()
    event = invitation(room)
    s = int.from_bytes(event.signature[32:], "little") + ORDER_OF_ED25519
    malleated = event.signature[:32] + s.to_bytes(32, "little")
    encoded = event.encoded.replace(event.signature, malleated)
    assert decode_event(encoded, room_id=room.id).id == event.id
    assert reasons(give(room, "bob", encoded)) == [Refusal.SIGNATURE]
    assert give(room, "bob", event.encoded).accepted
    assert give(room, "bob", encoded) == Intake()


def test_outsider_costs_no_signature_check() -> None:
    """Neither its own words, nor a join by an invite that nobody made, nor grants that it makes itself."""
    room = Room()
    pen = room.pen("eve")
    made_up = room.pen("eve", b"another!").write(Invitation(room.invite_key(3).public_key, 1))
    joined = room.pen("eve", b"a third!").join(made_up, number=3)
    own = pen.write(Grant(public_key("eve"), ADMIN))
    more = pen.write(Ban(public_key("ann")), auth=own.id)
    intake = give(room, "bob", made_up.encoded, joined.encoded, own.encoded, more.encoded)
    assert reasons(intake) == [Refusal.STRANGER] * 4
    assert room.verifications["bob"].count == 0
    assert room["bob"].export() == []
    still_works(room, "bob")


def test_oversize_event_costs_no_signature_check() -> None:
    room = Room()
    event = invitation(room)
    padded = msgspec.msgpack.encode([event.signed, event.signature, event.body + bytes(MAX_EVENT_BYTES)])
    assert reasons(give(room, "bob", padded, bytes(2**20))) == [Refusal.MALFORMED] * 2
    assert room.verifications["bob"].count == 0


def test_future_time_is_bounded() -> None:
    """More than 120 s ahead is put off; it moves no clock but its author's."""
    room = Room().with_members(bob=ADMIN)
    auth = room.authority("bob").standings_of(member("bob"))[0].id
    event = room.pen("bob").write(Invitation(bytes(32), 1), auth=auth, hlc=2**63 - 1)
    assert reasons(give(room, "ann", event.encoded)) == [Refusal.FUTURE]
    near = room.pen("bob").write(Invitation(bytes(32), 1), auth=auth, hlc=hlc_at(room.now_ms + 120_000))
    assert give(room, "ann", near.encoded).accepted
    assert decode_event(room.invite()[0], room_id=room.id).header.hlc == hlc_at(room.now_ms)


def test_huge_sequence_is_bounded() -> None:
    """It is a gap, and the end of a log is where the bound says."""
    room = Room(bounds=Bounds(max_log_events=3))
    pen = room.pen("ann")
    huge = pen.write(Invitation(bytes(32), 1), seq=2**32 - 1, prev=bytes(32))
    assert reasons(give(room, "bob", huge.encoded)) == [Refusal.GAP]
    pen.events.clear()
    events = [pen.write(Invitation(bytes([n]) * 32, 1)).encoded for n in range(4)]
    assert reasons(give(room, "bob", *events)) == [Refusal.SEQUENCE]
    assert len(room["bob"].export()) == 3


def test_many_references_are_bounded() -> None:
    """Cuts of a revoke and removals that a grant names: beyond the bound it is not an event at all."""
    room = Room()
    pen = room.pen("ann")
    grant = pen.write(Grant(public_key("bob"), MEMBER, (bytes(32),) * (MAX_OVER + 1)))
    cut = Cut(bytes(8), Plane.CONTROL, 1)
    ban = pen.write(Ban(public_key("eve"), (cut,) * (MAX_CUTS + 1)))
    assert reasons(give(room, "bob", grant.encoded, ban.encoded)) == [Refusal.MALFORMED] * 2
    assert room.verifications["bob"].count == 0


def test_flood_of_void_events_is_bounded() -> None:
    """A removed admin goes on writing: what is kept of it has an end, and others' acts still fit."""
    room = Room(bounds=Bounds(max_void=8)).with_members(bob=ADMIN)
    auth = room.authority("bob").standings_of(member("bob"))[0].id
    room.kick("bob")
    held = len(room["ann"].export())
    for number in range(10):
        pen = room.pen("bob", bytes(7) + bytes([number]))
        give(room, "ann", *(pen.write(Grant(public_key(f"{n}"), MEMBER), auth=auth).encoded for n in range(10)))
    assert len(room["ann"].export()) == held + 8
    assert room.set_level("cyd", ADMIN)


def test_edit_of_what_another_said_is_ignored() -> None:
    """The owner's grant stands though a member signs a revoke of it, a rival ban, or the same place in its log."""
    room = Room().with_members(bob=ADMIN, cyd=MEMBER)
    right = room.authority("ann").standings_of(member("cyd"))[0].id
    events = [decode_event(data, room_id=room.id) for data in room["ann"].export()]
    [target] = [event for event in events if event.id == right]
    revoke = room.pen("cyd").write(Revoke(), auth=right, ref=room.pen("ann").write(Ban(public_key("eve"))))
    impostor = room.pen("cyd", target.header.incarnation).write(Ban(public_key("ann")), auth=right)
    give(room, "ann", revoke.encoded, impostor.encoded)
    assert room.level("cyd") is MEMBER
    assert room["ann"].forks == ()


def test_key_of_small_order_says_nothing() -> None:
    """Almost any signature would hold under it, so that nobody could be held to it."""
    room = Room()
    weak = bytes(32)
    [data] = room.say("ann", [Act(Grant(weak, MEMBER))])
    grant = decode_event(data, room_id=room.id)
    header = msgspec.msgpack.decode(room.pen("eve").write(Revoke(), auth=grant.id, ref=grant).signed)
    header[1] = weak
    body = msgspec.msgpack.encode([[]])
    forged = msgspec.msgpack.encode([msgspec.msgpack.encode(header), b"\x01" + bytes(63), body])
    assert reasons(give(room, "ann", forged)) == [Refusal.SIGNATURE]
