"""Who comes into a private room, who waits, who is turned away and who is removed, over real data channels."""

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import peer
from peer.core.membership import Membership
from peer.entering.entrance import Entrance
from peer.events import RoomState
from peer.ids import MemberId
from peer.invite import Invite, parse_invite

from .rooms import Attendee, Company

pytestmark = pytest.mark.rtc


def invite_of(link: str) -> Invite:
    invite = parse_invite(link)
    assert isinstance(invite, Invite)
    return invite


async def joined(*attendees: Attendee) -> None:
    for number, each in enumerate(attendees):
        await each.meet(*attendees[number + 1 :])


async def refused(company: Company, link: str, name: str = "dan") -> tuple[str, float]:
    """With which code, and after how many seconds."""
    me = await company.open(peer.server_of(link), name)
    before = time.perf_counter()
    with pytest.raises(peer.InviteRefused) as caught:
        await me.join_room(link)
    assert me.rooms == ()
    return caught.value.code, time.perf_counter() - before


# Coming in


async def test_open_invite_lets_any_number_in(server: str, company: Company) -> None:
    """Everybody has it, and is in when `join_room` returns; roles are known to all."""
    alice = await company.create(server, "alice")
    bob, carol = [await company.join(alice.invite, name) for name in ("bob", "carol")]
    assert bob.room.state is carol.room.state is RoomState.JOINED
    await joined(alice, bob, carol)
    assert alice.invite == bob.invite == carol.invite
    for each in (alice, bob, carol):
        assert {member.name: member.role for member in each.room.members} == {
            "alice": "owner",
            "bob": "member",
            "carol": "member",
        }
        assert each.ear.of(peer.StateChanged) == []


async def test_invite_for_one_lets_one_in_by_the_owners_client(server: str, company: Company) -> None:
    """Nobody has to do anything; the second who comes by it is refused, and who came by it has no link to hand on."""
    alice = await company.create(server, "alice")
    link = await alice.room.create_invite()
    bob = await company.join(link, "bob")
    await alice.meet(bob)
    assert bob.room.state is RoomState.JOINED
    assert bob.room.invite is None
    assert alice.ear.of(peer.MemberWaiting) == []
    code, seconds = await refused(company, link)
    assert (code, seconds < 2) == ("used", True)
    await alice.say("just us")
    await bob.hear("just us")


async def test_each_bad_invite_is_refused_at_once_by_its_own_code(server: str, company: Company) -> None:
    """Expired, withdrawn, or never made by anybody in the room; nobody there sees anyone."""
    alice = await company.create(server, "alice")
    bob = await company.join(alice.invite, "bob")
    await alice.meet(bob)
    expired = await alice.room.create_invite(expires_s=0.05)
    revoked = await alice.room.create_invite(open=True)
    await alice.room.revoke_invite(revoked)
    unknown = replace(invite_of(alice.invite), seed=bytes(16)).link
    await asyncio.sleep(0.1)  # by the clock of the machine, which is what an expiry is about
    for link, expected in ((expired, "expired"), (revoked, "revoked"), (unknown, "unknown")):
        code, seconds = await refused(company, link)
        assert (code, seconds < 2) == (expected, True), (code, seconds)
    assert alice.here() == {"bob"}
    assert len(alice.ear.of(peer.MemberJoined)) == 1


async def test_guest_waits_where_an_admin_approves(server: str, company: Company) -> None:
    """`join_room` returns in the lobby; the admin sees a name, admits, and what was written meanwhile arrives."""
    alice = await company.create(server, "alice", approve=True)
    carol = await company.join(alice.invite, "carol")
    await alice.room.admit((await alice.ear.next(peer.MemberWaiting)).member)
    await alice.meet(carol)
    bob = await company.join(alice.invite, "bob")
    assert bob.room.state is RoomState.LOBBY
    waiting = await alice.ear.next(peer.MemberWaiting)
    assert (waiting.member.id, waiting.member.name) == (bob.me.id, "bob")
    assert [member.name for member in alice.room.lobby] == ["bob"]
    await alice.say("before you came in")
    await carol.hear("before you came in")
    await bob.say("may I?")
    assert (bob.here(), alice.here()) == (set(), {"carol"})
    assert carol.ear.of(peer.MemberWaiting) == []
    await alice.room.admit(waiting.member)
    assert (await bob.ear.next(peer.StateChanged)).state is RoomState.JOINED
    await joined(alice, bob, carol)
    await alice.hear("may I?")
    await alice.say("welcome")
    await bob.hear_from("alice", "welcome")
    assert bob.heard() == ["before you came in", "welcome"]
    assert alice.room.lobby == ()


