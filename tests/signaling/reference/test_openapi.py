"""The OpenAPI document against the route table, OpenAPI's own schema, and the sample bytes."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import validator_for
from openapi_spec_validator import OpenAPIV31SpecValidator

from signaling import errors
from signaling.config import Config
from signaling.http.routes import ROUTES
from signaling.reference.openapi import describe

from .test_failures import leaves

DOCUMENT = describe(ROUTES, Config(guests=True), version="1.2.3")
COMPONENTS = DOCUMENT["components"]
OPERATIONS = {
    (method.upper(), path): operation for path, item in DOCUMENT["paths"].items() for method, operation in item.items()
}
VECTORS = Path(__file__).parents[2] / "vectors" / "signaling"


def fits(schema: Any, value: Any) -> bool:
    return validator_for({**schema, "components": COMPONENTS}).is_valid(value)


def vectors(name: str) -> list[Any]:
    return [each for each in json.loads((VECTORS / name).read_text()) if _is_json(each["text"])]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def test_document_is_openapi_3_1() -> None:
    """By the schema of the OpenAPI Initiative, references and examples included."""
    OpenAPIV31SpecValidator(DOCUMENT).validate()
    assert DOCUMENT["info"]["version"] == "1.2.3"


def test_every_route_is_described_and_nothing_else() -> None:
    """S17, both ways."""
    assert set(OPERATIONS) == {(row.method, row.path) for row in ROUTES}


def test_every_operation_has_a_name_of_its_own() -> None:
    """Also a tag that is explained, and a sentence without its full stop."""
    names = [each["operationId"] for each in OPERATIONS.values()]
    assert len(set(names)) == len(names)
    assert {tag for each in OPERATIONS.values() for tag in each["tags"]} == {tag["name"] for tag in DOCUMENT["tags"]}
    assert [each["summary"] for each in OPERATIONS.values() if each["summary"].endswith(".")] == []


def test_everything_that_is_named_is_used() -> None:
    """And what is used is there."""
    text = json.dumps(DOCUMENT)
    for kind in ("schemas", "responses", "headers"):
        named = {f"#/components/{kind}/{name}" for name in COMPONENTS[kind]}
        used = {part.partition('"')[0] for part in text.split('"$ref": "')[1:]}
        assert {each for each in used if f"/{kind}/" in each} == named
    schemes = {name for each in OPERATIONS.values() for way in each["security"] for name in way}
    assert schemes == set(COMPONENTS["securitySchemes"])


def test_every_refusal_is_the_answer_of_some_call() -> None:
    """A code that no call documents would come as a surprise; 405 is the answer of what is no call."""
    told = {refusal for row in ROUTES for refusal in row.all_refusals}
    assert set(leaves(errors.Refused)) - told == {errors.MethodNotAllowed}


@pytest.mark.parametrize("key", OPERATIONS, ids=" ".join)
def test_examples_fit_their_schemas(key: tuple[str, str]) -> None:
    """Those who copy them get no refusal."""
    operation = OPERATIONS[key]
    contents = [operation.get("requestBody", {}), *operation["responses"].values()]
    for media in itertools.chain(*(each.get("content", {}).values() for each in contents)):
        assert "example" not in media or fits(media["schema"], media["example"])


def test_examples_of_failures_fit_their_schemas() -> None:
    """Shape and code."""
    for response in COMPONENTS["responses"].values():
        media = response["content"]["application/json"]
        for example in media["examples"].values():
            assert fits(media["schema"], example["value"])
            assert not fits(media["schema"], {"error": {"code": "other", "message": "Other."}})


@pytest.mark.parametrize("vector", vectors("server.json"), ids=lambda each: each["name"])
def test_document_knows_what_the_server_says(vector: Any) -> None:
    """The sample bytes of the contract, as the document has them."""
    value = json.loads(vector["text"])
    if vector["via"] == "ws":
        assert fits(COMPONENTS["schemas"]["ServerFrame"], value)
        return
    responses = _operation(vector["via"])["responses"].values()
    schemas = [media["schema"] for each in responses for media in each.get("content", {}).values()]
    assert any(fits(schema, value) for schema in [*schemas, COMPONENTS["schemas"]["ErrorAnswer"]])


@pytest.mark.parametrize("vector", vectors("client.json"), ids=lambda each: each["name"])
def test_document_knows_what_a_client_may_say(vector: Any) -> None:
    """What the server takes fits; what it refuses as a body does not."""
    schema = COMPONENTS["schemas"]["ClientFrame"]
    if vector["via"] != "ws":
        (media,) = _operation(vector["via"])["requestBody"]["content"].values()
        schema = media["schema"]
    assert fits(schema, json.loads(vector["text"])) is vector["valid"]


def _operation(via: str) -> Any:
    """The call that a vector goes by; its room is `deck`."""
    method, _, path = via.replace("/deck", "/{roomId}").partition(" ")
    return OPERATIONS[method, path]
