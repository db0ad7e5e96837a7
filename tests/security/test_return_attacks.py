"""Attacker does X, everybody sees Y: coming back after a removal, and coming in after an invite is over."""

from __future__ import annotations

from peer.log import acts
from peer.log.authority import InviteVerdict
from peer.log.chains import Refusal
from peer.log.control import Level

from ..peer.log.replicas import Room, member

NOBODY, MEMBER, MODERATOR, ADMIN, OWNER = Level


def come_in(room: Room, name: str, *, number: int) -> list[Refusal]:
    """With a new key, by an invite of long ago."""
    room[name].receive(room["ann"].export(), now_ms=room.now_ms)
    proof = room.pen(name).join(room.said("ann", room.invitation_id("ann", number)), number=number)
    refused = room["ann"].receive([proof.encoded], now_ms=room.now_ms, sender=member(name)).refused
    room["ann"].receive([proof.encoded], now_ms=room.now_ms)
    room.say("ann", acts.grants_due(room.authority("ann"), member("ann")))
    return [reason for _, reason in refused]


def test_kicked_admin_does_not_return_by_an_invite_that_it_made() -> None:
    """It kept one for itself, for one guest and without end: the kick ends it too."""
    room = Room().with_members(bob=ADMIN)
    room.tell("ann", room.invite("bob", number=7, is_open=False))
    room.kick("bob")
    key = room.invite_key(7).public_key
    assert room.authority("ann").judge_invite(key, room.now_ms) is InviteVerdict.REVOKED
    assert come_in(room, "bob with a new key", number=7) == [Refusal.INVITE]
    assert room.level("bob with a new key") is NOBODY


def test_lowered_admin_has_no_invite_left() -> None:
    """Or it would come back as somebody else once it is removed by those who end no invites."""
    room = Room().with_members(bob=ADMIN)
    room.tell("ann", room.invite("bob", number=7, is_open=False))
    room.invite(number=8, is_open=False)
    room.set_level("bob", MODERATOR)
    verdicts = [room.authority("ann").judge_invite(room.invite_key(n).public_key, room.now_ms) for n in (7, 8)]
    assert verdicts == [InviteVerdict.REVOKED, InviteVerdict.VALID]


def test_second_invite_of_one_key_is_ended_with_the_first() -> None:
    """A removed admin made it twice, in the hope that one of the two is overlooked."""
    room = Room().with_members(bob=ADMIN)
    for _ in range(2):
        room.tell("ann", room.invite("bob", number=7, is_open=False))
    room.kick("bob")
    assert [invite.is_revoked for invite in room.authority("ann").invitations] == [True, True]
