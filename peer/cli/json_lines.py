"""Events, messages and members as one JSON object a line, for programs; docs/terminal.md lists them.

Names are in camelCase, and what happened is `type` in kebab case: `MessageEdited` is "message-edited". All of it is
plain ASCII, so that nothing in it does anything to a terminal that shows it. Secrets are left out: what hides in a
`repr` hides here. Pure.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

__all__ = ["json_line", "plain"]

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_UNDERSCORE = re.compile(r"_([a-z])")


def json_line(kind: str | None, value: object, more: Mapping[str, object] | None = None) -> str:
    """`value` is a dataclass or a mapping; `kind` is its `type`, by default made of the name of its class."""
    content = plain(value)
    assert isinstance(content, dict), "only what has names makes an object"
    named = {"type": kind or _CAPITAL.sub(r"-\1", type(value).__name__).lower(), **content}
    return json.dumps({**named, **(more or {})}, separators=(",", ":"))


def plain(value: object) -> Any:
    """As JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
    if is_dataclass(value):
        return {_camel(each.name): plain(getattr(value, each.name)) for each in fields(value) if each.repr}
    if isinstance(value, Mapping):
        return {_camel(str(name)): plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [plain(each) for each in value]
    return value


def _camel(name: str) -> str:
    return _UNDERSCORE.sub(lambda match: match[1].upper(), name)
