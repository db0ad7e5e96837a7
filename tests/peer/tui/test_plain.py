from rich.cells import cell_len

from peer.tui.plain import crop, pad, plain_emoji, plain_lines, plain_name

from .values import member


def test_control_sequences_lose_what_controls() -> None:
    """No escape, no bell, no carriage return reaches the terminal; what is left of it is letters."""
    assert plain_lines("\x1b[31mred\x1b]0;title\x07\x9b2J\rhome\b") == ["[31mred]0;title2Jhome"]


def test_direction_of_writing_cannot_be_turned() -> None:
    """Overrides, isolates and marks of bidirectional text are dropped: Trojan-source tricks show as they are."""
    assert plain_lines("\u202eexe.\u2066txt\u2069\u200f") == ["exe.txt"]


def test_what_takes_no_room_is_dropped() -> None:
    assert plain_lines("a\u200bb\ufeffc\u2060d\u00ad") == ["abcd"]


def test_towers_of_accents_are_cut() -> None:
    """Four on one character are enough for any script; hundreds would cover the lines above."""
    assert plain_lines("a" + "\u0301" * 300 + "b") == ["a" + "\u0301" * 4 + "b"]


def test_text_of_joiners_alone_is_harmless() -> None:
    """A zero-width joiner is part of emoji, and stays; a run of them takes no room, and is cut as well."""
    assert plain_lines("\u200d" * 900 + "a") == ["\u200d" * 4 + "a"]
    assert crop("\u200d" * 900 + "abcdef", 3) == "…"
    assert plain_lines("👨\u200d👩\u200d👧") == ["👨\u200d👩\u200d👧"]


def test_lines_are_kept_and_tabs_become_blanks() -> None:
    assert plain_lines("one \r\n\ttwo\n\nthree\n\n") == ["one", "    two", "", "three"]


def test_many_lines_are_counted() -> None:
    lines = plain_lines("x\n" * 4000)
    assert len(lines) == 101
    assert lines[-1] == "... and 3900 more lines"


def test_marks_and_signs_cannot_be_part_of_a_name() -> None:
    """The tick says that we verified somebody, the dot that they are here: nobody gives them to himself."""
    assert plain_name("✓bob │ ●") == "bob"
    assert plain_name(member("✓✓✓")) == "nameless"
    assert plain_name("two\nlines") == "two lines"


def test_emoji_stay_short() -> None:
    assert plain_emoji("👍") == "👍"
    assert plain_emoji("\x1b[2Jboom") == "[2Jboom"
    assert plain_emoji("party" * 9, custom=True) == ":partypartyp…:"


def test_text_is_cut_by_cells() -> None:
    """Wide characters take two cells, and none is halved."""
    assert crop("abc", 3) == "abc"
    assert crop("abcd", 3) == "ab…"
    assert crop("日本語", 4) == "日…"
    assert crop("abc", 1) == "…"
    assert crop("abc", 0) == ""
    assert pad("日本", 5) == "日本 "
    assert cell_len(pad("日本語", 4)) == 4
