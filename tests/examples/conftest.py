"""One server for the examples; each test has a room of its own on it."""

from collections.abc import Iterator

import pytest

from .children import running_server


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running_server() as url:
        yield url
