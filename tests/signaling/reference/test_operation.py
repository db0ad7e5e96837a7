"""A row of the route table as an operation."""

from typing import Any

import pytest

from signaling import errors, wire
from signaling.config import Config
from signaling.http import answers
from signaling.http.query import CURSOR, LIMIT, WAIT
from signaling.http.route import HTML, Asker, Route
from signaling.reference.operation import describe_operation, operation_id
from signaling.reference.schemas import schemas_of

from ..http.test_route import a_route

NAMED = schemas_of([wire.OnlyRoom, answers.Empty], are_written=False)


def described(row: Route, **settings: Any) -> Any:
    return describe_operation(row, Config(**settings), NAMED)


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("POST", "/signaling/create-room", "postCreateRoom"),
        ("GET", "/signaling/offer/{roomId}", "getOffer"),
        ("GET", "/.well-known/jwks.json", "getWellKnownJwksJson"),
        ("GET", "/j", "getJ"),
    ],
)
def test_operation_is_named_after_its_address(method: str, path: str, wanted: str) -> None:
    """For generated clients and for anchors."""
    assert operation_id(a_route(method=method, path=path)) == wanted


@pytest.mark.parametrize(
    ("asker", "guests", "wanted"),
    [
        (Asker.NOBODY, False, []),
        (Asker.USER, False, [{"userToken": []}]),
        (Asker.USER, True, [{}, {"userToken": []}]),
        (Asker.ROOM_TOKEN, True, [{"roomToken": []}]),
        (Asker.OPERATOR, True, []),
    ],
)
def test_security_says_who_may_ask(asker: Asker, guests: bool, wanted: Any) -> None:
    """Guests come without a token where the operator lets them in."""
    assert described(a_route(asker=asker), guests=guests)["security"] == wanted


def test_guests_are_not_invited_where_they_are_refused() -> None:
    """They would get 403."""
    row = a_route(asker=Asker.USER, refusals=(errors.GuestRefused,))
    assert described(row, guests=True)["security"] == [{"userToken": []}]


def test_operator_shows_a_token_where_one_is_set() -> None:
    """Without one it is the machine itself that may ask."""
    row = a_route(asker=Asker.OPERATOR)
    assert described(row, metrics_token="x" * 32)["security"] == [{"operatorToken": []}]


def test_bounds_of_the_query_are_those_of_the_settings() -> None:
    """The same that the handler reads with."""
    wait, limit, cursor = described(a_route(query=(WAIT, LIMIT, CURSOR)), poll_max_s=7)["parameters"]
    assert wait["schema"] == {"type": "number", "minimum": 0, "maximum": 7, "default": 0}
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}
    assert cursor["schema"] == {"type": "string", "pattern": f"^{CURSOR.pattern}$"}
    assert (wait["in"], wait["description"]) == ("query", WAIT.meaning)


def test_segment_of_the_path_is_a_parameter() -> None:
    """With the shape of what it names."""
    (room,) = described(a_route(path="/signaling/offer/{roomId}"))["parameters"]
    assert (room["name"], room["in"], room["required"]) == ("roomId", "path", True)
    assert room["schema"]["pattern"] == "^[A-Za-z0-9_-]{1,64}$"


@pytest.mark.parametrize(("may_miss", "example"), [(True, None), (False, {"roomId": "deck"})])
def test_body_has_its_type_and_an_example(may_miss: bool, example: Any) -> None:
    """The row's own example wins."""
    body = described(a_route(body=wire.OnlyRoom, body_may_miss=may_miss, example=example))["requestBody"]
    media = body["content"]["application/json"]
    assert body["required"] is not may_miss
    assert media == {"schema": {"$ref": "#/components/schemas/OnlyRoom"}, "example": example or {}}


def test_answer_of_ours_has_a_type_and_a_foreign_one_a_media_type() -> None:
    """Pages are text, documents are objects."""
    empty = described(a_route(answer=answers.Empty, status=202))["responses"]["202"]
    assert empty["content"] == {"application/json": {"schema": {"$ref": "#/components/schemas/Empty"}, "example": {}}}
    assert described(a_route(media_type=HTML))["responses"]["200"]["content"] == {HTML: {"schema": {"type": "string"}}}
    assert described(a_route())["responses"]["200"]["content"]["application/json"]["schema"] == {"type": "object"}


def test_cached_answer_has_its_etag_and_a_304() -> None:
    """RFC 9110, section 15.4.5."""
    responses = described(a_route(is_cached=True))["responses"]
    assert set(responses["200"]["headers"]) == set(responses["304"]["headers"]) == {"ETag"}
    assert "content" not in responses["304"]
    assert "304" not in described(a_route())["responses"]


def test_socket_has_frames_in_place_of_content() -> None:
    """The token may come in the first frame, so none is needed."""
    row = a_route(status=101, asker=Asker.ROOM_TOKEN, refusals=(errors.UpgradeRequired,), details="How it goes.")
    operation = described(row)
    assert set(operation["x-frames"]) == {"client", "server"}
    assert "content" not in operation["responses"]["101"]
    assert set(operation["responses"]) == {"101", "400", "417", "426", "429", "431", "500", "503"}
    assert (operation["security"], operation["description"]) == ([{}, {"roomToken": []}], "How it goes.")
