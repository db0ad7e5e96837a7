"""Decisions are pure.

The import contracts in pyproject.toml check what is imported; this checks that they see every pure module, and
that clock and chance do not come in by a door no import shows.
"""

import ast

import pytest

from .sources import Module, modules, pyproject

PURE = (
    "signaling.errors",
    "signaling.ids",
    "signaling.limits",
    "signaling.rooms",
    "signaling.store.memory",
    "signaling.store.port",
    "signaling.store.tables",
    "signaling.turn",
    "signaling.wire",
    "peer.config",
    "peer.core",
    "peer.crypto",
    "peer.errors",
    "peer.events",
    "peer.ids",
    "peer.ports",
    "peer.rtc.sdp",
    "peer.signaling.backoff",
    "peer.signaling.wire",
    "peer.wire",
)
"""Modules, and packages with all they hold, that see no loop, socket, clock or chance."""

CLOCK_AND_CHANCE = {
    "now",
    "utcnow",
    "today",
    "generate",
    "generate_key",
    "urandom",
    "uuid4",
    "perf_counter",
    "monotonic",
}
"""Calls such as `datetime.now()` and `X25519PrivateKey.generate()`."""

PURE_MODULES = [module for module in modules() if any(module.is_within(name) for name in PURE)]


def test_contract_lists_every_pure_module() -> None:
    """import-linter refuses names that do not exist, so its list grows with the code; this one tells when."""
    contracts = pyproject()["tool"]["importlinter"]["contracts"]
    listed = next(contract["source_modules"] for contract in contracts if contract["name"] == "Decisions are pure")
    existing = {module.name for module in modules()}
    assert set(listed) == existing & set(PURE)


@pytest.mark.parametrize("module", PURE_MODULES, ids=lambda module: module.name)
def test_time_and_chance_arrive_as_arguments(module: Module) -> None:
    calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    found = [
        f"{module.name}:{call.lineno} {call.func.attr}()"
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in CLOCK_AND_CHANCE
    ]
    assert found == []
