"""What doctor found is a mark, how it is, and what to do."""

from peer.cli.findings import bad, doubtful, good


def test_only_what_is_not_well_has_advice() -> None:
    assert good("clock", "right").advice == ""
    assert [each("clock", "wrong", "set it").advice for each in (doubtful, bad)] == ["set it"] * 2
    assert [good("a", "b").mark, doubtful("a", "b", "c").mark, bad("a", "b", "c").mark] == ["good", "doubtful", "bad"]
