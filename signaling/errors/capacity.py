"""Requests that would do at another time: a bound is reached, or the server is not well."""

from math import ceil

from .root import Refused

__all__ = [
    "AddressSeatsTaken",
    "GoingAway",
    "InternalError",
    "KeysUnavailable",
    "MailboxFull",
    "RateLimited",
    "ServerFull",
    "ShareFull",
    "StoreUnavailable",
    "TooMany",
    "TooManyConnections",
    "TooManyOwnRooms",
    "TooManyRooms",
    "Unavailable",
    "UserSeatsTaken",
]


class TooMany(Refused):
    """A bound is reached; later it may not be."""

    status = 429


class MailboxFull(TooMany):
    """The addressee has not fetched what waits already."""

    code = "mailbox_full"
    bound = "mailbox_entries"
    sentence = (
        "The mailbox of this peer is full (SIGNALING_MAILBOX_ENTRIES, SIGNALING_MAILBOX_BYTES, SIGNALING_MAIL_BYTES)."
    )
    hint = "The peer is slow or away; what waits for it expires within half a minute."
    retry_after_s = 5


class ShareFull(TooMany):
    """The addressee has not taken what waits of this sender already; others are still heard."""

    code = "share_full"
    bound = "sender_entries"
    sentence = (
        "As much of yours waits for this peer as may of one sender (SIGNALING_SENDER_ENTRIES, SIGNALING_SENDER_BYTES)."
    )
    hint = "The peer is slow or away; wait until it has taken some, or until what waits has expired."
    retry_after_s = 5


class UserSeatsTaken(TooMany):
    """One user holds as many seats of this room as one may."""

    code = "user_seats_taken"
    bound = "user_seats"
    hint = "Come back by the resume secret of one of them, or leave one; a lost connection's is free again soon."
    retry_after_s = 10

    def __init__(self, most: int) -> None:
        super().__init__(f"This user holds {most} seats of this room, and may hold no more (SIGNALING_USER_SEATS).")


class AddressSeatsTaken(TooMany):
    """Guests of one address hold as many seats of this room as they may together."""

    code = "address_seats_taken"
    bound = "address_seats"
    hint = "Come again when a guest of your network has left, or with a token of a user."
    retry_after_s = 10

    def __init__(self, most: int) -> None:
        super().__init__(
            f"Guests of this address hold {most} seats of this room, and may hold no more (SIGNALING_ADDRESS_SEATS)."
        )


class TooManyRooms(TooMany):
    """The server holds as many rooms as it may."""

    code = "too_many_rooms"
    bound = "max_rooms"
    sentence = "This server holds as many rooms as it may (SIGNALING_MAX_ROOMS)."
    retry_after_s = 60


class TooManyOwnRooms(TooMany):
    """This user has as many rooms as one user may."""

    code = "too_many_own_rooms"
    bound = "user_rooms"
    hint = "Leave a room that is no longer used: it ends with its last peer."
    retry_after_s = 60

    def __init__(self, user_rooms: int) -> None:
        self.user_rooms = user_rooms
        super().__init__(f"One user may have {user_rooms} rooms, and they exist already (SIGNALING_USER_ROOMS).")


class RateLimited(TooMany):
    """Too much in too short a time; `wait_s` is how long there is no room."""

    code = "rate_limited"
    hint = "Go on after retryAfterS seconds, and more slowly."
    retry_after_s: int = 1

    def __init__(self, bound: str, rate: str, wait_s: float) -> None:
        self.bound = bound
        self.retry_after_s = max(1, ceil(wait_s))
        super().__init__(f"Too much in too short a time (SIGNALING_{bound.upper()} is {rate}).")


class TooManyConnections(TooMany):
    """This user or address has as many connections as one may."""

    code = "too_many_connections"
    hint = "Close one that is no longer used."
    retry_after_s: int = 10

    def __init__(self, bound: str, most: int) -> None:
        self.bound = bound
        super().__init__(f"No more than {most} connections at a time are allowed (SIGNALING_{bound.upper()}).")


class InternalError(Refused):
    """Our own bug; the log has the story."""

    code = "internal_error"
    sentence = "The server made a mistake; it is in its log."
    status = 500


class Unavailable(Refused):
    """Not now."""

    status = 503


class StoreUnavailable(Unavailable):
    """The store did not take the change; nothing has happened."""

    code = "store_unavailable"
    sentence = "The store does not answer."
    retry_after_s = 1


class KeysUnavailable(Unavailable):
    """Nobody can tell now whether a user's JWT is good: the provider's keys could not be fetched."""

    code = "keys_unavailable"
    sentence = "The keys of the identity provider cannot be fetched at present."
    hint = "Present the token again later; the operator finds the reason in the server's log."

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__()


class ServerFull(Unavailable):
    """Everybody's connections together are as many as may be."""

    code = "server_full"
    hint = "Come back later; the operator may add a server."
    retry_after_s: int = 10

    def __init__(self, bound: str, most: int) -> None:
        self.bound = bound
        super().__init__(f"This server has as many connections as it may: {most} (SIGNALING_{bound.upper()}).")


class GoingAway(Unavailable):
    """The server is stopping; each client is given a time of its own to come back at."""

    code = "going_away"
    sentence = "The server is going away."
    hint = "Come back after retryAfterS seconds, and not all at once."
    retry_after_s = 1

    def __init__(self, retry_after_s: int = 1) -> None:
        self.retry_after_s = retry_after_s
        super().__init__()
