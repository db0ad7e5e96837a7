"""The page at /docs."""

import re
from html.parser import HTMLParser

from signaling.config import Config
from signaling.http.policy import policy_for
from signaling.http.routes import ROUTES
from signaling.reference.docs import DOCS_POLICY, render
from signaling.reference.openapi import describe

DOCUMENT = describe(ROUTES, Config(guests=True), version="1.2.3")
PAGE = render(DOCUMENT)
VOID = {"meta", "wbr", "!doctype"}


class Reader(HTMLParser):
    """Notes elements, anchors and links, and that each element that is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.anchors: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.anchors += [str(value) for name, value in attrs if name == "id"]
        self.links += [str(value) for name, value in attrs if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def test_page_is_well_formed() -> None:
    """Each element ends, each anchor stands once."""
    reader = read(PAGE)
    assert reader.open == []
    assert len(set(reader.anchors)) == len(reader.anchors)


def test_links_lead_somewhere_on_this_server() -> None:
    """To an anchor of the page, or to the document."""
    reader = read(PAGE)
    assert set(reader.links) - {f"#{anchor}" for anchor in reader.anchors} == {"openapi.json"}


def test_page_loads_nothing() -> None:
    """S17: no script, image, font or sheet from anywhere; the one style is named by its hash."""
    reader = read(PAGE)
    assert reader.elements.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "form", "base", "svg"})
    assert {"src", "srcset", "style", "onclick", "action"}.isdisjoint(reader.attributes)
    (style,) = re.findall("<style>(.*?)</style>", PAGE, re.DOTALL)
    assert policy_for(style) == DOCS_POLICY


def test_page_has_every_call_type_and_error() -> None:
    """And the frames of the WebSocket."""
    anchors = set(read(PAGE).anchors)
    operations = [operation for item in DOCUMENT["paths"].values() for operation in item.values()]
    assert {operation["operationId"] for operation in operations} <= anchors
    assert {f"type-{name}" for name in DOCUMENT["components"]["schemas"]} <= anchors
    assert {f"error-{refusal.code}" for row in ROUTES for refusal in row.all_refusals} <= anchors
    assert {"frames", "types", "errors"} <= anchors
    assert "<h1>Speaktube signaling <small>1.2.3</small></h1>" in PAGE
