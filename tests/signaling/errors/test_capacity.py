"""Refusals that another time would not see."""

from signaling.errors import GoingAway, MailboxFull, StoreUnavailable, TooManyOwnRooms, TooManyRooms


def test_each_says_when_to_come_back() -> None:
    """RFC 9110, 10.2.3: Retry-After."""
    assert all(each.retry_after_s for each in (MailboxFull, TooManyRooms, TooManyOwnRooms, StoreUnavailable, GoingAway))
