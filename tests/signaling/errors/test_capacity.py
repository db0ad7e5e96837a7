"""Refusals that another time would not see."""

from signaling.errors import (
    AddressSeatsTaken,
    GoingAway,
    KeysUnavailable,
    MailboxFull,
    RateLimited,
    ShareFull,
    StoreUnavailable,
    TooManyOwnRooms,
    TooManyRooms,
    UserSeatsTaken,
)


def test_each_says_when_to_come_back() -> None:
    """RFC 9110, 10.2.3: Retry-After."""
    full = (MailboxFull, ShareFull, TooManyRooms, TooManyOwnRooms, UserSeatsTaken, AddressSeatsTaken)
    assert all(each.retry_after_s for each in (*full, StoreUnavailable, GoingAway))


def test_keys_are_unavailable_for_as_long_as_the_provider_rests() -> None:
    """Not a constant: the pause has begun already."""
    assert KeysUnavailable(3).retry_after_s == 3
    assert KeysUnavailable.status == 503


def test_wait_is_told_in_whole_seconds_rounded_up() -> None:
    """RFC 9110, 10.2.3: who comes back then finds room."""
    waits = [RateLimited("user_joins", "60/60", wait_s).retry_after_s for wait_s in (0.001, 1.0, 1.001, 59.5)]
    assert waits == [1, 1, 2, 60]
    assert RateLimited("user_joins", "60/60", 1.0).bound == "user_joins"
