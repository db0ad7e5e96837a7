"""The outputs, and the first of some deadlines."""

from peer.core.machine import AcceptOffer, LinkId, Transmit, earliest
from peer.ids import PeerId
from peer.ports import Channel

LINK = LinkId(PeerId("bob-is-a-long-name"), bytes.fromhex("a1b2c3d4e5f60708"))


def test_earliest_passes_over_what_has_no_deadline() -> None:
    """None means that nothing is awaited; with nothing awaited at all there is no deadline."""
    assert earliest(None, 3.0, 2.0, None) == 2.0
    assert earliest(None, None) is None
    assert earliest() is None


def test_link_is_named_short_in_logs() -> None:
    """Logs tell links apart without filling the line."""
    assert str(LINK) == "bob-is-a/a1b2"


def test_outputs_hide_what_logs_must_not_show() -> None:
    """STYLE, section 4: never plaintext, keys, SDP or addresses."""
    shown = repr(Transmit(LINK, Channel.EVENTS, b"secret")) + repr(AcceptOffer(LINK, "secret"))
    assert "secret" not in shown
