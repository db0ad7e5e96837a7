"""Requests that are refused for what they are, whoever sends them and whatever the state."""

from .root import Refused

__all__ = [
    "BadRequest",
    "BodyTooLarge",
    "InvalidBody",
    "InvalidQuery",
    "MalformedJson",
    "MethodNotAllowed",
    "NotFound",
    "RequestTimeout",
    "UpgradeRequired",
]


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
    bound = "read_timeout_s"
    status = 408
    retry_after_s = 1

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        super().__init__(f"The body has not come within {limit_s:g} s (SIGNALING_READ_TIMEOUT_S).")


class BodyTooLarge(Refused):
    """More bytes than this server reads."""

    code = "body_too_large"
    bound = "max_body_bytes"
    status = 413

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(f"The body is over {limit_bytes} bytes (SIGNALING_MAX_BODY_BYTES).")


class UpgradeRequired(Refused):
    """A plain GET where a WebSocket is wanted."""

    code = "upgrade_required"
    sentence = "This address speaks WebSocket only."
    status = 426
    hint = "Connect with a WebSocket client."


class NotFound(Refused):
    """No call has this address."""

    code = "not_found"
    sentence = "There is nothing at this address."
    status = 404
    hint = "docs/protocol.md lists the calls."
