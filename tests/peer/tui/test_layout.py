from peer.tui.layout import look_of, side_width, sides_of


def test_lists_stand_beside_the_messages_where_there_is_room() -> None:
    assert sides_of(80) == {"rooms", "nicks"}
    assert sides_of(70) == {"nicks"}
    assert sides_of(40) == set()
    assert side_width(80) < side_width(120)


def test_names_have_a_column_on_wide_screens() -> None:
    """As wide as they need, and no wider than is good for the words."""
    assert look_of(46, "alice", ["alice"]).nick_width == 0
    assert look_of(100, "alice", []).nick_width == 6
    assert look_of(100, "alice", ["alice", "maximilian"]).nick_width == 11
    assert look_of(100, "alice", ["x" * 64]).nick_width == 16
