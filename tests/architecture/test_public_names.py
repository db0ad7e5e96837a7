"""Public means exported: `__all__` says so in each module, and the package root passes on what users need."""

import importlib

import pytest

import peer.errors
import peer.events

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


def test_peer_passes_on_every_event() -> None:
    """A bot author matches events and their fields' types without knowing our rooms."""
    types = {name for name in peer.events.__all__ if name[0].isupper()}
    assert types - set(peer.__all__) == set()


def test_peer_passes_on_every_error_a_bot_can_meet() -> None:
    """What the other side does wrong is counted and logged, and never raised: of those the roots are enough."""
    inner = {name: getattr(peer.errors, name) for name in peer.errors.__all__}
    met = {name for name, error in inner.items() if not issubclass(error, peer.RemoteError | peer.CryptoError)}
    assert met - set(peer.__all__) == set()


def test_peer_exports_no_modules() -> None:
    """`peer.Peer` is the class, never by accident the module it lives in."""
    assert [name for name in peer.__all__ if type(getattr(peer, name)) is type(peer)] == []
