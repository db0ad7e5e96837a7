"""What is known of one other peer."""

from __future__ import annotations

from peer.config import Config
from peer.core.channel import Door, PeerChannel
from peer.core.contact import Contact
from peer.core.machine import LinkId
from peer.core.negotiation import Negotiation
from peer.crypto.handshake import Role
from peer.ids import PeerId
from peer.wire.frames import Introduction

from ...support.keys import credentials

BOB = PeerId("bob")


def contact() -> Contact:
    return Contact(BOB, Negotiation(our_id=PeerId("ann"), their_id=BOB))


def channel(now: float) -> PeerChannel:
    return PeerChannel(
        LinkId(BOB, bytes(8)),
        role=Role.INITIATOR,
        credentials=credentials("ann"),
        door=Door(authorise=lambda _: True, has_lobby=False, admits=lambda _: True),
        introduce=lambda: Introduction("ann", "", "online"),
        config=Config(),
        now=now,
    )


def test_new_contact_is_present_and_awaits_nothing() -> None:
    """It has no link, no attempt and no deadline until somebody plans one."""
    bob = contact()
    assert bob.present
    assert not bob.is_connected
    assert bob.channels() == ()
    assert bob.next_deadline() is None


def test_attempt_and_link_both_count_as_connected() -> None:
    """While either of them lives, no new attempt is planned."""
    for field in ("attempt", "current"):
        bob = contact()
        setattr(bob, field, channel(now=0.0))
        assert bob.is_connected
        assert len(bob.channels()) == 1


def test_peer_that_only_the_server_vouches_for_is_silent() -> None:
    """Until it sends a signal that we can open, or is linked."""
    bob = contact()
    assert bob.is_silent
    bob.current = channel(now=0.0)
    assert not bob.is_silent
    signaller = contact()
    signaller.has_signalled = True
    assert not signaller.is_silent


def test_contact_has_failed_between_its_attempts_only() -> None:
    """Before the first one nobody knows; while one is under way it may still come."""
    bob = contact()
    assert not bob.has_failed
    bob.tries = 1
    assert bob.has_failed
    bob.attempt = channel(now=0.0)
    assert not bob.has_failed


def test_next_deadline_is_that_of_the_retry_or_of_a_channel() -> None:
    """Whatever comes first wakes the machine."""
    bob = contact()
    bob.attempt = channel(now=0.0)
    assert bob.next_deadline() == 10.0
    bob.retry_at = 4.0
    assert bob.next_deadline() == 4.0


def test_contact_is_to_be_met_until_its_first_try_is_over() -> None:
    """Named, or under way; a ghost shows itself by the first failure."""
    bob = contact()
    assert bob.is_about_to_be_met
    bob.tries, bob.attempt = 1, channel(now=0.0)
    assert bob.is_about_to_be_met
    bob.attempt = None
    assert bob.may_be_ghost
    assert not bob.is_about_to_be_met
    bob.tries, bob.present = 0, False
    assert not bob.is_about_to_be_met
