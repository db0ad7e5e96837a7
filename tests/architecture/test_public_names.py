"""Public means exported: `__all__` says so in each module, and the package root passes on what users need."""

import ast
import importlib
import inspect
from typing import TypeGuard

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


def test_lateness_of_peer_is_hidden_from_nobody() -> None:
    """Type checkers and editors see the same names, at the same place, as a program finds late; each is listed once."""
    [guard] = [node for node in ast.parse(inspect.getsource(peer)).body if _is_for_type_checkers(node)]
    seen = {f".{node.module}": [each.name for each in node.names] for node in guard.body if _names_some(node)}
    assert seen == {home: list(names) for home, names in peer._HOMES.items()}
    assert sorted(name for names in seen.values() for name in names) == sorted(peer.__all__)


def _is_for_type_checkers(node: ast.stmt) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _names_some(node: ast.stmt) -> TypeGuard[ast.ImportFrom]:
    return isinstance(node, ast.ImportFrom)


def test_late_names_stay_what_they_are() -> None:
    """Found once, they are plain attributes; what there is not is missed as in any module; modules are found too."""
    assert peer.Peer is importlib.import_module("peer.peer").Peer
    assert "Peer" in vars(peer)
    assert set(peer.__all__) <= set(dir(peer))
    assert peer.errors is importlib.import_module("peer.errors")
    assert not hasattr(peer, "Pear")
    assert not hasattr(peer, "_private")
