"""One laboratory for each process of tests, put in order before each test."""

from collections.abc import Iterator

import pytest

from .laboratory import Laboratory, laboratory


@pytest.fixture(scope="package")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with laboratory(tmp_path_factory.mktemp("nat")) as built:
        yield built


@pytest.fixture
def lab(building: Laboratory) -> Iterator[Laboratory]:
    building.reset()
    yield building
    for host in (building.left, building.neighbour, building.right):
        host.peer.close()
