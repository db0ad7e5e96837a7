"""Attacker does X, everybody sees Y: the "Membership" row of the specification.

Each member has a replica of its own; links are stood in for by giving events to replicas. What a link does with the
verdict (close, lobby, causal gate) is tested with the links.
"""

from __future__ import annotations

import itertools

import pytest

from peer.core.membership import Founding, Membership
from peer.errors import NotAllowed
from peer.keys.room_keys import derive_invite_key
from peer.log import acts
from peer.log.authority import InviteVerdict, authority_of
from peer.log.chains import Bounds, Refusal
from peer.log.control import Ban, Cut, Grant, Invitation, Join, Level, Revoke, sign_join
from peer.log.event import Event, Plane, decode_event, hlc_at
from peer.log.genesis import decode_genesis

from ..peer.log.replicas import NOW_MS, Room, member, public_key
from ..support.keys import Chance, identity

NOBODY, MEMBER, MODERATOR, ADMIN, OWNER = Level


def a_room() -> Room:
    """ann owns it, bob is admin, cyd moderator, dan a member; all hold the same."""
    return Room().with_members(bob=ADMIN, cyd=MODERATOR, dan=MEMBER)


def right_of(room: Room, name: str) -> bytes:
    return room.authority("ann").standings_of(member(name))[0].id


def held(room: Room, event_id: bytes) -> Event:
    events = (decode_event(data, room_id=room.id) for data in room["ann"].export())
    return next(event for event in events if event.id == event_id)


@pytest.mark.parametrize("name", ["cyd", "dan", "eve"])
def test_ghost_added_by_somebody_who_is_no_admin_is_ignored(name: str) -> None:
    """A moderator, a member, an outsider: whatever right it cites, its own or another's or none."""
    room = a_room()
    for number, auth in enumerate((b"", right_of(room, "bob"), right_of(room, "cyd"), right_of(room, "dan"))):
        pen = room.pen(name, bytes(7) + bytes([number]))
        room.tell("ann bob", [pen.write(Grant(public_key("ghost"), MEMBER), auth=auth).encoded])
    assert room.level("ghost") is room.level("ghost", by="bob") is NOBODY


def test_ghost_with_the_link_but_no_invite_of_the_room_is_nobody() -> None:
    """It has the room's secret, and makes up an invite: nobody with the right to invite has signed it."""
    room = a_room()
    invite = room.pen("dan").write(Invitation(room.invite_key().public_key, 1), auth=right_of(room, "dan"))
    ghost = room.pen("ghost").join(invite)
    room.tell("ann bob", [invite.encoded, ghost.encoded])
    assert room.level("ghost") is NOBODY
    assert room.authority("ann").pending == ()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_removal_and_grant_at_once_leave_the_member_removed(order: tuple[int, int]) -> None:
    """An admin's client turns a join into a grant while another admin removes the newcomer."""
    room = a_room()
    room.tell("bob", room.invite())
    room.tell("eve", room["ann"].export())
    room.tell("ann bob", room.join("eve"))
    kick = room.kick("eve", by="bob")
    grant = room.say("ann", acts.grants_due(room.authority("ann"), member("ann")))
    for batch in [(kick, grant)[position] for position in order]:
        room.tell("ann bob cyd", batch)
    room.share("ann", "bob", "cyd")
    assert {room.level("eve", by=name) for name in ("ann", "bob", "cyd")} == {NOBODY}


def test_acts_of_a_revoked_admin_are_void() -> None:
    """Those that the revoke did not know of, however they are dated, in whatever log."""
    room = a_room()
    auth = right_of(room, "bob")
    room.kick("bob")
    late = room.pen("bob").write(Grant(public_key("ghost"), MEMBER), auth=auth)
    dated_back = room.pen("bob", b"another!").write(Ban(public_key("dan")), auth=auth, hlc=hlc_at(NOW_MS - 86_400_000))
    room.tell("ann", [late.encoded, dated_back.encoded])
    room.tell("cyd", [*room["ann"].export(), late.encoded, dated_back.encoded])
    for name in ("ann", "cyd"):
        assert room.level("ghost", by=name) is NOBODY
        assert room.level("dan", by=name) is MEMBER


