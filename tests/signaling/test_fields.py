"""The words of the wire: what the document says of them is what the server holds to."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import errors, fields
from signaling.rooms import clean_name

NAMES = st.text(max_size=70) | st.text(" \t\n\x00\x1c\x85\xa0\u2028x", max_size=8)


@given(NAMES)
def test_pattern_of_a_name_is_what_is_taken(text: str) -> None:
    """The document cannot strip, so its pattern does."""
    try:
        clean_name(text, field="displayName")
    except errors.InvalidBody:
        assert not re.search(fields.NAME_PATTERN, text)
    else:
        assert re.search(fields.NAME_PATTERN, text)


@pytest.mark.parametrize("name", fields.__all__)
def test_example_is_one(name: str) -> None:
    """Those who copy an example get no refusal."""
    word = getattr(fields, name)
    (schema,), _ = msgspec.json.schema_components([word])
    for example in schema["examples"]:
        assert msgspec.convert(example, word) == example
