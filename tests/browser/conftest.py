"""One browser for all tests, with a fresh profile for each tab."""

from collections.abc import AsyncIterator, Iterator

import pytest

from .chromium import Chromium, running_chromium
from .site import running_site


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    with running_chromium() as chromium:
        yield chromium


@pytest.fixture
async def origin() -> AsyncIterator[str]:
    """Of the page that the operator has named."""
    async with running_site() as origin:
        yield origin


@pytest.fixture
async def strange_origin() -> AsyncIterator[str]:
    async with running_site() as origin:
        yield origin
