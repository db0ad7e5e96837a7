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
    "signaling.bounds.addresses",
    "signaling.http.answers",
    "signaling.identity.attest_wire",
    "signaling.identity.attestation",
    "signaling.reference.article",
    "signaling.bounds.crowd",
    "signaling.reference.docs",
    "signaling.errors",
    "signaling.reference.failures",
    "signaling.fields",
    "signaling.bounds.gate",
    "signaling.ids",
    "signaling.identity.jwks",
    "signaling.identity.keys",
    "signaling.lag",
    "signaling.bounds.limits",
    "signaling.bounds.seats",
    "signaling.reference.markup",
    "signaling.reference.openapi",
    "signaling.reference.operation",
    "signaling.http.policy",
    "signaling.http.query",
    "signaling.returns",
    "signaling.rooms",
    "signaling.rounds",
    "signaling.http.route",
    "signaling.reference.schemas",
    "signaling.settings",
    "signaling.reference.sheet",
    "signaling.store.directory",
    "signaling.store.local",
    "signaling.store.mailbox",
    "signaling.store.memory",
    "signaling.store.port",
    "signaling.store.redis.keys",
    "signaling.store.redis.lua",
    "signaling.store.redis.scripts",
    "signaling.store.rows",
    "signaling.store.shared",
    "signaling.store.tables",
    "signaling.tally",
    "signaling.turn",
    "signaling.wire",
    "peer.bots.arguments",
    "peer.attestation",
    "peer.bots.commands",
    "peer.config",
    "peer.conversation_list",
    "peer.core",
    "peer.crypto",
    "peer.entering.doors",
    "peer.encoding",
    "peer.errors",
    "peer.events",
    "peer.export",
    "peer.ids",
    "peer.invite",
    "peer.entering.keeper",
    "peer.keys",
    "peer.log",
    "peer.member",
    "peer.message",
    "peer.messages",
    "peer.ports",
    "peer.records",
    "peer.rtc.sdp",
    "peer.bots.schedule",
    "peer.shown",
    "peer.signaling.address",
    "peer.signaling.attendance",
    "peer.signaling.backoff",
    "peer.signaling.endings",
    "peer.signaling.frames",
    "peer.signaling.outbox",
    "peer.signaling.shapes",
    "peer.signaling.wire",
    "peer.store.encoded",
    "peer.store.search",
    "peer.tui.bars",
    "peer.tui.commands",
    "peer.tui.completion",
    "peer.tui.layout",
    "peer.tui.lines",
    "peer.tui.notices",
    "peer.tui.palette",
    "peer.tui.people",
    "peer.tui.plain",
    "peer.tui.speech",
    "peer.tui.transcript",
    "peer.tui.typed",
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
    homeless = [module for module in modules() if not any(module.is_within(name) for name in placed)]
    assert [module.name for module in homeless if not (module.is_package and _passes_on(module))] == []


def _passes_on(package: Module) -> bool:
    """Holds a reason and names of others, and `signaling` and `peer` a late import of those."""
    return package.is_empty or package.name in {"peer", "signaling", "signaling.store"}


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
