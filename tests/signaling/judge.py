"""Holds what a server says to the OpenAPI document that it serves: no status, code, field or header beside it.

The document leaves its objects open, since clients must take fields that they do not know. The judge closes them: a
field that is not in the document is a field that somebody forgot there.
"""

import contextlib
import functools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from jsonschema_rs import validator_for

from signaling.config import Config
from signaling.http.routes import ROUTES
from signaling.reference.openapi import describe

__all__ = ["Judge", "judge_of"]

OF_NO_CALL = {404: "not_found", 405: "method_not_allowed", 429: "rate_limited", 503: "going_away"}
"""What an address or method that is in no document answers."""


class Judge:
    """Knows one document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._components = {**document["components"], "schemas": _closed(document["components"]["schemas"])}
        self._calls = [(_matcher(path), item) for path, item in document["paths"].items()]
        calls = [(method.upper(), path) for path, item in document["paths"].items() for method in item]
        self._samples = [(method, _sample_of(path)) for method, path in (*calls, ("GET", "/"), ("OPTIONS", "/"))]
        self._likely_first = functools.cache(self._sorted_samples)
        self._validator = functools.cache(self._compiled)

    def check_answer(self, method: str, path: str, status: int, headers: Mapping[str, str], text: str) -> None:
        """Fail unless the document has this answer of this call; `path` is without query, percent-encoded."""
        response = self._response(method, path, status)
        for name in response.get("headers", {}):
            assert name in headers, f"{method} {path} answers {status} without {name}"
        contents = response.get("content")
        if contents is None:
            assert not text, f"{method} {path} answers {status} with a body, and the document has none"
            return
        media_type = headers["Content-Type"].partition(";")[0]
        assert media_type in contents, f"{method} {path} answers {status} as {media_type}"
        if media_type == "application/json":
            self._check(contents[media_type]["schema"], text, f"{method} {path} {status}")

    def check_any_answer(self, likely: str, status: int, headers: Mapping[str, str], text: str) -> None:
        """Fail unless the document has this answer of some call, for a request that may have become another's."""
        for method, path in self._likely_first(likely):
            with contextlib.suppress(AssertionError):
                self.check_answer(method, path, status, headers, text)
                return
        raise AssertionError(f"no call of the document answers {status} with {dict(headers)} and {text[:1000]}")

    def _sorted_samples(self, likely: str) -> list[tuple[str, str]]:
        return sorted(self._samples, key=lambda call: call[1] != _sample_of(likely))

    def check_frame(self, text: str) -> None:
        """Fail unless the document has this frame from the server."""
        self._check({"$ref": "#/components/schemas/ServerFrame"}, text, "a frame")

    def _response(self, method: str, path: str, status: int) -> Any:
        item: dict[str, Any] = next((item for matches, item in self._calls if matches(path)), {})
        if method.lower() not in item:
            return self._of_no_call(method, status)
        responses = item[method.lower()]["responses"]
        assert str(status) in responses, f"{method} {path} answers {status}, and the document has {sorted(responses)}"
        response = responses[str(status)]
        name = response.get("$ref", "").rpartition("/")[2]
        return self._components["responses"][name] if name else response

    def _of_no_call(self, method: str, status: int) -> Any:
        if method == "OPTIONS" and status in {200, 403}:  # a preflight: of the Fetch standard, not of our document
            return {"content": {"application/json": {"schema": {}}}} if status == 403 else {}
        assert status in OF_NO_CALL, f"{method} of no call answers {status}"
        failure = {"properties": {"error": {"properties": {"code": {"const": OF_NO_CALL[status]}}}}}
        schema = {"allOf": [{"$ref": "#/components/schemas/ErrorAnswer"}, failure]}
        headers: dict[str, Any] = {"Allow": {}} if status == 405 else {"Retry-After": {}} if status == 429 else {}
        return {"content": {"application/json": {"schema": schema}}, "headers": headers}

    def _check(self, schema: Any, text: str, what: str) -> None:
        errors = self._validator(json.dumps(schema)).iter_errors(json.loads(text))
        troubles = [f"{error.instance_path}: {error.message}" for error in errors]
        assert not troubles, f"{what} is not as the document has it: {troubles[:3]} in {text[:1000]}"

    def _compiled(self, schema: str) -> Any:
        return validator_for({**json.loads(schema), "components": self._components}, validate_formats=True, mask="it")


def _closed(named: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {**schema, "additionalProperties": False} if "properties" in schema else schema
        for name, schema in named.items()
    }


def _matcher(template: str) -> Callable[[str], re.Match[str] | None]:
    """As the router reads it: what stands in braces is one segment."""
    return re.compile(re.sub(r"\\{\w+\\}", "[^/{}]+", re.escape(template))).fullmatch


def _sample_of(template: str) -> str:
    return re.sub(r"{\w+}", "sample", template)


@functools.lru_cache(maxsize=8)
def judge_of(config: Config) -> Judge:
    """One for each document; most servers under test have the same."""
    return Judge(describe(ROUTES, config, version="0"))
