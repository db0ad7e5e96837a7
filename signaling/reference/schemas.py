"""JSON schemas of the wire's types, as OpenAPI 3.1 wants them, and an example of each.

msgspec makes the schemas; two things are put right. Its patterns are Python's, the document's are ECMAScript's. And
a field that has no value is left out of what this server writes, while clients may also say null.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

__all__ = ["Schema", "component", "example_of", "schema_of", "schemas_of"]

Schema = dict[str, Any]

TEMPLATE = "#/components/schemas/{name}"
EXAMPLES = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}


def component(name: str) -> Schema:
    """A reference to a schema of the document."""
    return {"$ref": TEMPLATE.format(name=name)}


def schemas_of(types: Iterable[Any], *, are_written: bool) -> dict[str, Schema]:
    """The named schemas behind some types, which this server writes, or reads."""
    _, named = msgspec.json.schema_components(types, ref_template=TEMPLATE)
    return {name: _adapted(schema, are_written) for name, schema in sorted(named.items())}


def schema_of(shape: Any, *, is_written: bool) -> Schema:
    """The schema of one type, with references for what has a name."""
    (schema,), _ = msgspec.json.schema_components([shape], ref_template=TEMPLATE)
    adapted: Schema = _adapted(schema, is_written)
    return adapted


def _adapted(node: Any, is_written: bool) -> Any:
    match node:
        case {"anyOf": [schema, {"type": "null"}], "default": None} if is_written:
            return _adapted(schema, is_written)
        case dict():
            return {
                key: _ecma(value) if key == "pattern" else _adapted(value, is_written) for key, value in node.items()
            }
        case list():
            return [_adapted(each, is_written) for each in node]
        case _:
            return node


def _ecma(pattern: str) -> str:
    return pattern.replace(r"\A", "^").replace(r"\Z", "$")


def example_of(schema: Schema, named: dict[str, Schema]) -> Any:
    """A value that fits: the example of each word, the first of several shapes, and nothing that may be missing."""
    match schema:
        case {"$ref": str(reference)}:
            return example_of(named[reference.rpartition("/")[2]], named)
        case {"examples": [first, *_]} | {"enum": [first, *_]}:
            return first
        case {"anyOf": [first, *_]}:
            return example_of(first, named)
        case {"type": "array", "items": items}:
            return [example_of(items, named)]
        case {"type": "object", "properties": properties, "required": required}:
            return {name: example_of(properties[name], named) for name in required}
        case _:
            return EXAMPLES.get(schema.get("type", "object"))
