"""Refusals as the responses of the OpenAPI document, grouped by status, since that is how OpenAPI has them.

Pure. The sentences are the error classes' own; groups that several calls share stand once, under the classes' names.
"""

import inspect
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import msgspec

from .. import wire
from ..errors import Refused, Unauthorized, UnsupportedEncoding, UpgradeRequired
from ..http.route import JSON, Refusals, Route
from .schemas import Schema, component

__all__ = ["HEADERS", "failures_of", "refer_to_failures"]

HEADERS: dict[str, Schema] = {
    "Accept-Encoding": {"description": "How a body may be encoded: not at all.", "schema": {"const": "identity"}},
    "Retry-After": {
        "description": "Seconds until another try makes sense.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Upgrade": {"description": "What this address speaks.", "schema": {"const": "websocket"}},
    "WWW-Authenticate": {"description": "How to show who asks.", "schema": {"const": "Bearer"}},
}


def refer_to_failures(row: Route) -> Schema:
    """The failures of one call by status, each a reference."""
    return {
        str(group[0].status): {"$ref": f"#/components/responses/{_name(group)}"} for group in _groups(row.all_refusals)
    }


def failures_of(rows: Iterable[Route]) -> dict[str, Schema]:
    """What the references of these rows refer to."""
    groups = {_name(group): group for row in rows for group in _groups(row.all_refusals)}
    return {name: _response(group) for name, group in sorted(groups.items())}


def _groups(refusals: Refusals) -> list[Refusals]:
    ordered = sorted(refusals, key=lambda each: (each.status, each.code))
    return [tuple(group) for _, group in groupby(ordered, key=lambda each: each.status)]


def _name(group: Refusals) -> str:
    return "Or".join(each.__name__ for each in group)


def _response(group: Refusals) -> Schema:
    codes = {"properties": {"error": {"properties": {"code": {"enum": [each.code for each in group]}}}}}
    response: Schema = {
        "description": "\n".join(f"- `{each.code}`: {_meaning(each)}" for each in group),
        "content": {JSON: {"schema": {"allOf": [component("ErrorAnswer"), codes]}, "examples": _examples(group)}},
    }
    if headers := {name: {"$ref": f"#/components/headers/{name}"} for name in _header_names(group)}:
        response["headers"] = headers
    return response


def _meaning(refusal: type[Refused]) -> str:
    return refusal.sentence or (inspect.getdoc(refusal) or "").partition("\n")[0]


def _examples(group: Refusals) -> dict[str, Any]:
    return {each.code: {"value": msgspec.json.decode(wire.encode_error(_example(each)))} for each in group}


def _example(refusal: type[Refused]) -> Refused:
    """One as its clients get it, but for the facts that some sentences are built from."""
    error = refusal.__new__(refusal)
    Refused.__init__(error, _meaning(refusal))
    return error


def _header_names(group: Refusals) -> list[str]:
    """What `middleware.error_response` sends along."""
    return [
        *(["Accept-Encoding"] if UnsupportedEncoding in group else []),
        *(["Retry-After"] if any(each.retry_after_s is not None for each in group) else []),
        *(["Upgrade"] if UpgradeRequired in group else []),
        *(["WWW-Authenticate"] if any(issubclass(each, Unauthorized) for each in group) else []),
    ]
