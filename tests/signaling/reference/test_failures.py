"""Refusals as responses."""

import inspect
from typing import Any

from signaling import errors
from signaling.http.middleware import error_response
from signaling.reference.failures import HEADERS, failures_of, refer_to_failures

from ..http.test_route import a_route

REFUSED = "#/components/responses/"


def leaves(kind: type[errors.Refused]) -> list[type[errors.Refused]]:
    """The errors that have a code."""
    return [each for child in kind.__subclasses__() for each in leaves(child)] or [kind]


FACTS: dict[Any, Any] = {str: "x", int: 1, float: 1.0, tuple[str, ...]: ("GET",)}


def an_error(kind: type[errors.Refused]) -> errors.Refused:
    """One of a kind, whatever facts it is built from."""
    wanted = [each for each in inspect.signature(kind).parameters.values() if each.default is each.empty]
    return kind(*(FACTS[each.annotation] for each in wanted))


def test_refusals_are_grouped_by_status() -> None:
    """One response for each, named after its errors."""
    row = a_route(refusals=(errors.RoomFull, errors.RoomExists, errors.NoSuchRoom))
    references = refer_to_failures(row)
    assert references["409"] == {"$ref": REFUSED + "RoomExistsOrRoomFull"}
    assert list(references) == sorted(references) == ["400", "404", "409", "417", "429", "431", "500", "503"]
    assert set(failures_of([row])) == {each["$ref"].removeprefix(REFUSED) for each in references.values()}


def test_response_lists_its_codes() -> None:
    """As an enum, with what each means, and an example of it."""
    response = failures_of([a_route(refusals=(errors.NoSuchPeer, errors.NoSuchRoom))])["NoSuchPeerOrNoSuchRoom"]
    assert response["description"] == (
        "- `no_such_peer`: There is no such peer in this room.\n- `no_such_room`: There is no such room."
    )
    media = response["content"]["application/json"]
    _, codes = media["schema"]["allOf"]
    assert codes["properties"]["error"]["properties"]["code"] == {"enum": ["no_such_peer", "no_such_room"]}
    assert media["examples"]["no_such_room"]["value"]["error"]["hint"] == errors.NoSuchRoom.hint


def test_sentence_of_facts_is_replaced_by_what_it_is_about() -> None:
    """An example has no facts; the class says in its docstring what it means."""
    response = failures_of([a_route(refusals=(errors.RoomFull,))])["RoomFull"]
    assert response["description"] == "- `room_full`: The room has as many peers as it may."


def test_headers_are_those_that_are_sent() -> None:
    """Of each error: what the middleware adds is in the document, and the reverse."""
    for kind in leaves(errors.Refused):
        sent = {name for name in error_response(an_error(kind)).headers if name in HEADERS}
        (response,) = [each for name, each in failures_of([a_route(refusals=(kind,))]).items() if kind.__name__ in name]
        assert set(response.get("headers", {})) == sent, kind
