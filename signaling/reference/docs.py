"""The page at /docs: the OpenAPI document for people, as plain HTML without script and with nothing to load.

Pure: the document in, the page out. Each call, type and error has an anchor.
"""

from html import escape
from typing import Any

from ..http.policy import policy_for
from .article import Call, badge, calls_of, describe_call, media_of, show_path
from .markup import code, fields_table, last, line, link_to_type, prose, table, type_of
from .schemas import Schema
from .sheet import STYLE

__all__ = ["DOCS_POLICY", "render"]

DOCS_POLICY = policy_for(STYLE)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: calls</title>
<style>{style}</style>
</head>
<body>
<nav aria-label="Calls">{nav}</nav>
<main>
{main}
</main>
</body>
</html>
"""

REFERENCE = {"frames": "WebSocket frames", "types": "Types", "errors": "Errors"}
FRAMES = """\
One JSON object in each text frame, told apart by `type`. docs/protocol.md has their order and the codes of a close.
"""
ERRORS = "Every failure, also one in a WebSocket, has one of these codes."


def render(document: dict[str, Any]) -> str:
    """The whole page."""
    info, named = document["info"], document["components"]["schemas"]
    main = [
        f"<h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>{prose(info['description'])}",
        '<p>For programs: <a href="openapi.json">openapi.json</a>, OpenAPI 3.1.</p>',
        *(_calls(tag, document) for tag in document["tags"]),
        _reference("frames", prose(FRAMES) + _frames(named)),
        _reference("types", "".join(_type(*each) for each in named.items())),
        _reference("errors", prose(ERRORS) + _errors(document)),
    ]
    return PAGE.format(title=escape(info["title"]), style=STYLE, nav=_nav(document), main="\n".join(main))


def _nav(document: dict[str, Any]) -> str:
    groups = {tag["name"]: [_nav_item(call) for call in calls_of(document, tag["name"])] for tag in document["tags"]}
    groups["Reference"] = [f'<li><a href="#{anchor}">{text}</a></li>' for anchor, text in REFERENCE.items()]
    return "".join(f"<h2>{escape(name)}</h2><ul>{''.join(items)}</ul>" for name, items in groups.items())


def _nav_item(call: Call) -> str:
    method, path, operation = call
    return f'<li><a href="#{operation["operationId"]}">{badge(method)}<span>{show_path(path)}</span></a></li>'


def _calls(tag: Schema, document: dict[str, Any]) -> str:
    articles = [describe_call(call, document["components"]) for call in calls_of(document, tag["name"])]
    return f"<section><h2>{escape(tag['name'])}</h2>{prose(tag['description'])}{''.join(articles)}</section>"


def _reference(anchor: str, content: str) -> str:
    return f'<section id="{anchor}"><h2>{REFERENCE[anchor]}</h2>{content}</section>'


def _frames(named: dict[str, Schema]) -> str:
    """Both directions."""
    rows = [
        (
            f"{way} {type_of({'$ref': name})}",
            ", ".join(link_to_type(last(each["$ref"])) for each in named[name]["anyOf"]),
        )
        for way, name in (("you send a", "ClientFrame"), ("you are sent a", "ServerFrame"))
    ]
    return table(("direction", "types"), rows)


def _type(name: str, schema: Schema) -> str:
    shape = fields_table(schema) if "properties" in schema else f"<p>{type_of(schema)}</p>"
    title = f'<h3><a href="#type-{name}"><b>{name}</b></a></h3>'
    return f'<article id="type-{name}">{title}{prose(schema.get("description", ""))}{shape}</article>'


def _errors(document: dict[str, Any]) -> str:
    """Every code once, by status."""
    failures = document["components"]["responses"]
    used = {
        (status, last(response["$ref"]))
        for item in document["paths"].values()
        for operation in item.values()
        for status, response in operation["responses"].items()
        if "$ref" in response
    }
    errors = {
        (status, name): each for status, key in used for name, each in media_of(failures[key])["examples"].items()
    }
    rows = [_error(*each, errors[each]["value"]["error"]) for each in sorted(errors)]
    return table(("status", "code", "meaning", "what to do"), rows)


def _error(status: str, name: str, error: Schema) -> tuple[str, str, str, str]:
    anchor = f'<span id="error-{name}">{code(name)}</span>'
    return f"<b>{status}</b>", anchor, line(error["message"]), line(error.get("hint", ""))
