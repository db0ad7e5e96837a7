from peer.tui.completion import Completer

NICKS = ["bob", "Bobby", "carol"]


def test_tab_completes_a_name() -> None:
    """At the beginning it addresses, elsewhere it only names."""
    assert Completer().complete("ca", 2, nicks=NICKS) == ("carol: ", 7)
    assert Completer().complete("hi ca", 5, nicks=NICKS) == ("hi carol ", 9)
    assert Completer().complete("hi @ca", 6, nicks=NICKS) == ("hi @carol ", 10)


def test_the_next_tab_takes_the_next_one() -> None:
    completer = Completer()
    first = completer.complete("b", 1, nicks=NICKS)
    assert first == ("bob: ", 5)
    second = completer.complete(*first, nicks=NICKS)
    assert second == ("Bobby: ", 7)
    assert completer.complete(*second, nicks=NICKS) == first


def test_typing_in_between_begins_anew() -> None:
    completer = Completer()
    completer.complete("b", 1, nicks=NICKS)
    assert completer.complete("bob: c", 6, nicks=NICKS) == ("bob: carol ", 11)


def test_what_stands_behind_the_cursor_stays() -> None:
    assert Completer().complete("ca is here", 2, nicks=NICKS) == ("carol:  is here", 7)


def test_tab_completes_commands_and_emoji() -> None:
    assert Completer().complete("/wh", 3, nicks=NICKS) == ("/whois ", 7)
    assert Completer().complete("/react :he", 10, nicks=NICKS) == ("/react :heart: ", 15)


def test_where_nothing_fits_nothing_happens() -> None:
    completer = Completer()
    assert completer.complete("xyz", 3, nicks=NICKS) is None
    assert completer.complete("", 0, nicks=NICKS) is None
    assert completer.complete("a ", 2, nicks=NICKS) is None
