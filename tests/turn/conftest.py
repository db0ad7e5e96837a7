"""A coturn that shares a secret with the signaling servers of a test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .coturn import OPEN, Coturn, running_coturn


@pytest.fixture
async def coturn(tmp_path: Path) -> AsyncIterator[Coturn]:
    async with running_coturn(tmp_path, *OPEN) as coturn:
        yield coturn
