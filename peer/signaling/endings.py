"""How a path to the server can end, and what follows (docs/protocol.md, part 1: close codes and errors).

Pure. The tables are data: tests walk every cell.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import JoinRefused, PeerError, SignalingUnreachable

__all__ = [
    "CLOSE_CODES",
    "ComeBack",
    "Ended",
    "Ending",
    "JoinAgain",
    "Left",
    "Poll",
    "Renewed",
    "Replaced",
    "StayAway",
    "after_close",
    "after_error",
    "after_upgrade",
    "before_welcome",
    "concerns_one_signal",
    "is_passing",
    "pause_of",
]


@dataclass(frozen=True, slots=True)
class ComeBack:
    """Pause, then open a path again with the same token."""

    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class JoinAgain:
    """The token or the seat is gone: join with the resume secret."""

    reason: str


@dataclass(frozen=True, slots=True)
class Poll:
    """No WebSocket gets through: try plain HTTP."""

    reason: str


@dataclass(frozen=True, slots=True)
class StayAway:
    """Coming back is refused for good."""

    error: JoinRefused


@dataclass(frozen=True, slots=True)
class Replaced:
    """A newer connection of this peer took over: two that come back would throw each other out for ever."""

    def error(self) -> JoinRefused:
        """For whoever runs the older one."""
        return JoinRefused("replaced", "a newer connection of this peer took over", hint="run only one of them")


@dataclass(frozen=True, slots=True)
class Left:
    """As we wished."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """We want another path, since this one may be dead: open it at once."""


Ending = ComeBack | JoinAgain | Poll | StayAway | Replaced | Left | Renewed


class Ended(Exception):  # never an error to anybody: how a path tells the seat that it is over
    """Carries an ending out of the depth of a path; never leaves this package."""

    def __init__(self, ending: Ending) -> None:
        super().__init__()
        self.ending = ending


CLOSE_CODES: dict[int, Ending] = {
    1000: ComeBack("the server closed the connection"),
    1001: ComeBack("the server is going away"),
    1003: ComeBack("the server refused a binary frame"),
    1009: ComeBack("the server refused a large frame"),
    4400: ComeBack("the server could not read a frame of ours"),
    4401: JoinAgain("the token is not accepted any more"),
    4404: JoinAgain("the server does not know us any more"),
    4408: ComeBack("the server found us too slow"),
    4409: Replaced(),
    4429: ComeBack("the server has too many connections or failures of ours"),
}
"""1000 answers a `leave`; whoever has not left comes back."""

_BROKE = ComeBack("the connection broke")

_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 300.0
"""A server that tells less, by mistake or malice, is not hammered; one that tells more is tried after this."""

_FROM_ANEW = {"unauthenticated", "invalid_token", "token_expired", "peer_gone", "no_such_room", "no_such_peer"}
"""Refusals of a room token that a join mends: the token, the peer or the room is gone."""

_OF_ONE_SIGNAL = {"no_such_peer", "mailbox_full", "share_full", "body_too_large", "invalid_body", "malformed_json"}
"""Refusals of one envelope; those behind it may still pass."""


def after_close(code: int | None, *, retry_after_s: float | None = None) -> Ending:
    """What follows a close code after the welcome; None stands for a connection that broke.

    `retry_after_s` is what the server said before, in an error frame about the whole connection.
    """
    ending = CLOSE_CODES.get(code or 0, _BROKE)
    if isinstance(ending, ComeBack) and retry_after_s is not None:
        return ComeBack(ending.reason, retry_after_s)
    return ending


def before_welcome(ending: Ending) -> Ending:
    """What follows the same before the welcome: a break is what proxies do that only half know WebSockets."""
    return Poll("the WebSocket broke before its welcome") if ending == _BROKE else ending


def after_upgrade(status: int, *, retry_after_s: float | None = None) -> Ending:
    """What follows an upgrade that was answered with `status`.

    Only what our server alone would say is taken for its word. Everything else may come from a proxy that lets no
    WebSocket through; plain HTTP then tells the truth about server, room and token.
    """
    if status in (401, 410):
        return JoinAgain("the token is not accepted any more")
    if status in (429, 503):
        return ComeBack("the server is busy", retry_after_s)
    return Poll(f"the upgrade to a WebSocket was answered with {status}")


def after_error(error: Ended | PeerError) -> Ending:
    """What follows an error of a path, where the room token speaks for us."""
    match error:
        case Ended():
            return error.ending
        case JoinRefused() if error.code in _FROM_ANEW:
            return JoinAgain(error.code)
        case JoinRefused() if is_passing(error):
            return ComeBack(error.code, error.retry_after_s)
        case JoinRefused():
            return StayAway(error)
        case SignalingUnreachable():
            return ComeBack(error.reason)
        case _:
            raise error


def is_passing(refusal: JoinRefused) -> bool:
    """Whether time alone may mend it: the server named a time, or somebody may leave a full room."""
    return refusal.retry_after_s is not None or refusal.code == "room_full"


def pause_of(refusal: JoinRefused) -> float | None:
    """How long to wait before the same call, which came too early, is made again; None for other refusals."""
    if refusal.code != "rate_limited":
        return None
    return min(max(refusal.retry_after_s or 0.0, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S)


def concerns_one_signal(error: PeerError) -> bool:
    """Whether only the envelope was refused, and not its sender."""
    return isinstance(error, JoinRefused) and error.code in _OF_ONE_SIGNAL
