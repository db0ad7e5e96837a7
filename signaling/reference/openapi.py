"""The OpenAPI 3.1 document: what the route table says, in the words that tools and people read.

Pure: rows and settings in, a document out. Nothing is said here that the rows, the types or the errors do not say;
where an answer is not in the document one of them is wrong, and the tests hold every answer to it.
"""

from collections.abc import Iterable
from typing import Any

from .. import wire
from ..config import Config
from ..http.answers import ServerFrame
from ..http.route import Route
from .failures import HEADERS, failures_of
from .operation import SCHEMES, TAGS, describe_operation
from .schemas import Schema, schema_of, schemas_of

__all__ = ["describe"]

ABOUT = """\
A meeting place for peers that then talk directly: rooms, and envelopes between the peers of a room. This document is
made from the routes and types of the server that serves it; docs/protocol.md of its sources says the same in prose.

Every failure is one JSON shape, `{"error": {"code", "message", "hint"?, "retryAfterS"?}}`. Programs decide by `code`.
An address that does not exist answers 404 `not_found`, another method 405 `method_not_allowed` with `Allow`.
JSON is read whatever the content type says; unknown fields are refused. No token is ever read from a URL.
"""


def describe(routes: Iterable[Route], config: Config, *, version: str) -> dict[str, Any]:
    """The whole document."""
    rows = tuple(routes)
    named = _named_schemas(rows)
    paths: dict[str, Schema] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = describe_operation(row, config, named)
    askers = [asker for asker in TAGS if any(row.asker is asker for row in rows)]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Speaktube signaling", "version": version, "description": ABOUT},
        "servers": [{"url": "/", "description": "The server that this document comes from."}],
        "tags": [{"name": name, "description": text} for name, text in map(TAGS.__getitem__, askers)],
        "paths": paths,
        "components": {
            "schemas": named,
            "responses": failures_of(rows),
            "headers": HEADERS,
            "securitySchemes": _schemes(paths),
        },
    }


def _named_schemas(rows: tuple[Route, ...]) -> dict[str, Schema]:
    read = schemas_of([wire.ClientFrame, *(row.body for row in rows if row.body)], are_written=False)
    answers = [row.answer for row in rows if row.answer]
    written = schemas_of([ServerFrame, wire.ErrorAnswer, *answers], are_written=True)
    unions = {
        "ClientFrame": schema_of(wire.ClientFrame, is_written=False),
        "ServerFrame": schema_of(ServerFrame, is_written=True),
    }
    return {**read, **written, **unions}


def _schemes(paths: dict[str, Schema]) -> dict[str, Schema]:
    """How those show themselves who have to."""
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    used = {name for item in paths.values() for call in item.values() for way in call["security"] for name in way}
    return {name: {**bearer, "description": text} for name, text in SCHEMES.values() if name in used}
