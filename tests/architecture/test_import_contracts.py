"""The import contracts in pyproject.toml see every module.

`lint-imports` checks what is imported. This checks that each module has a place in the layers and each pure one is
in the list, and that clock and chance do not come in by a door no import shows.
"""

import ast
import itertools
from typing import Any

import pytest

from .sources import Module, modules, pyproject

PURE = (
    "signaling.addresses",
    "signaling.answers",
    "signaling.attest_wire",
    "signaling.attestation",
    "signaling.article",
    "signaling.crowd",
    "signaling.docs",
    "signaling.errors",
    "signaling.failures",
    "signaling.fields",
    "signaling.gate",
    "signaling.ids",
    "signaling.jwks",
    "signaling.keys",
    "signaling.limits",
    "signaling.markup",
    "signaling.openapi",
    "signaling.operation",
    "signaling.policy",
    "signaling.query",
    "signaling.returns",
    "signaling.rooms",
    "signaling.route",
    "signaling.schemas",
    "signaling.settings",
    "signaling.sheet",
    "signaling.store.directory",
    "signaling.store.local",
    "signaling.store.memory",
    "signaling.store.port",
    "signaling.store.redis_keys",
    "signaling.store.redis_lua",
    "signaling.store.redis_scripts",
    "signaling.store.rows",
    "signaling.store.shared",
    "signaling.store.tables",
    "signaling.tally",
    "signaling.turn",
    "signaling.wire",
    "peer.commands",
    "peer.config",
    "peer.core",
    "peer.crypto",
    "peer.errors",
    "peer.events",
    "peer.ids",
    "peer.ports",
    "peer.rtc.sdp",
    "peer.signaling.address",
    "peer.signaling.attendance",
    "peer.signaling.backoff",
    "peer.signaling.endings",
    "peer.signaling.frames",
    "peer.signaling.outbox",
    "peer.signaling.shapes",
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


def _contracts() -> dict[str, dict[str, Any]]:
    return {contract["name"]: contract for contract in pyproject()["tool"]["importlinter"]["contracts"]}


def test_every_module_has_its_place() -> None:
    """A module in no layer could import whatever it likes; package roots pass names on and stand above all layers."""
    layers = [contract["layers"] for contract in _contracts().values() if contract["type"] == "layers"]
    placed = {name.strip(" ()") for layer in itertools.chain(*layers) for name in layer.split("|")}
    homeless = {module.name for module in modules() if not any(module.is_within(name) for name in placed)}
    assert homeless == {"peer", "signaling", "signaling.store"}


def test_contract_lists_every_pure_module() -> None:
    """import-linter refuses names that do not exist, so its list grows with the code; this one tells when."""
    listed = _contracts()["Decisions are pure"]["source_modules"]
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
