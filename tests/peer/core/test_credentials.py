"""What a link needs to be made."""

from ...support.keys import credentials


def test_nothing_secret_is_shown() -> None:
    """Credentials may end up in a log by mistake."""
    ours = credentials("ann")
    assert ours.keys.gate.hex() not in repr(ours)
    assert "gate" not in repr(ours)
