"""Attacker does X, the two in a direct room see Y; and what invitations over a link can be misused for.

The attacker is a member of the room that both share, so its frames are heard; or it is one of the two; or it has got
hold of the secret that opens their room. The peers are real, the network is in memory.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest

from peer import BadSetting, Config, Invited, InviteRefused, NotAllowed, Peer, Room, RoomState
from peer.core.membership import Founding, Membership
from peer.crypto.identity import public_key_of
from peer.entering.entrance import Entrance
from peer.ids import MemberId, RoomId
from peer.invite import Invite
from peer.keys.room_keys import derive_room_keys
from peer.log import acts
from peer.log.genesis import Genesis, found_direct
from peer.testing import Network
from peer.wire.aside_frames import DirectGate, RoomInvite

from ..support.directs import HASTY, meet, opened, texts, until

SMALLEST = bytes(16)


def direct_of(one: Peer, other: MemberId) -> Room | None:
    rooms = [room for room in one.rooms if room.other == other and room.state is not RoomState.LEFT]
    return rooms[0] if rooms else None


def secret_of(one: Peer, room: Room) -> bytes:
    kept = one._safe.vault.rooms.load(room.room_id)
    assert kept is not None
    return kept.secret


async def talking(ann: Peer, bob: Peer) -> tuple[Room, Room]:
    """They have a direct room, and something was said in it."""
    here = await ann.direct(bob.id)
    await here.send("between us")
    await until(lambda: (there := direct_of(bob, ann.id)) and there.unread)
    there = direct_of(bob, ann.id)
    assert there is not None
    return here, there


async def turns(count: int = 50) -> None:
    """Whatever could follow has followed."""
    for _ in range(count):
        await asyncio.sleep(0)


# The third in the common room


async def test_third_who_offers_a_secret_moves_nobody_elses_room() -> None:
    """A word counts for the pair of him who said it: the two stay where they are, and he gets a room of his own."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        mallory = await network.peer("mallory", config=HASTY)
        *_, common = await meet(ann, bob, mallory)
        here, there = await talking(ann, bob)
        before = secret_of(ann, here)
        for victim in (ann, bob):
            assert common.tell(victim.id, DirectGate(SMALLEST, is_answer=False))
        await until(lambda: direct_of(ann, mallory.id) and direct_of(bob, mallory.id))
        await turns()
        assert secret_of(ann, here) == secret_of(bob, there) == before
        assert here.is_linked_to(bob.id)
        assert [member.id for member in here.members] == [ann.id, bob.id]


async def test_third_never_hears_of_the_secret() -> None:
    """It is told on no link of his, whoever starts."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        mallory = await network.peer("mallory", config=HASTY)
        *_, common = await meet(ann, bob, mallory)
        overheard: list[object] = []
        common._mesh.asides.on_heard = lambda *said: overheard.append(said)
        await talking(ann, bob)
        await talking(bob, ann)
        await turns()
        assert overheard == []
        assert [room.name for room in mallory.rooms] == ["Deck"]


async def test_third_who_has_the_secret_is_shown_the_door() -> None:
    """He knows topic and gate, and sits where the two meet: refused in both roles, and nobody sees him."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        mallory = await network.peer("mallory", config=HASTY)
        await meet(ann, bob, mallory)
        here, there = await talking(ann, bob)
        link = Invite(ann._transport.signaling.server, here.room_id, secret_of(ann, here), bytes(16)).link
        knocking = asyncio.create_task(mallory.join_room(link))
        await until(lambda: len(mallory.rooms) > 1)
        haunting = mallory.rooms[-1]
        await turns(300)
        assert haunting.room_id == here.room_id
        assert (len(haunting.members), haunting.name) == (1, haunting.id)
        assert [each.id for each in here.members] == [ann.id, bob.id]
        assert [each.id for each in there.members] == [bob.id, ann.id]
        assert not haunting._mesh.membership.genesis
        await here.send("still between us")
        await until(lambda: there.unread == 2)
        assert await texts(haunting) == []
        knocking.cancel()
        await asyncio.gather(knocking, return_exceptions=True)


