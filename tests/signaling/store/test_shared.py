"""The words that servers of one store have for each other."""

from signaling.store.shared import Bell, Claim, Summons

from .support import a_key


def test_bell_that_replaces_nothing_has_no_serial() -> None:
    """Serials begin at 1, so no WebSocket is older than this one."""
    assert Bell(Summons.MAIL, (a_key(),)).serial == 0


def test_claim_is_a_peer_and_a_serial() -> None:
    """So it can be spread into a command."""
    assert (*Claim(a_key("p", "room"), 7).key, 7) == ("room", "p", 7)
