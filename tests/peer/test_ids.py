"""Names are types; in logs they are short."""

from peer.ids import PeerId, short


def test_short_names_are_eight_characters() -> None:
    """Enough to tell a handful of peers apart, too little to be of use to others."""
    assert short(PeerId("abcdefghijklmnopqrstuv")) == "abcdefgh"
    assert short("abc") == "abc"
