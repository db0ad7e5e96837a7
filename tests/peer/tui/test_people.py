from peer.tui.people import NICK_COLOURS, nick_list, nick_style

from .values import member


def lines(*members_: object, width: int = 20) -> list[str]:
    return ["".join(span.text for span in line) for line in nick_list(members_, width=width)]  # type: ignore[arg-type]


def test_a_key_has_one_colour() -> None:
    """By the key, not by the name, which anybody may take; and spread over all colours."""
    assert nick_style(member("bob").id) == nick_style(member("robert", id="key-of-bob").id)
    assert len({nick_style(member(f"m{number}").id) for number in range(300)}) == NICK_COLOURS


def test_members_stand_under_what_they_may_do() -> None:
    shown = lines(
        member("me", role="owner", is_me=True),
        member("zoe", role="admin", verified=True),
        member("bob", presence="away"),
        member("amy", presence="offline"),
        member("eve", changed_from=object()),
        member("ann", role="moderator"),
    )
    assert shown == [
        "owners 1",
        "● me (you)",
        "admins 1",
        "● ✓zoe",
        "moderators 1",
        "● ann",
        "members 2",
        "◐ bob",
        "● ✗eve",
        "not here 1",
        "○ amy",
    ]


def test_long_names_are_cut_to_the_list() -> None:
    assert lines(member("a" * 60), width=10) == ["members 1", "● aaaaaaa…"]
