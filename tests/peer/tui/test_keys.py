import pytest
from textual import events
from textual._xterm_parser import XTermParser

from peer.tui.keys import give_back_alt_digits


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("\x1b2", "alt+2"),
        ("\x1b9", "alt+9"),
        ("\x1ba", "alt+a"),
        ("\x1b[1;3A", "alt+up"),
        ("\x1b[1;3D", "alt+left"),
        ("\x1b[1;5F", "ctrl+end"),
        ("\n", "ctrl+j"),
        ("™", "trade_mark_sign"),
        ("\x1b", "escape"),
    ],
)
def test_our_keys_arrive_from_terminals_of_all_kinds(sent: str, key: str) -> None:
    """Also from those that speak no protocol of newer times, for which a pilot cannot stand in."""
    give_back_alt_digits()
    give_back_alt_digits()
    parser = XTermParser()
    found = [event.key for event in [*parser.feed(sent), *parser.feed("")] if isinstance(event, events.Key)]
    assert found == [key]
