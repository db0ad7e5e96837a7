"""Public means exported: `__all__` says so in each module, and the package root passes on what users need."""

import importlib

import pytest

from .sources import Module, modules

SPEAKING = [module for module in modules() if not module.is_empty]


@pytest.mark.parametrize("module", SPEAKING, ids=lambda module: module.name)
def test_module_exports_what_it_has(module: Module) -> None:
    """`__all__` is there, names each thing once, and each of them exists."""
    loaded = importlib.import_module(module.name)
    exported = list(getattr(loaded, "__all__", ()))
    assert hasattr(loaded, "__all__"), f"{module.name} has no __all__"
    assert len(exported) == len(set(exported))
    assert [name for name in exported if not hasattr(loaded, name)] == []


@pytest.mark.parametrize("name", ["events", "errors"])
def test_peer_passes_on_what_bots_see(name: str) -> None:
    """A bot author matches events and catches errors without knowing our rooms."""
    peer = importlib.import_module("peer")
    inner = importlib.import_module(f"peer.{name}")
    assert set(inner.__all__) - set(peer.__all__) == set()


def test_peer_exports_no_modules() -> None:
    """`peer.Peer` is the class, never by accident the module it lives in."""
    peer = importlib.import_module("peer")
    assert [name for name in peer.__all__ if type(getattr(peer, name)) is type(peer)] == []
