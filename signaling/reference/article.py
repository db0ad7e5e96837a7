"""One call as an article of the page at /docs: who asks, with what, the command for a shell, and every answer.

Pure: an operation of the OpenAPI document in, HTML out.
"""

import json
import re
from html import escape
from typing import Any

from .markup import code, fields_table, json_block, last, line, prose, table, type_of
from .schemas import Schema

__all__ = ["Call", "badge", "calls_of", "describe_call", "media_of", "show_path"]

Call = tuple[str, str, Schema]
"""Method, path, operation."""

WHO = {
    "userToken": "with a user’s JWT",
    "roomToken": "with the room token",
    "operatorToken": "with the operator’s token",
}


def calls_of(document: dict[str, Any], tag: str) -> list[Call]:
    """The calls that have a tag."""
    calls = [(method.upper(), path, each) for path, item in document["paths"].items() for method, each in item.items()]
    return [call for call in calls if tag in call[2]["tags"]]


def media_of(part: Schema) -> Schema:
    """The only media type that a body or an answer has; empty where there is no content."""
    return dict(next(iter(part.get("content", {}).values()), {}))


def badge(method: str) -> str:
    """A method, in its colour."""
    return f'<b class="method {method.lower()}">{method}</b>'


def show_path(path: str) -> str:
    """With what stands for something else set apart; it may break behind a slash."""
    return re.sub(r"{\w+}", r"<i>\g<0></i>", escape(path).replace("/", "/<wbr>"))


def describe_call(call: Call, components: dict[str, dict[str, Schema]]) -> str:
    """The article."""
    method, path, operation = call
    name = operation["operationId"]
    answers = [_answer(status, each, components["responses"]) for status, each in operation["responses"].items()]
    return "".join(
        [
            f'<article id="{name}"><h3><a href="#{name}">{badge(method)}<code>{show_path(path)}</code></a></h3>',
            f'<p class="summary">{line(operation["summary"])}.</p>{prose(operation.get("description", ""))}',
            f"<p>{_who(operation['security'])}{_body(operation.get('requestBody'))}</p>",
            _parameters(operation.get("parameters", [])),
            _fields(operation.get("requestBody", {}), components["schemas"]),
            f"<pre>{escape(_command(*call), quote=False)}</pre>",
            table(("status", "answer"), answers),
            _example(operation["responses"]),
            "</article>",
        ]
    )


def _who(security: list[Schema]) -> str:
    ways = [WHO[name] for each in security for name in each] + ["without a token"] * (not security or {} in security)
    return f"Asked {' or '.join(ways)}."


def _body(body: Schema | None) -> str:
    if body is None:
        return ""
    missing = "" if body["required"] else ", or nothing at all"
    return f" The body is JSON, {type_of(media_of(body)['schema'])}{missing}."


def _parameters(parameters: list[Schema]) -> str:
    rows = [(code(each["name"]), each["in"], type_of(each["schema"]), line(_meaning(each))) for each in parameters]
    return table(("parameter", "in", "type", "meaning"), rows) if rows else ""


def _meaning(parameter: Schema) -> str:
    return str(parameter.get("description") or parameter["schema"].get("description", ""))


def _fields(body: Schema, named: dict[str, Schema]) -> str:
    match media_of(body):
        case {"schema": {"$ref": str(reference)}}:
            return fields_table(named[last(reference)])
        case _:
            return ""


def _command(method: str, path: str, operation: Schema) -> str:
    """The reader sets SERVER, and TOKEN and ROOM where they are needed."""
    url = '"$SERVER' + re.sub(r"{\w+}", "$ROOM", path) + '"'
    if "x-frames" in operation:
        return f'websocat -H "Authorization: Bearer $TOKEN" {url.replace("$SERVER", "${SERVER/http/ws}")}'
    words = ["curl" if method == "GET" else f"curl -X {method}"]
    if operation["security"] and {} not in operation["security"]:
        words.append('-H "Authorization: Bearer $TOKEN"')
    if "requestBody" in operation:
        words.append(f"-d '{json.dumps(media_of(operation['requestBody'])['example'])}'")
    return " \\\n  ".join([*words, url])


def _answer(status: str, response: Schema, failures: dict[str, Schema]) -> tuple[str, str]:
    if "$ref" in response:
        names = media_of(failures[last(response["$ref"])])["examples"]
        return f"<b>{status}</b>", ", ".join(f'<a href="#error-{name}">{code(name)}</a>' for name in names)
    shown = [line(response["description"]), *map(_content, response.get("content", {}).items())]
    return f"<b>{status}</b>", " ".join(shown)


def _content(content: tuple[str, Schema]) -> str:
    media_type, media = content
    return type_of(media["schema"]) if "$ref" in media["schema"] else code(media_type)


def _example(responses: dict[str, Schema]) -> str:
    """Folded, since answers are long."""
    found = [media["example"] for media in map(media_of, responses.values()) if media.get("example")]
    return "".join(f"<details><summary>Example of an answer</summary>{json_block(each)}</details>" for each in found)