def test_revoked_admin_does_not_bring_itself_back() -> None:
    """Not by revoking the revoke, not by a grant to itself, not through its sock puppet."""
    room = a_room()
    auth = right_of(room, "bob")
    puppet = room.set_level("eve", MODERATOR, by="bob")
    room.tell("ann", room.kick("bob"))
    [revoke, ban] = [room.authority("ann").removals_of(member("bob"))[n].id for n in range(2)]
    pen = room.pen("bob")
    attempts = [
        pen.write(Revoke(), auth=auth, ref=held(room, revoke)),
        pen.write(Revoke(), auth=auth, ref=held(room, ban)),
        pen.write(Grant(public_key("bob"), MODERATOR, (revoke, ban)), auth=auth),
    ]
    room.tell("ann", [*puppet, *(event.encoded for event in attempts)])
    assert room.level("bob") is room.level("eve") is NOBODY


def test_owner_is_not_removable() -> None:
    """Admins cannot say it; what they sign all the same does not count."""
    room = a_room()
    with pytest.raises(NotAllowed):
        acts.kick(room.authority("bob"), member("bob"), member("ann"))
    ban = room.pen("bob").write(Ban(public_key("ann")), auth=right_of(room, "bob"))
    room.tell("ann cyd", [ban.encoded])
    for name in ("ann", "cyd"):
        assert room.level("ann", by=name) is OWNER
        assert not room.authority(name).is_banned(member("ann"))


# invites


def proof_for(room: Room, name: str, *, number: int = 0) -> Join:
    return sign_join(room.invite_key(number), room_id=room.id, newcomer=public_key(name))


def test_expired_invite_lets_nobody_in() -> None:
    """By the clock of whoever meets the newcomer, also if the newcomer dates its join back; and by the join's own."""
    room = Room()
    [data] = room.invite(expires_ms=NOW_MS + 1000)
    room.now_ms = NOW_MS + 2000
    invite = decode_event(data, room_id=room.id)
    dated_back = room.pen("eve").write(proof_for(room, "eve"), auth=invite.id, hlc=hlc_at(NOW_MS + 999))
    refused = room["ann"].receive([dated_back.encoded], now_ms=room.now_ms, sender=member("eve")).refused
    assert [reason for _, reason in refused] == [Refusal.INVITE]
    honest = room.pen("fay").join(invite)
    room.tell("ann", [honest.encoded])
    assert room.authority("ann").judge_invite(room.invite_key().public_key, room.now_ms) is InviteVerdict.EXPIRED
    assert room.level("eve") is room.level("fay") is NOBODY


def test_revoked_invite_lets_nobody_in() -> None:
    room = Room()
    [data] = room.invite()
    room.say("ann", acts.uninvite(room.authority("ann"), member("ann"), key=room.invite_key().public_key))
    join = room.pen("eve").join(decode_event(data, room_id=room.id))
    refused = room["ann"].receive([join.encoded], now_ms=room.now_ms, sender=member("eve")).refused
    assert [reason for _, reason in refused] == [Refusal.INVITE]
    room.tell("ann", [join.encoded])
    assert room.level("eve") is NOBODY


def test_forged_invite_lets_nobody_in() -> None:
    """Another seed's signature, another newcomer's, another room's, or none."""
    room, other = Room(), Room(approve=True)
    [data] = room.invite()
    invite = decode_event(data, room_id=room.id)
    strange = derive_invite_key(bytes(16), other.id)
    proofs = [proof_for(room, "eve", number=1), proof_for(room, "fay"), Join(bytes(64)), Join(strange.sign(b"x", b""))]
    for number, proof in enumerate(proofs):
        join = room.pen("eve", bytes(7) + bytes([number])).write(proof, auth=invite.id)
        refused = room["ann"].receive([join.encoded], now_ms=room.now_ms, sender=member("eve")).refused
        assert [reason for _, reason in refused] == [Refusal.INVITE]
    assert room.level("eve") is NOBODY


