from peer.tui.typed import TypedLines


def test_lines_come_back_newest_first() -> None:
    lines = TypedLines()
    lines.add("one")
    lines.add("two")
    assert [lines.previous(""), lines.previous("two"), lines.previous("one")] == ["two", "one", "one"]
    assert lines.next("one") == "two"


def test_what_was_not_finished_comes_back() -> None:
    lines = TypedLines()
    lines.add("one")
    assert lines.previous("half a") == "one"
    assert lines.next("one") == "half a"
    assert lines.next("half a") == "half a"


def test_the_same_twice_is_kept_once() -> None:
    lines = TypedLines()
    for line in ("one", "one", ""):
        lines.add(line)
    assert [lines.previous(""), lines.previous("")] == ["one", "one"]


def test_nothing_typed_leaves_the_line() -> None:
    lines = TypedLines()
    assert lines.previous("draft") == "draft"


def test_the_oldest_are_let_go() -> None:
    lines = TypedLines()
    for number in range(300):
        lines.add(str(number))
    assert [lines.previous("") for _ in range(300)][-1] == "100"
