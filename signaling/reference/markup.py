"""HTML from pieces of an OpenAPI document: prose, types, tables, JSON. All foreign text is escaped here.

Pure. Of Markdown it knows what our own sentences use: paragraphs, lists with a dash, and code in backticks.
"""

import json
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from .schemas import Schema

__all__ = ["code", "fields_table", "json_block", "last", "line", "link_to_type", "prose", "table", "type_of"]


def line(text: str) -> str:
    """One line of prose."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def prose(text: str) -> str:
    """Paragraphs and lists."""
    return "".join(_block(block) for block in text.strip().split("\n\n") if block)


def _block(block: str) -> str:
    if not block.startswith("- "):
        return f"<p>{line(block)}</p>"
    items = (f"<li>{line(item)}</li>" for item in block.removeprefix("- ").split("\n- "))
    return f"<ul>{''.join(items)}</ul>"


def code(text: str) -> str:
    """A word of the wire."""
    return f"<code>{escape(text)}</code>"


def json_block(value: Any) -> str:
    """An example."""
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False), quote=False)}</pre>"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of HTML under heads of text; wide ones scroll by themselves."""
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def link_to_type(name: str) -> str:
    """To where the page explains it."""
    return f'<a href="#type-{escape(name)}">{escape(name)}</a>'


def type_of(schema: Schema) -> str:
    """What a value may be, in a few words."""
    match schema:
        case {"$ref": str(reference)}:
            return link_to_type(last(reference))
        case {"anyOf": alternatives}:
            return " or ".join(map(type_of, alternatives))
        case {"enum": values}:
            return " or ".join(code(json.dumps(value)) for value in values)
        case {"type": "array", "items": items}:
            return f"list of {type_of(items)}"
        case {"type": str(kind)}:
            return f"{kind}{_bounds(schema)}"
        case _:
            return "any JSON"


def _bounds(schema: Schema) -> str:
    match schema:
        case {"minLength": least, "maxLength": most}:
            return f", {least} characters" if least == most else f", {least}–{most} characters"
        case {"minimum": least, "maximum": most, "default": default}:
            return f" {least:g}–{most:g}, default {default:g}"
        case {"pattern": pattern} if len(pattern) < 40:
            return f", {code(pattern)}"
        case {"format": name}:
            return f", {escape(name)}"
        case _:
            return ""


def last(reference: str) -> str:
    """The name at the end of a reference."""
    return reference.rpartition("/")[2]


def fields_table(schema: Schema) -> str:
    """The fields of an object; a question mark is behind those that may be missing."""
    rows = [_field(name, each, name in schema["required"]) for name, each in schema["properties"].items()]
    return table(("field", "type", "meaning"), rows) if rows else ""


def _field(name: str, schema: Schema, is_required: bool) -> tuple[str, str, str]:
    described = schema if "description" in schema else next(iter(schema.get("anyOf", [{}])))
    return code(name) + "?" * (not is_required), type_of(schema), line(described.get("description", ""))
