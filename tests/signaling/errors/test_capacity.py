"""Refusals that another time would not see."""

from signaling.errors import GoingAway, KeysUnavailable, MailboxFull, StoreUnavailable, TooManyOwnRooms, TooManyRooms


def test_each_says_when_to_come_back() -> None:
    """RFC 9110, 10.2.3: Retry-After."""
    assert all(each.retry_after_s for each in (MailboxFull, TooManyRooms, TooManyOwnRooms, StoreUnavailable, GoingAway))


def test_keys_are_unavailable_for_as_long_as_the_provider_rests() -> None:
    """Not a constant: the pause has begun already."""
    assert KeysUnavailable(3).retry_after_s == 3
    assert KeysUnavailable.status == 503