class Trap(Membership):
    """Of somebody who shows the founding of two others to whoever comes."""

    def _maybe_other(self, genesis: Genesis) -> MemberId | None:
        return None


class TrapEntrance(Entrance):
    genesis = b""

    def _membership(self, room_id: RoomId, *_: Any, **__: Any) -> Membership:
        identity, founding = self._safe.vault.identity, Founding(self.genesis)
        return Trap(room_id, is_public=False, identity=identity, random_bytes=self._random_bytes, founding=founding)


class TrapPeer(Peer):
    entrance_type = TrapEntrance


async def test_link_to_our_own_direct_room_leads_nowhere() -> None:
    """Who made it up wants us to meet where it sees us: the founding it shows is none that a link may lead to."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        room_id, TrapEntrance.genesis = found_direct(public_key_of(ann.id), public_key_of(bob.id))
        link = Invite(ann._transport.signaling.server, room_id, SMALLEST, bytes(16)).link
        topic = derive_room_keys(SMALLEST, room_id).topic
        transport = network.transport("mallory")
        await transport.signaling.create_room(topic=topic, custom_name=None, is_public=False)
        async with TrapPeer("http://memory.invalid", name="mallory", config=HASTY, transport=transport) as mallory:
            trapping = asyncio.create_task(mallory.join_room(link))
            await until(lambda: mallory.rooms)
            knocking = asyncio.create_task(ann.join_room(link))
            await until(lambda: ann.rooms)
            await turns(300)
            assert mallory.rooms[0]._mesh.membership.genesis == TrapEntrance.genesis
            assert ann._safe.vault.rooms.load(room_id) is None
            assert not ann.rooms[0]._mesh.membership.genesis
            for task in (knocking, trapping):
                task.cancel()
            await asyncio.gather(knocking, trapping, return_exceptions=True)


async def test_link_to_a_direct_room_that_we_have_is_refused_at_once() -> None:
    """It would put the secret that somebody made up in the place of ours."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        await meet(ann, bob)
        here, _ = await talking(ann, bob)
        before = secret_of(ann, here)
        await here.leave()
        with pytest.raises(BadSetting, match=r"Peer\.direct"):
            await ann.join_room(Invite(ann._transport.signaling.server, here.room_id, SMALLEST, bytes(16)).link)
        assert secret_of(ann, here) == before


# One of the two


