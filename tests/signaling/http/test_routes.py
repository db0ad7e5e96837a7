"""The route table against the application that is made from it."""

from pathlib import Path
from typing import get_args

import pytest

from signaling.app import create_app
from signaling.config import Config
from signaling.http.route import Route
from signaling.http.routes import ROUTES
from signaling.wire import KINDS, Kind

PROTOCOL = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text("utf-8")


def test_application_serves_the_table_and_nothing_else() -> None:
    """A route beside the table would be in no document."""
    app = create_app(Config(guests=True, store="memory:"))
    served = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    assert served == {(row.method, row.path) for row in ROUTES}


def test_each_call_stands_once() -> None:
    """Method and path together name a call."""
    names = [(row.method, row.path) for row in ROUTES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("row", ROUTES, ids=lambda row: f"{row.method} {row.path}")
def test_protocol_has_each_call_in_its_table(row: Route) -> None:
    """Calls that are alike share a line, and all but the first are short there: `/answer`, `/answer/…`."""
    short = row.path.removeprefix("/signaling").replace("{roomId}", "…")
    assert f"`{row.method} {row.path}`" in PROTOCOL or f"`{short}`" in PROTOCOL


def test_kinds_are_those_of_the_type() -> None:
    """Rows are made for each kind."""
    assert get_args(Kind) == KINDS
