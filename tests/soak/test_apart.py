"""How long pairs are without a link, as the watch sees it."""

from .apart import Apart

BOTH = {"anna": {"ben"}, "ben": {"anna"}}


def test_a_pair_is_apart_until_both_say_that_they_are_linked() -> None:
    apart = Apart()
    apart.look(BOTH, {"anna": {"ben"}}, now=1)
    apart.look(BOTH, {"anna": {"ben"}}, now=2)
    apart.look(BOTH, BOTH, now=3)
    apart.look(BOTH, BOTH, now=4)
    assert apart.times == [(2, 1, "anna and ben")]


def test_who_is_down_is_not_apart() -> None:
    """It ends the time of those who were."""
    apart = Apart()
    apart.look({"anna"}, {}, now=1)
    apart.look(BOTH, {}, now=2)
    apart.look({"ben"}, {}, now=5)
    assert apart.times == [(3, 2, "anna and ben")]