async def test_owner_who_lets_a_third_in_is_cut_off() -> None:
    """His program is none of ours: the grant is not taken, the link ends without a word, and the third is nobody."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        mallory = await network.peer("mallory", config=HASTY)
        await meet(ann, bob, mallory)
        here, there = await talking(ann, bob)
        membership = there._mesh.membership
        membership.other = None
        assert membership.authority is not None
        granted = membership.write(acts.admit(membership.authority, bob.id, mallory.id), now_ms=1_800_000_000_000)
        link = here._mesh.link_to(bob.id)
        there._mesh._lobby.publish(granted, now=there._driver.now)
        there._mesh.settle(now=there._driver.now)
        there._driver.drain()
        await until(lambda: here._mesh.link_to(bob.id) != link)
        assert not here._mesh.membership.is_member(mallory.id)
        assert here._mesh.membership.export() == ()


async def test_ever_smaller_secrets_move_us_a_bounded_number_of_times() -> None:
    """Each move costs a seat at the server."""
    config = replace(HASTY, direct_burst=3, direct_per_s=0.001)
    async with Network() as network, opened(network, "ann", config=config) as ann, opened(network, "bob") as bob:
        _, common = await meet(ann, bob)
        here, _ = await talking(ann, bob)
        seen = {here.id}
        for number in range(20, 0, -1):
            common.tell(ann.id, DirectGate(bytes([0, number]) * 8, is_answer=False))
            await turns()
            seen.add(here.id)
        assert 2 <= len(seen) <= 4


async def test_flood_of_strangers_opens_a_bounded_number_of_rooms() -> None:
    """Identities cost nothing in a public room: beyond the bound nobody is heard, and nobody is answered."""
    config = replace(HASTY, max_unanswered_directs=2)
    async with Network() as network, opened(network, "ann", config=config) as ann:
        strangers = [await network.peer(f"stranger {number}", config=HASTY) for number in range(4)]
        await meet(ann, *strangers, where="Lobby")
        for stranger in strangers:
            await stranger.direct(ann.id)
        await turns(200)
        assert len([room for room in ann.rooms if room.is_direct]) == 2
        assert len([line for line in await ann.conversations() if line.kind == "direct"]) == 2


async def test_secret_is_in_no_log_and_no_repr(caplog: pytest.LogCaptureFixture) -> None:
    """Not in that of the frames, the room or the events either."""
    caplog.set_level(logging.DEBUG)
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        await meet(ann, bob)
        here, _ = await talking(ann, bob)
        secret = secret_of(ann, here)
        shown = caplog.text + repr((here, DirectGate(secret, is_answer=True), ann._directs._directs.get(bob.id)))
        invite = RoomInvite("Deck", bytes(32), secret, secret)
        shown += repr((invite, Invited("Deck", here.members[0], "http://memory.invalid/j#s3cret")))
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown
        assert "s3cret" not in shown


# Invitations


async def test_invitation_makes_us_enter_nothing_unasked() -> None:
    """Neither a seat nor a room, before the user wants it; whom nobody let in gets nowhere with it."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        mallory = await network.peer("mallory", config=HASTY)
        *_, common = await meet(ann, bob, mallory)
        hold = await ann.create_room("Hold")
        news = bob.events()
        common.tell(bob.id, RoomInvite("Hold", hold.room_id, SMALLEST, bytes(16)))
        invited = await anext(news)
        assert isinstance(invited, Invited)
        assert (invited.title, invited.by.id) == ("Hold", mallory.id)
        assert [room.name for room in bob.rooms] == ["Deck"]
        with pytest.raises(Exception, match="nobody is in the room"):
            await bob.join_room(invited.invite)


async def test_flood_of_invitations_is_told_a_bounded_number_of_times() -> None:
    """And their titles are cleaned of what steers a terminal."""
    config = replace(HASTY, invitations_burst=3, invitations_per_s=0.001)
    async with Network() as network, opened(network, "ann", config=config) as ann, opened(network, "bob") as bob:
        _, common = await meet(ann, bob)
        news = ann.events()
        for number in range(10):
            common.tell(ann.id, RoomInvite("\x1b[2J\u202eHold", RoomId(bytes([number]) * 32), SMALLEST, SMALLEST))
        await turns()
        ann._crossing.close()
        told = [event async for event in news]
        assert [event.title for event in told if isinstance(event, Invited)] == ["[2J Hold"] * 3


async def test_member_who_may_not_add_hands_nothing_over() -> None:
    """There is no open link, and he is no admin: nothing is said, and he is told who may."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        cy = await network.peer("cy", config=HASTY)
        deck, common, _ = await meet(ann, bob, cy)
        hold = await ann.create_room("Hold")
        link = await hold.create_invite()
        await hold.revoke_invite(str(hold.invite))
        bobs = await bob.join_room(link)
        news = cy.events()
        with pytest.raises(NotAllowed, match="add members: admins and owners can"):
            await bobs.add(cy.id)
        await turns()
        cy._crossing.close()
        assert [event async for event in news] == []
        assert (deck.name, common.name) == ("Deck", "Deck")


async def test_link_of_an_added_member_lets_in_nobody_else() -> None:
    """It was made a member by its key: whoever copies what it was handed is refused."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        mallory = await network.peer("mallory", config=HASTY)
        await meet(ann, bob)
        hold = await ann.create_room("Hold", approve=True)
        news = bob.events()
        await hold.add(bob.id)
        invited = await anext(news)
        assert isinstance(invited, Invited)
        with pytest.raises(InviteRefused):
            await mallory.join_room(invited.invite)
        inside = await bob.join_room(invited.invite)
        assert inside.state is RoomState.JOINED
        with pytest.raises(BadSetting):
            await (await ann.create_room("Lobby", public=True)).add(bob.id)
        assert Config().join_when_invited is False
