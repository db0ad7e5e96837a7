"""The route table against the application that is made from it."""

from typing import get_args

from signaling.app import create_app
from signaling.config import Config
from signaling.routes import ROUTES
from signaling.wire import KINDS, Kind


def test_application_serves_the_table_and_nothing_else() -> None:
    """A route beside the table would be in no document."""
    app = create_app(Config(guests=True, store="memory:"))
    served = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    assert served == {(row.method, row.path) for row in ROUTES}


def test_each_call_stands_once() -> None:
    """Method and path together name a call."""
    names = [(row.method, row.path) for row in ROUTES]
    assert len(names) == len(set(names))


def test_kinds_are_those_of_the_type() -> None:
    """Rows are made for each kind."""
    assert get_args(Kind) == KINDS