def test_newcomer_whom_nobody_admitted_is_nobody() -> None:
    """By a single-use invite, or where an admin approves: it waits, and cannot say anything meanwhile."""
    room = Room(approve=True)
    [data] = room.invite()
    pen = room.pen("eve")
    join = pen.join(decode_event(data, room_id=room.id))
    ghost = pen.write(Grant(public_key("ghost"), MEMBER), auth=join.id)
    room.tell("ann", [join.encoded, ghost.encoded])
    assert room.level("eve") is room.level("ghost") is NOBODY
    assert [pending.member for pending in room.authority("ann").pending] == [member("eve")]
    assert not room.authority("ann").covers(ghost)


def test_second_guest_of_a_single_use_invite_stays_outside() -> None:
    room = Room()
    [data] = room.invite(is_open=False)
    invite = decode_event(data, room_id=room.id)
    room.tell("ann", [room.pen("eve").join(invite).encoded])
    room.say("ann", acts.grants_due(room.authority("ann"), member("ann")))
    late = room.pen("fay").join(invite)
    refused = room["ann"].receive([late.encoded], now_ms=room.now_ms, sender=member("fay")).refused
    assert [reason for _, reason in refused] == [Refusal.INVITE]
    room.tell("ann", [late.encoded])
    assert (room.level("eve"), room.level("fay")) == (MEMBER, NOBODY)
    assert room.authority("ann").pending == ()


def test_kicked_key_on_an_open_link_does_not_enter() -> None:
    """The old link is over for everybody, a new one for this key."""
    room = Room()
    [data] = room.invite()
    old = decode_event(data, room_id=room.id)
    room.tell("ann", [room.pen("eve").join(old).encoded])
    room.say("ann", acts.grants_due(room.authority("ann"), member("ann")))
    room.kick("eve")
    assert room.authority("ann").judge_invite(room.invite_key().public_key, NOW_MS) is InviteVerdict.REVOKED
    new = decode_event(room.invite(number=1)[0], room_id=room.id)
    again = room.pen("eve", b"another!").join(new, number=1)
    refused = room["ann"].receive([again.encoded], now_ms=room.now_ms, sender=member("eve")).refused
    assert [reason for _, reason in refused] == [Refusal.INVITE]
    room.tell("ann", [again.encoded, room.pen("fay").join(new, number=1).encoded])
    assert (room.level("eve"), room.level("fay")) == (NOBODY, MEMBER)


def test_crowd_behind_a_leaked_link_is_bounded() -> None:
    """However many keys somebody makes for itself."""
    room = Room(bounds=Bounds(max_joins=16))
    [data] = room.invite(is_open=False)
    invite = decode_event(data, room_id=room.id)
    crowd = [room.pen(f"guest {n}").join(invite).encoded for n in range(40)]
    refused = room["ann"].receive(crowd, now_ms=room.now_ms).refused
    assert [reason for _, reason in refused] == [Refusal.FULL] * 24
    assert len(room.authority("ann").pending) == 16


def test_ban_by_a_plain_member_keeps_nobody_out() -> None:
    """No replica takes it, and if one held it, it would not count: neither against a member nor against a stranger."""
    room = a_room()
    pen = room.pen("dan")
    bans = [pen.write(Ban(public_key(name)), auth=right_of(room, "dan")) for name in ("cyd", "eve")]
    refused = room["ann"].receive([ban.encoded for ban in bans], now_ms=room.now_ms).refused
    assert [reason for _, reason in refused] == [Refusal.NOT_ALLOWED] * 2
    events = [decode_event(data, room_id=room.id) for data in room["ann"].export()]
    authority = authority_of(decode_genesis(room.genesis), [*events, *bans])
    assert authority.level_of(member("cyd")) is MODERATOR
    assert not authority.is_banned(member("eve"))


