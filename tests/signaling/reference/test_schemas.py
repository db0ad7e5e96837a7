"""Schemas of the wire's types, and examples of them."""

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta, Struct

from signaling.reference.schemas import component, example_of, schema_of, schemas_of

Word = Annotated[str, Meta(pattern=r"\A[a-z]+\Z", examples=["abc"])]


class Inner(Struct):
    """What is inside."""

    word: Word


class Outer(Struct):
    """What is around."""

    inner: Inner
    many: tuple[Inner, ...]
    word: Word | None = None


def test_types_with_names_are_referred_to() -> None:
    """Each stands once in the document, in order."""
    named = schemas_of([Outer], are_written=False)
    assert list(named) == ["Inner", "Outer"]
    assert schema_of(Outer, is_written=False) == component("Outer") == {"$ref": "#/components/schemas/Outer"}
    assert named["Outer"]["properties"]["many"] == {"type": "array", "items": component("Inner")}


def test_patterns_are_those_of_ecmascript() -> None:
    r"""JSON Schema, section 6.4: regular expressions are ECMA-262's, which has no \A."""
    schema = schema_of(Word, is_written=False)
    assert schema["pattern"] == "^[a-z]+$"


@pytest.mark.parametrize("is_written", [True, False])
def test_null_may_be_read_and_is_never_written(is_written: bool) -> None:
    """What has no value is left out by this server; clients may say null."""
    word = schemas_of([Outer], are_written=is_written)["Outer"]["properties"]["word"]
    assert ("anyOf" in word, "default" in word) == (not is_written, not is_written)


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        (Word, "abc"),
        (Outer, {"inner": {"word": "abc"}, "many": [{"word": "abc"}]}),
        (Inner | None, {"word": "abc"}),
        (tuple[Word, ...], ["abc"]),
        (bool, True),
        (int, 1),
        (Any, {}),
        (dict[str, int], {}),
    ],
)
def test_example_fits_its_type(shape: Any, wanted: Any) -> None:
    """Only what is required, in the words' own examples."""
    named = schemas_of([Outer], are_written=True)
    assert example_of(schema_of(shape, is_written=True), named) == wanted
    msgspec.convert(wanted, shape)


def test_example_of_a_choice_is_the_first() -> None:
    """Of several shapes and of several words."""
    assert example_of({"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]}, {}) == "a"
