"""Requests that are refused for what they are, whoever sends them and whatever the state."""

from .root import Refused

__all__ = [
    "BadRequest",
    "BodyTooLarge",
    "ExpectationFailed",
    "HeadersTooLarge",
    "InvalidBody",
    "InvalidQuery",
    "MalformedJson",
    "MalformedRequest",
    "MethodNotAllowed",
    "NotFound",
    "RequestTimeout",
    "UnsupportedEncoding",
    "UpgradeRequired",
]


class BadRequest(Refused):
    """The bytes are not a request."""

    status = 400


class MalformedRequest(BadRequest):
    """The bytes are not HTTP; the connection is closed."""

    code = "malformed_request"
    sentence = "This is not HTTP that can be read."
    hint = "Send HTTP/1.1; TLS is spoken by the proxy in front."


class HeadersTooLarge(Refused):
    """More than this server reads of a request line or header (RFC 6585, section 5)."""

    code = "headers_too_large"
    bound = "max_head_bytes"
    sentence = "An address over 8 KiB, a header over 16 KiB, or too much of them in all (SIGNALING_MAX_HEAD_BYTES)."
    status = 431
    hint = "Send what is long in the body."


class ExpectationFailed(Refused):
    """An Expect header with a wish that nobody fulfils (RFC 9110, section 10.1.1)."""

    code = "expectation_failed"
    sentence = "Of Expect this server knows 100-continue only."
    status = 417
    hint = "Leave the header out."


class MalformedJson(BadRequest):
    """The body or frame is not JSON."""

    code = "malformed_json"
    hint = "Send one JSON object, in UTF-8."

    def __init__(self, reason: str) -> None:
        super().__init__(f"This is not JSON that can be read: {reason}.")


class InvalidBody(BadRequest):
    """JSON, but not of the shape this call takes."""

    code = "invalid_body"
    hint = "GET /docs shows the fields of each call."

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


class UnsupportedEncoding(Refused):
    """A compressed body: unpacked, it may be a thousand times as large."""

    code = "unsupported_encoding"
    sentence = "Bodies are read as they are, without a Content-Encoding."
    status = 415
    hint = "Send the JSON itself."


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
    hint = "GET /docs shows the calls."
