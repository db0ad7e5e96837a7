"""What is known of who belongs to a room and is away."""

from __future__ import annotations

from datetime import UTC, datetime

from peer.core.roll import NobodyElse
from peer.ids import MemberId

from ...support.keys import membership_of
from ...support.network import Network


def test_member_that_was_never_met_is_listed_with_its_name_and_when_it_came() -> None:
    """DESIGN, section 4: profiles are registers that anybody passes on."""
    network = Network()
    ann, bob = network.room_of("ann", "bob")
    bob_id = bob.mesh.membership.me
    bob.leave()
    network.run(1)
    cyd = network.join(network.node("cyd"))
    network.run(2)
    absent = cyd.mesh.members[2]
    assert (absent.id, absent.name, absent.role) == (bob_id, "bob", "member")
    assert (absent.presence, absent.connection) == ("offline", "closed")
    assert absent.last_seen is not None
    assert absent.last_seen > datetime(2000, 1, 1, tzinfo=UTC)
    assert [member.name for member in ann.mesh.members] == ["ann", "cyd", "bob"]


def test_message_of_who_is_away_comes_with_its_name() -> None:
    """From whoever keeps it, to somebody who never met its author; also in a public room, where nobody keeps count."""
    for is_public in (False, True):
        network = Network()
        ann, bob = network.room_of("ann", "bob", is_public=is_public)
        bob.send("ahoy")
        network.run(1)
        bob.leave()
        network.run(1)
        cyd = network.join(network.node("cyd", is_public=is_public))
        network.run(5)
        ann.send("hello")
        network.run(1)
        assert [(each.sender.name, each.text) for each in cyd.mesh.messages.page(limit=9)][1:] == [("bob", "ahoy")]
        profiles = cyd.mesh._plane.roll
        assert profiles.rank_of(bob.mesh.membership._identity.public_key) == 2


def test_who_is_somebody_ranks_below_who_is_here_and_above_strangers() -> None:
    network = Network()
    ann, bob, cyd = network.room_of("ann", "bob", "cyd")
    ann.do(lambda mesh: mesh.govern().kick(cyd.mesh.membership.me, now=network.now))
    ann.do(lambda mesh: mesh.settle(now=network.now))
    network.run(1)
    ranks = [ann.mesh._plane.roll.rank_of(each.mesh.membership._identity.public_key) for each in (bob, cyd)]
    assert [*ranks, ann.mesh._plane.roll.rank_of(bytes(32))] == [2, 1, 0]
    [public] = Network().room_of("dan", is_public=True)
    assert public.mesh._plane.roll.rank_of(bytes(32)) == 1


def test_who_waits_in_the_lobby_sees_no_list() -> None:
    """Though it hears the control log there: whoever holds the room's secret gets that far."""
    network = Network()
    ann = network.join(network.node("ann", membership=membership_of("ann", approve=True)))
    bob = network.join(network.node("bob", membership=membership_of("bob", approve=True)))
    network.run(1)
    assert bob.mesh.membership.authority is not None
    assert [member.name for member in bob.mesh.members] == ["bob"]
    ann.do(lambda mesh: mesh.govern().admit(bob.mesh.membership.me, now=network.now))
    ann.do(lambda mesh: mesh.settle(now=network.now))
    network.run(1)
    assert [member.name for member in bob.mesh.members] == ["bob", "ann"]


def test_public_room_has_no_list() -> None:
    network = Network()
    ann, bob = network.room_of("ann", "bob", is_public=True)
    roll = ann.mesh._plane.roll
    assert roll.everybody() == ()
    assert roll.last_seen(bob.mesh.membership.me) is None


def test_room_of_which_nothing_is_kept_has_nobody() -> None:
    nobody = NobodyElse()
    assert (nobody.everybody(), nobody.name_of(MemberId("x"))) == ((), "")
    assert nobody.last_seen(MemberId("x")) is None
