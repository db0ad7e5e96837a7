"""Everything that can go wrong, as one tree.

    SignalingError
      Refused                what a client hears: code, status, sentence, hint
        BadRequest           400  MalformedJson, InvalidBody, InvalidQuery
        Unauthorized         401  Unauthenticated, InvalidToken, TokenExpired
        Forbidden            403  WrongRoom, WrongOrigin
        NotThere             404  NoSuchRoom, NoSuchPeer, NotFound
        MethodNotAllowed     405
        RequestTimeout       408
        Conflict             409  RoomFull, RoomExists
        PeerGone             410
        BodyTooLarge         413
        UpgradeRequired      426
        TooMany              429  MailboxFull, TooManyRooms
        InternalError        500  our own bug, and the only 500
        Unavailable          503  StoreUnavailable, GoingAway
      Halt                   what the operator reads before the server stops
        BadSetting, StoreUnusable, AddressInUse

An error carries facts and builds its sentence from them; the table in docs/protocol.md names the codes.
"""

from typing import ClassVar

__all__ = [
    "AddressInUse",
    "BadRequest",
    "BadSetting",
    "BodyTooLarge",
    "Conflict",
    "Forbidden",
    "GoingAway",
    "Halt",
    "InternalError",
    "InvalidBody",
    "InvalidQuery",
    "InvalidToken",
    "MailboxFull",
    "MalformedJson",
    "MethodNotAllowed",
    "NoSuchPeer",
    "NoSuchRoom",
    "NotFound",
    "NotThere",
    "PeerGone",
    "Refused",
    "RequestTimeout",
    "RoomExists",
    "RoomFull",
    "SignalingError",
    "StoreUnavailable",
    "StoreUnusable",
    "TokenExpired",
    "TooMany",
    "TooManyRooms",
    "Unauthenticated",
    "Unauthorized",
    "Unavailable",
    "UpgradeRequired",
    "WrongOrigin",
    "WrongRoom",
]


class SignalingError(Exception):
    """Root of the tree."""


class Refused(SignalingError):
    """A call that is not carried out; the client hears why."""

    code: ClassVar[str]
    """Stable across releases; clients decide by it."""
    status: ClassVar[int]
    hint: ClassVar[str | None] = None
    """What the client may do about it."""
    retry_after_s: ClassVar[int | None] = None

    @property
    def message(self) -> str:
        """The sentence people read."""
        return str(self)


class BadRequest(Refused):
    """The bytes are not a request."""

    status = 400


class MalformedJson(BadRequest):
    """The body or frame is not JSON."""

    code = "malformed_json"
    hint = "Send one JSON object, in UTF-8."

    def __init__(self, reason: str) -> None:
        super().__init__(f"This is not JSON that can be read: {reason}.")


class InvalidBody(BadRequest):
    """JSON, but not of the shape this call takes."""

    code = "invalid_body"
    hint = "docs/protocol.md lists the fields of each call."

    def __init__(self, reason: str) -> None:
        super().__init__(f"The body does not fit this call: {reason}.")


class InvalidQuery(BadRequest):
    """A query parameter that cannot be read."""

    code = "invalid_query"

    def __init__(self, name: str, wanted: str) -> None:
        super().__init__(f"The query parameter {name!r} is {wanted}.")


class Unauthorized(Refused):
    """Nobody we know."""

    status = 401


class Unauthenticated(Unauthorized):
    """No token where one is needed."""

    code = "unauthenticated"
    hint = "Send the header Authorization: Bearer <token>."

    def __init__(self) -> None:
        super().__init__("This call needs a token.")


class InvalidToken(Unauthorized):
    """A token we do not trust; the reason is for the client's own debugging."""

    code = "invalid_token"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The token is not accepted: {reason}.")


class TokenExpired(Unauthorized):
    """A token that was good once."""

    code = "token_expired"
    hint = "Fetch a new token; a room token is renewed by joining again with the resume secret."

    def __init__(self) -> None:
        super().__init__("The token has expired.")


class Forbidden(Refused):
    """Known, and still not allowed."""

    status = 403


class WrongRoom(Forbidden):
    """The token is of another room than the call names."""

    code = "wrong_room"
    hint = "Leave roomId out: the token names the room."

    def __init__(self) -> None:
        super().__init__("The token belongs to another room.")


class WrongOrigin(Forbidden):
    """A page of an origin the operator has not named."""

    code = "wrong_origin"
    hint = "The operator allows origins with SIGNALING_CORS_ORIGINS."

    def __init__(self) -> None:
        super().__init__("Pages of this origin may not use this server.")


