"""The engine that forgets; what it shares with the other stands in test_conformance.py."""

from pathlib import Path

from signaling.store.port import Limits

from ..support import FakeClock
from .support import a_peer, a_room, make_store


async def test_journal_does_not_grow(clock: FakeClock) -> None:
    """Nobody keeps its rows, so they must not pile up."""
    store = make_store("memory", Path(), Limits(), clock)
    for number in range(10):
        await store.create(a_room(f"r{number}"), a_peer())
    assert store._tables.journal == {}  # type: ignore[attr-defined]