async def test_guest_waits_for_an_admin_who_is_away(server: str, company: Company) -> None:
    """A member alone cannot let it in by an invite for one; the owner's client does, when it comes back."""
    config = peer.Config(admission_timeout_s=0.5)
    alice = await company.create(server, "alice", config=config)
    bob = await company.join(alice.invite, "bob")
    await alice.meet(bob)
    link = await alice.room.create_invite()
    open_link = alice.invite
    await alice.room.leave()
    carol = await company.join(link, "carol", config=config)
    assert carol.room.state is RoomState.LOBBY
    back = Attendee(alice.me, await alice.me.join_room(open_link))
    assert (await carol.ear.next(peer.StateChanged)).state is RoomState.JOINED
    await joined(back, bob, carol)


# Going


async def test_kick_cuts_the_member_everywhere_and_for_good(server: str, company: Company) -> None:
    """Within a second, in both directions; it is told, and neither link lets its key in again."""
    alice = await company.create(server, "alice")
    bob = await company.join(alice.invite, "bob")
    single = await alice.room.create_invite()
    eve = await company.join(single, "eve")
    await joined(alice, bob, eve)
    old_link = alice.invite
    before = time.perf_counter()
    [member] = [each for each in alice.room.members if each.name == "eve"]
    await alice.room.kick(member)
    for each in (alice, bob):
        left = await each.ear.next(peer.MemberLeft)
        assert (left.member.id, left.reason) == (eve.me.id, "removed")
    told = await eve.ear.next(peer.StateChanged)
    assert (told.state, told.reason) == (RoomState.LEFT, "removed")
    assert time.perf_counter() - before < 1
    with pytest.raises(peer.NotJoined):
        await eve.say("I am still here")
    for link in (old_link, single):
        with pytest.raises(peer.InviteRefused, match="you were removed") as caught:
            await eve.me.join_room(link)
        assert caught.value.code == "banned"
    await alice.say("at last")
    await bob.hear("at last")
    assert eve.heard() == []
    assert alice.here() == {"bob"}
    assert (await refused(company, old_link))[0] == "revoked"
    carol = await company.join(alice.invite, "carol")
    await joined(alice, bob, carol)


async def test_removed_key_that_forgot_is_let_into_no_lobby(server: str, company: Company, tmp_path: Path) -> None:
    """Its folder was lost but for the identity: no handshake with it is finished, on either side."""
    alice = await company.create(server, "alice")
    bob = await company.join(alice.invite, "bob")
    link = alice.invite
    config = peer.Config(link_timeout_s=1, admission_timeout_s=2)
    me = await company.open(server, "eve", config=config)
    eve = Attendee(me, await me.join_room(link))
    await joined(alice, bob, eve)
    await alice.room.kick(eve.me.id)
    await eve.ear.next(peer.StateChanged)
    me._safe.vault.rooms.delete(invite_of(link).room_id)
    for invite in (link, alice.invite):
        room = await me.join_room(invite)
        assert room.state is RoomState.LOBBY
        assert [member.name for member in room.members] == ["eve"]
        await room.leave()
    assert alice.here() == {"bob"}


async def test_admin_can_let_the_removed_in_again(server: str, company: Company) -> None:
    """By a new grant; then its old key is good, though what it knows itself says otherwise."""
    alice = await company.create(server, "alice")
    bob = await company.join(alice.invite, "bob")
    await alice.meet(bob)
    await alice.room.kick(bob.me.id)
    await bob.ear.next(peer.StateChanged)
    with pytest.raises(peer.InviteRefused, match="you were removed"):
        await bob.me.join_room(alice.invite)
    await alice.room.admit(bob.me.id)
    again = Attendee(bob.me, await bob.me.join_room(alice.invite))
    await alice.meet(again)
    await again.say("thank you")
    await alice.hear("thank you")