class NotThere(Refused):
    """What is asked for does not exist."""

    status = 404


class NoSuchRoom(NotThere):
    """No such room now; it may have ended."""

    code = "no_such_room"
    hint = "Rooms end with their last peer; create the room again."

    def __init__(self) -> None:
        super().__init__("There is no such room.")


class NoSuchPeer(NotThere):
    """The addressee is not in the room."""

    code = "no_such_peer"
    hint = "The peer has left; a heartbeat answers who is present."

    def __init__(self) -> None:
        super().__init__("There is no such peer in this room.")


class NotFound(NotThere):
    """No call has this address."""

    code = "not_found"
    hint = "docs/protocol.md lists the calls."

    def __init__(self) -> None:
        super().__init__("There is nothing at this address.")


class MethodNotAllowed(Refused):
    """The address exists, the method does not."""

    code = "method_not_allowed"
    status = 405

    def __init__(self, method: str, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed
        super().__init__(f"{method} is not allowed here; {' and '.join(allowed)} would be.")


class RequestTimeout(Refused):
    """The body does not come, or comes too slowly."""

    code = "request_timeout"
    status = 408
    retry_after_s = 1

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        super().__init__(f"The body has not come within {limit_s:g} s (SIGNALING_READ_TIMEOUT_S).")


class Conflict(Refused):
    """The room's state does not permit it."""

    status = 409


class RoomFull(Conflict):
    """The room has as many peers as it may."""

    code = "room_full"
    hint = "Try again when somebody has left."

    def __init__(self, max_peers: int) -> None:
        self.max_peers = max_peers
        super().__init__(f"The room is full: {max_peers} peers are its most.")


class RoomExists(Conflict):
    """The wanted room id is taken."""

    code = "room_exists"
    hint = "Join it, or leave roomId out to be given a new one."

    def __init__(self) -> None:
        super().__init__("A room with this id exists.")


class PeerGone(Refused):
    """The token is good, but its peer's lease has ended."""

    code = "peer_gone"
    status = 410
    hint = "Join again with the resume secret."

    def __init__(self) -> None:
        super().__init__("This peer is no longer in the room.")


class BodyTooLarge(Refused):
    """More bytes than this server reads."""

    code = "body_too_large"
    status = 413

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(f"The body is over {limit_bytes} bytes (SIGNALING_MAX_BODY_BYTES).")


class UpgradeRequired(Refused):
    """A plain GET where a WebSocket is wanted."""

    code = "upgrade_required"
    status = 426
    hint = "Connect with a WebSocket client."

    def __init__(self) -> None:
        super().__init__("This address speaks WebSocket only.")


class TooMany(Refused):
    """A bound is reached; later it may not be."""

    status = 429


class MailboxFull(TooMany):
    """The addressee has not fetched what waits already."""

    code = "mailbox_full"
    hint = "The peer is slow or away; what waits for it expires within half a minute."
    retry_after_s = 5

    def __init__(self) -> None:
        super().__init__("The mailbox of this peer is full (SIGNALING_MAILBOX_ENTRIES, SIGNALING_MAILBOX_BYTES).")


class TooManyRooms(TooMany):
    """The server holds as many rooms as it may."""

    code = "too_many_rooms"
    retry_after_s = 60

    def __init__(self) -> None:
        super().__init__("This server holds as many rooms as it may (SIGNALING_MAX_ROOMS).")


class InternalError(Refused):
    """Our own bug; the log has the story."""

    code = "internal_error"
    status = 500

    def __init__(self) -> None:
        super().__init__("The server made a mistake; it is in its log.")


class Unavailable(Refused):
    """Not now."""

    status = 503


class StoreUnavailable(Unavailable):
    """The store did not take the change; nothing has happened."""

    code = "store_unavailable"
    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__("The store does not answer.")


class GoingAway(Unavailable):
    """The server is stopping."""

    code = "going_away"
    retry_after_s = 2

    def __init__(self) -> None:
        super().__init__("The server is going away.")


class Halt(SignalingError):
    """The server cannot run as it was told to; `exit_code` is for the shell."""

    exit_code: ClassVar[int] = 1


class BadSetting(Halt):
    """A setting is missing or cannot be read; the sentence names it and what is allowed."""

    exit_code = 2


class StoreUnusable(Halt):
    """The store's folder is corrupt, foreign or in use; it is never reset silently."""


class AddressInUse(Halt):
    """Another program listens there."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {host} port {port}: {reason}; set SIGNALING_PORT to another (0 = any)")
