"""One row of the route table: all that is said about a call, for the router, the document and the tests.

Pure: a row knows nothing of aiohttp. The table itself is in routes.py.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from ..errors import (
    BodyTooLarge,
    ExpectationFailed,
    GoingAway,
    HeadersTooLarge,
    InternalError,
    InvalidBody,
    InvalidQuery,
    InvalidToken,
    KeysUnavailable,
    MalformedJson,
    MalformedRequest,
    NotFound,
    PeerGone,
    RateLimited,
    Refused,
    RequestTimeout,
    ServerFull,
    StoreUnavailable,
    TokenExpired,
    Unauthenticated,
    UnsupportedEncoding,
    WrongOrigin,
    WrongRoom,
)
from .query import Parameter

__all__ = ["HTML", "JSON", "PLAIN", "SWITCHING_PROTOCOLS", "Asker", "Refusals", "Route"]

Refusals = tuple[type[Refused], ...]

JSON = "application/json"
HTML = "text/html"
PLAIN = "text/plain"
SWITCHING_PROTOCOLS = 101


class Asker(Enum):
    """Who may ask, shown by the Authorization header."""

    NOBODY = auto()
    """Anybody: no header is looked at."""
    USER = auto()
    """A user's JWT, or nothing where guests are allowed."""
    ROOM_TOKEN = auto()
    """A peer in its room."""
    OPERATOR = auto()
    """Who runs the server."""


OF_EVERY_CALL: Refusals = (
    MalformedRequest,
    ExpectationFailed,
    HeadersTooLarge,
    RateLimited,
    ServerFull,
    GoingAway,
    InternalError,
)
OF_A_BODY: Refusals = (MalformedJson, InvalidBody, BodyTooLarge, UnsupportedEncoding, RequestTimeout)
OF_A_TOKEN: Refusals = (Unauthenticated, InvalidToken, TokenExpired)
OF_ASKER: dict[Asker, Refusals] = {
    Asker.NOBODY: (),
    Asker.USER: (*OF_A_TOKEN, WrongOrigin, KeysUnavailable, StoreUnavailable),
    Asker.ROOM_TOKEN: (*OF_A_TOKEN, PeerGone, WrongOrigin, WrongRoom, StoreUnavailable),
    Asker.OPERATOR: OF_A_TOKEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One call."""

    method: str
    path: str
    """A template: `{roomId}` stands for one segment."""
    handler: Callable[[Any], Awaitable[Any]]
    """Of an aiohttp request to its response."""
    summary: str
    asker: Asker
    details: str = ""
    """What the summary has no room for."""
    body: Any = None
    """The type that the body is decoded as."""
    example: Any = None
    """A body worth copying, where the fields that are required would not make one."""
    body_may_miss: bool = False
    query: tuple[Parameter, ...] = ()
    status: int = 200
    """Where all goes well."""
    answer: Any = None
    """The type of the JSON answered; None where it is not ours to describe."""
    media_type: str = JSON
    refusals: Refusals = ()
    """Beyond those that follow from the rest of the row."""
    is_cached: bool = False
    """Goes with an ETag, and answers 304 to who has these bytes."""
    cross_origin: bool = True
    """Pages of the origins that the operator names may ask."""

    @property
    def is_socket(self) -> bool:
        """Answers with a WebSocket."""
        return self.status == SWITCHING_PROTOCOLS

    @property
    def all_refusals(self) -> Refusals:
        """Every error that this call may answer; a WebSocket tells most of its own in frames."""
        asker = () if self.is_socket else OF_ASKER[self.asker]
        body = OF_A_BODY if self.body else ()
        query = (InvalidQuery,) if self.query else ()
        path = (NotFound,) if "{" in self.path else ()
        return tuple(dict.fromkeys((*self.refusals, *body, *query, *path, *asker, *OF_EVERY_CALL)))
