"""One row of the route table as an operation of the OpenAPI document: who asks, with what, and every answer.

Pure. What fails is in failures.py.
"""

import re

from ..config import Config
from ..errors import GuestRefused
from ..fields import RoomIdText
from ..http.query import Number, Parameter, Text
from ..http.route import JSON, Asker, Route
from .failures import refer_to_failures
from .schemas import Schema, component, example_of, schema_of

__all__ = ["SCHEMES", "TAGS", "describe_operation", "operation_id"]

TAGS: dict[Asker, tuple[str, str]] = {
    Asker.USER: ("Rooms", "Make one, enter one, find one: with a user's JWT, or without where guests are let in."),
    Asker.ROOM_TOKEN: ("In a room", "What a peer does once it is in, with the room token that it was given."),
    Asker.OPERATOR: ("Operation", "For who runs the server."),
    Asker.NOBODY: ("The server itself", "For anybody: no token is looked at."),
}
SCHEMES: dict[Asker, tuple[str, str]] = {
    Asker.USER: ("userToken", "A JWT of the operator's provider, in `Authorization: Bearer`."),
    Asker.ROOM_TOKEN: ("roomToken", "The token that create-room and join-room answer, and heartbeats renew."),
    Asker.OPERATOR: ("operatorToken", "What the operator has set, in `Authorization: Bearer`."),
}
ETAG: Schema = {
    "ETag": {"description": "Names these bytes, for `If-None-Match`.", "schema": {"type": "string"}},
}
DONE = {101: "From here on the connection is a WebSocket.", 202: "Taken; it is on its way."}
SEGMENTS = {"roomId": RoomIdText}


def operation_id(row: Route) -> str:
    """A name for generated clients and for anchors, such as `postCreateRoom`."""
    path = re.sub(r"{\w+}", "", row.path.removeprefix("/signaling"))
    return row.method.lower() + "".join(word.capitalize() for word in re.findall(r"\w+", path))


def describe_operation(row: Route, config: Config, named: dict[str, Schema]) -> Schema:
    """The operation; `named` are the document's schemas, which its examples are made from."""
    operation: Schema = {
        "operationId": operation_id(row),
        "tags": [TAGS[row.asker][0]],
        "summary": row.summary,
        "security": _security(row, config),
        "responses": {**_success(row, named), **refer_to_failures(row)},
    }
    if row.details:
        operation["description"] = row.details
    if parameters := [*map(_segment, re.findall(r"{(\w+)}", row.path)), *(_query(each, config) for each in row.query)]:
        operation["parameters"] = parameters
    if row.body:
        operation["requestBody"] = {"required": not row.body_may_miss, "content": {JSON: _body(row, named)}}
    if row.is_socket:
        operation["x-frames"] = {"client": component("ClientFrame"), "server": component("ServerFrame")}
    return operation


def _security(row: Route, config: Config) -> list[Schema]:
    """Alternatives; the empty one stands for no token."""
    if row.asker is Asker.NOBODY or (row.asker is Asker.OPERATOR and config.metrics_token is None):
        return []
    takes_guests = row.asker is Asker.USER and config.guests and GuestRefused not in row.refusals
    return [*([{}] if row.is_socket or takes_guests else []), {SCHEMES[row.asker][0]: []}]


def _segment(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema_of(SEGMENTS[name], is_written=False)}


def _query(parameter: Parameter, config: Config) -> Schema:
    schema = _text(parameter) if isinstance(parameter, Text) else _number(parameter, config)
    return {"name": parameter.name, "in": "query", "description": parameter.meaning, "schema": schema}


def _text(parameter: Text) -> Schema:
    return {"type": "string", "pattern": f"^{parameter.pattern}$"}


def _number(parameter: Number, config: Config) -> Schema:
    bounds = {"minimum": parameter.lowest, "maximum": parameter.highest(config), "default": parameter.default}
    return {"type": "integer" if parameter.is_whole else "number", **bounds}


def _body(row: Route, named: dict[str, Schema]) -> Schema:
    schema = schema_of(row.body, is_written=False)
    return {"schema": schema, "example": row.example or example_of(schema, named)}


def _success(row: Route, named: dict[str, Schema]) -> Schema:
    response: Schema = {"description": DONE.get(row.status, "Done.")}
    answers = {str(row.status): response}
    if not row.is_socket:
        response["content"] = {row.media_type: _content(row, named)}
    if row.is_cached:
        response["headers"] = ETAG
        answers["304"] = {"description": "What `If-None-Match` names is what there is.", "headers": ETAG}
    return answers


def _content(row: Route, named: dict[str, Schema]) -> Schema:
    if row.answer is None:
        return {"schema": {"type": "object" if row.media_type == JSON else "string"}}
    schema = schema_of(row.answer, is_written=True)
    return {"schema": schema, "example": example_of(schema, named)}