async def test_roles_are_seen_by_all_and_end_where_they_should(server: str, company: Company) -> None:
    """Who may not do something is told who may."""
    alice = await company.create(server, "alice")
    bob, carol = [await company.join(alice.invite, name) for name in ("bob", "carol")]
    await joined(alice, bob, carol)
    with pytest.raises(peer.NotAllowed, match="admins and owners can"):
        await bob.room.create_invite()
    await alice.room.promote(bob.me.id, "admin")
    await carol.ear.until(lambda: "admin" in {member.role for member in carol.room.members})
    await bob.ear.until(lambda: bob.room.me.role == "admin")
    dan = await company.join(await bob.room.create_invite(), "dan")
    await joined(alice, bob, carol, dan)
    with pytest.raises(peer.NotAllowed):
        await bob.room.kick(alice.me.id)
    await bob.room.kick(carol.me.id)
    assert (await carol.ear.next(peer.StateChanged)).reason == "removed"
    assert (await dan.ear.next(peer.MemberLeft)).reason == "removed"


# Coming back


async def test_room_is_known_again_after_a_restart(server: str, tmp_path: Path) -> None:
    """Owner and guest both went, the server forgot the room; both enter by the link, and the owner is the owner."""
    folders = {name: tmp_path / name for name in ("alice", "bob")}

    async def enter(stack: Company, name: str, link: str) -> Attendee:
        me = await stack._stack.enter_async_context(peer.Peer(server, name=name, data_dir=folders[name]))
        return Attendee(me, await me.join_room(link))

    async with Company() as company:
        me = await company._stack.enter_async_context(peer.Peer(server, name="alice", data_dir=folders["alice"]))
        alice = Attendee(me, await me.create_room("Deck"))
        link, single = alice.invite, await alice.room.create_invite()
        bob = await enter(company, "bob", single)
        await alice.meet(bob)
    async with Company() as company:
        bob = await enter(company, "bob", single)
        assert (bob.room.state, bob.room.name) == (RoomState.JOINED, "Deck")
        alice = await enter(company, "alice", link)
        await alice.meet(bob)
        assert alice.room.me.role == "owner"
        assert alice.invite == link
        carol = await company.join(link, "carol")
        await joined(alice, bob, carol)


# Ghosts


class GhostMembership(Membership):
    """Of somebody who holds the room's secret and takes itself and everybody for a member."""

    def is_member(self, member: MemberId) -> bool:
        return True


class GhostEntrance(Entrance):
    def _membership(self, room_id: Any, *_: Any, **__: Any) -> Membership:
        return GhostMembership(
            room_id, is_public=False, identity=self._safe.vault.identity, random_bytes=self._random_bytes
        )


class GhostPeer(peer.Peer):
    entrance_type = GhostEntrance


@pytest.mark.parametrize("ghost_comes_first", [True, False])
async def test_ghost_with_the_secret_learns_nothing(server: str, company: Company, ghost_comes_first: bool) -> None:
    """Whether it offers or answers: no name, title, presence or word, and nobody sees it."""
    alice = await company.create(server, "alice")
    link = replace(invite_of(alice.invite), seed=bytes(16)).link
    ghost = await company._stack.enter_async_context(GhostPeer(server, name="ghost"))
    if ghost_comes_first:
        haunting = Attendee(ghost, await ghost.join_room(link))
        bob = await company.join(alice.invite, "bob")
    else:
        bob = await company.join(alice.invite, "bob")
        haunting = Attendee(ghost, await ghost.join_room(link))
    await alice.meet(bob)
    with suppress(peer.NotAllowed):  # once it has learned who is a member
        await haunting.say("let me in")
    await alice.say("are we alone?")
    await bob.hear("are we alone?")
    assert [event for event in haunting.ear.events if not isinstance(event, peer.ConnectionChanged)] == []
    assert haunting.room.name == haunting.room.id
    others = haunting.room.members[1:]  # keys in the control log, which the lobby tells to whoever holds the secret
    assert {(member.name, member.presence) for member in others} <= {("nameless", "offline")}
    assert alice.here() == {"bob"}
    assert bob.here() == {"alice"}
