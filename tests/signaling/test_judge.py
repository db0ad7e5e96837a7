"""The judge of all answers is strict: what is not in the document does not pass."""

import json
from typing import Any

import pytest

from signaling.config import Config

from .judge import judge_of

JUDGE = judge_of(Config(guests=True))
JSON = {"Content-Type": "application/json; charset=utf-8"}
ROOMS: dict[str, Any] = {"rooms": []}


def an_error(code: str, **more: Any) -> Any:
    return {"error": {"code": code, "message": "No.", **more}}


@pytest.mark.parametrize(
    ("call", "status", "headers", "body"),
    [
        ("GET /signaling/rooms", 200, {}, ROOMS),
        ("GET /signaling/rooms", 400, {}, an_error("invalid_query")),
        ("GET /signaling/rooms", 401, {"WWW-Authenticate": "Bearer"}, an_error("token_expired", hint="Again.")),
        ("GET /signaling/offer/deck", 200, {}, {"envelopes": []}),
        ("GET /nowhere", 404, {}, an_error("not_found")),
        ("PUT /signaling/rooms", 405, {"Allow": "GET"}, an_error("method_not_allowed")),
        ("OPTIONS /signaling/rooms", 403, {}, an_error("wrong_origin")),
    ],
)
def test_answer_of_the_document_passes(call: str, status: int, headers: Any, body: Any) -> None:
    """Whatever the room is."""
    method, path = call.split()
    JUDGE.check_answer(method, path, status, {**JSON, **headers}, json.dumps(body))


@pytest.mark.parametrize(
    ("call", "status", "headers", "body"),
    [
        ("GET /signaling/rooms", 200, {}, {"rooms": [], "surprise": 1}),
        ("GET /signaling/rooms", 200, {}, {}),
        ("GET /signaling/rooms", 200, {"Content-Type": "text/plain"}, ROOMS),
        ("GET /signaling/rooms", 201, {}, ROOMS),
        ("GET /signaling/rooms", 400, {}, an_error("invalid_body")),
        ("GET /signaling/rooms", 400, {}, an_error("invalid_query", surprise=1)),
        ("GET /signaling/rooms", 401, {}, an_error("token_expired")),
        ("GET /signaling/rooms", 409, {}, an_error("room_full")),
        ("GET /signaling/offer/a/b", 200, {}, {"envelopes": []}),
        ("GET /nowhere", 404, {}, an_error("no_such_room")),
        ("GET /nowhere", 400, {}, an_error("invalid_query")),
        ("PUT /signaling/rooms", 405, {}, an_error("method_not_allowed")),
        ("OPTIONS /signaling/rooms", 200, {}, {}),
    ],
)
def test_answer_beside_the_document_does_not(call: str, status: int, headers: Any, body: Any) -> None:
    """Status, code, field, header or media type."""
    method, path = call.split()
    with pytest.raises(AssertionError):
        JUDGE.check_answer(method, path, status, {**JSON, **headers}, json.dumps(body))


@pytest.mark.parametrize(
    "frame", [{}, {"type": "surprise"}, {"type": "token"}, {"type": "token", "token": "a", "surprise": 1}]
)
def test_frame_beside_the_document_does_not(frame: Any) -> None:
    """A frame that no client could know."""
    with pytest.raises(AssertionError):
        JUDGE.check_frame(json.dumps(frame))
    JUDGE.check_frame('{"type":"token","token":"a"}')
