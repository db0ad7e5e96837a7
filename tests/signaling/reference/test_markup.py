"""HTML from pieces of the document."""

from typing import Any

import pytest

from signaling.reference import markup

EVIL = "<script>alert('&\")</script>"


@pytest.mark.parametrize(
    "html",
    [
        markup.line(EVIL),
        markup.prose(f"{EVIL}\n\n- {EVIL}"),
        markup.code(EVIL),
        markup.json_block({EVIL: EVIL}),
        markup.table([EVIL], []),
        markup.link_to_type(EVIL),
        markup.type_of({"enum": [EVIL]}),
        markup.type_of({"type": "string", "pattern": EVIL}),
        markup.type_of({"type": "string", "format": EVIL}),
        markup.fields_table({"properties": {EVIL: {"description": EVIL}}, "required": []}),
    ],
)
def test_foreign_text_is_escaped(html: str) -> None:
    """The document is ours; an operator's setting may stand in it one day."""
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_prose_has_paragraphs_lists_and_code() -> None:
    """The Markdown that our sentences use."""
    assert markup.prose("One `a` and\ntwo.\n\n- b\n- `c`\n") == (
        "<p>One <code>a</code> and\ntwo.</p><ul><li>b</li><li><code>c</code></li></ul>"
    )
    assert markup.prose("") == ""


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"$ref": "#/components/schemas/Peer"}, '<a href="#type-Peer">Peer</a>'),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"enum": ["a", "b"]}, "<code>&quot;a&quot;</code> or <code>&quot;b&quot;</code>"),
        ({"type": "array", "items": {"type": "string"}}, "list of string"),
        ({"type": "string", "minLength": 22, "maxLength": 22}, "string, 22 characters"),
        ({"type": "string", "minLength": 1, "maxLength": 9}, "string, 1–9 characters"),
        ({"type": "integer", "minimum": 1, "maximum": 100, "default": 50}, "integer 1–100, default 50"),
        ({"type": "string", "pattern": "^a$"}, "string, <code>^a$</code>"),
        ({"type": "string", "pattern": "a" * 40}, "string"),
        ({"type": "string", "format": "date-time"}, "string, date-time"),
        ({}, "any JSON"),
    ],
)
def test_type_is_told_in_a_few_words(schema: dict[str, Any], wanted: str) -> None:
    """A pattern that nobody would read is left out; the sentence beside it says the same."""
    assert markup.type_of(schema) == wanted


def test_table_scrolls_by_itself() -> None:
    """A narrow screen does not."""
    assert markup.table(["a"], [["<b>1</b>"]]) == (
        '<div class="wide"><table><thead><tr><th scope="col">a</th></tr></thead>'
        "<tbody><tr><td><b>1</b></td></tr></tbody></table></div>"
    )


def test_fields_that_may_be_missing_have_a_question_mark() -> None:
    """Their meaning may stand with the first of several shapes."""
    properties = {
        "a": {"type": "string", "description": "First."},
        "b": {"anyOf": [{"type": "string", "description": "Second."}, {"type": "null"}]},
        "c": {},
    }
    html = markup.fields_table({"properties": properties, "required": ["a"]})
    assert "<td><code>a</code></td><td>string</td><td>First.</td>" in html
    assert "<td><code>b</code>?</td><td>string or null</td><td>Second.</td>" in html
    assert "<td><code>c</code>?</td><td>any JSON</td><td></td>" in html
    assert markup.fields_table({"properties": {}, "required": []}) == ""