def test_flood_of_joins_does_not_take_the_owners_last_word() -> None:
    """Its client answers joins by grants, and stops in time: the owner can still end the invite, and remove."""
    room = Room()
    owner = Membership(
        room.id,
        is_public=False,
        identity=identity("ann"),
        random_bytes=Chance("ann"),
        founding=Founding(room.genesis),
        max_events=40,
    )
    key = room.invite_key().public_key
    assert owner.authority is not None
    [data] = owner.write(acts.invite(owner.authority, owner.me, key=key, is_open=True, expires_ms=0), now_ms=NOW_MS)
    invite = decode_event(data, room_id=room.id)
    for number in range(60):
        join = room.pen(f"guest {number}").join(invite).encoded
        owner.take_in([join], relay=member(f"guest {number}"), now_ms=room.now_ms)
        owner.write_due(now_ms=room.now_ms)
    owner.write(acts.kick(owner.authority, owner.me, member("guest 0")), now_ms=room.now_ms)
    assert not owner.is_member(member("guest 0"))
    assert len(owner.authority.members) == 1 + 18  # of those who were granted; the others went with the invite


# order, duplication, partition


def test_any_order_and_any_duplication_give_the_same_members() -> None:
    """All orders of a kick, a promotion, a grant by the kicked, and its own leaving."""
    room = a_room()
    base = room["ann"].export()
    auth = right_of(room, "bob")
    events = [
        room.pen("ann").write(Ban(public_key("bob"), (Cut(b"by hand!", Plane.CONTROL, 1),))),
        room.pen("bob").write(Grant(public_key("eve"), MEMBER), auth=auth),
        room.pen("cyd").write(Ban(public_key("dan")), auth=right_of(room, "cyd")),
        room.pen("dan").write(Revoke(), auth=right_of(room, "dan"), ref=held(room, right_of(room, "dan"))),
    ]
    seen = set()
    for count, order in enumerate(itertools.permutations(events)):
        log = room.replica(f"m{count}")
        log.receive(base, now_ms=room.now_ms)
        for event in order:
            log.receive([event.encoded] * 2, now_ms=room.now_ms)
        seen.add((log.digest(), tuple(sorted(log.authority.members.items()))))
    [(_, members)] = seen
    assert set(dict(members)) == {member(name) for name in ("ann", "cyd", "eve")}


def test_kick_applies_when_a_partition_heals() -> None:
    """Both halves went on; afterwards the removed is removed everywhere, and what came before the cut stands."""
    room = a_room()
    room.tell("dan", room.set_level("eve", MEMBER, by="bob"))
    room.tell("ann cyd", room.kick("bob"))
    room.tell("dan", room.set_level("fay", MEMBER, by="bob"))
    assert room.level("bob", by="dan") is ADMIN
    room.share("ann", "bob", "cyd", "dan")
    for name in ("ann", "bob", "cyd", "dan"):
        assert room.level("bob", by=name) is NOBODY
        assert room.level("fay", by=name) is NOBODY
        assert room.level("dan", by=name) is MEMBER


def test_lagging_relay_sees_that_it_lags() -> None:
    """Its digest differs, and one exchange brings it what it lacks: then it knows whom to forward to."""
    room = a_room()
    room.tell("bob", room.kick("dan"))
    assert room["cyd"].digest() != room["bob"].digest()
    assert room.level("dan", by="cyd") is MEMBER
    for part in room["cyd"].summary():
        for batch in room["bob"].missing(part):
            room.tell("cyd", batch)
    assert room.level("dan", by="cyd") is NOBODY
    assert room["cyd"].digest() == room["bob"].digest()


def test_event_dated_before_its_right_is_void() -> None:
    """Or a log could be written that counts or not by what came first; and a join could always be the earliest."""
    room = a_room()
    right = held(room, right_of(room, "bob"))
    early = room.pen("bob").write(Ban(public_key("dan")), auth=right.id, hlc=right.header.hlc)
    [data] = room.invite(number=3)
    invite = decode_event(data, room_id=room.id)
    proof = sign_join(room.invite_key(3), room_id=room.id, newcomer=public_key("eve"))
    join = room.pen("eve").write(proof, auth=invite.id, hlc=invite.header.hlc)
    room.tell("ann", [early.encoded, join.encoded])
    assert early.id not in room.authority("ann").lawful
    assert (room.level("dan"), room.level("eve")) == (MEMBER, NOBODY)
    assert room.authority("ann").pending == ()
