"""Requests that are refused for who sends them: 401 for nobody we know, 403 for known and still not allowed."""

from .root import Refused

__all__ = [
    "Forbidden",
    "GuestRefused",
    "InvalidToken",
    "MetricsClosed",
    "ProofFailed",
    "TokenExpired",
    "Unauthenticated",
    "Unauthorized",
    "WrongOrigin",
    "WrongRoom",
]


class Unauthorized(Refused):
    """Nobody we know."""

    status = 401


class Unauthenticated(Unauthorized):
    """No token where one is needed."""

    code = "unauthenticated"
    sentence = "This call needs a token."
    hint = "Send the header Authorization: Bearer <token>."


class InvalidToken(Unauthorized):
    """A token we do not trust; the reason is for the client's own debugging."""

    code = "invalid_token"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The token is not accepted: {reason}.")


class TokenExpired(Unauthorized):
    """A token that was good once."""

    code = "token_expired"
    sentence = "The token has expired."
    hint = "Fetch a new token; a room token is renewed by joining again with the resume secret."


class Forbidden(Refused):
    """Known, and still not allowed."""

    status = 403


class GuestRefused(Forbidden):
    """A call for those whom a provider vouches for."""

    code = "guest_refused"
    sentence = "This call is for users with a token of their provider; nobody vouches for a guest."
    hint = "Send the user's JWT in the header Authorization: Bearer <token>."


class MetricsClosed(Forbidden):
    """Somebody asks for the operator's figures."""

    code = "metrics_closed"
    sentence = "The metrics are for the operator of this server."
    hint = "The operator sets SIGNALING_METRICS_TOKEN and sends it in the header Authorization: Bearer <token>."


class ProofFailed(Forbidden):
    """A signature that does not prove possession of the key it comes with; the reason is for the client's debugging."""

    code = "proof_failed"
    hint = "Fetch a new nonce and sign it as docs/protocol.md says, with the identity key that is presented."

    def __init__(self, reason: str) -> None:
        super().__init__(f"Possession of the key is not proven: {reason}.")


class WrongRoom(Forbidden):
    """The token is of another room than the call names."""

    code = "wrong_room"
    sentence = "The token belongs to another room."
    hint = "Leave roomId out: the token names the room."


class WrongOrigin(Forbidden):
    """A page of an origin the operator has not named."""

    code = "wrong_origin"
    sentence = "Pages of this origin may not use this server."
    hint = "The operator allows origins with SIGNALING_CORS_ORIGINS."
