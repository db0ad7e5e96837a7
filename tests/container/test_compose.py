"""The compose file: its settings exist, and nothing in it is open that need not be.

It was run for real by podman-compose, with images made of Debian's packages; no registry of images is asked here.
"""

import re
from typing import Any

import pytest
import yaml

from signaling.config import SETTINGS

from ..architecture.sources import ROOT

TEXT = (ROOT / "compose.yaml").read_text("utf-8")
EXAMPLE = (ROOT / "compose.env.example").read_text("utf-8")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]


def test_every_signaling_variable_is_a_setting() -> None:
    """One that is misspelt would be ignored with a word in the log."""
    named = set(re.findall(r"^\s*(SIGNALING_\w+)[:=]", TEXT + EXAMPLE, re.MULTILINE))
    assert {"SIGNALING_STORE", "SIGNALING_JWT_SECRET"} <= named <= {setting.variable for setting in SETTINGS}


def test_the_store_is_a_value_that_the_server_takes() -> None:
    """The very text of the file."""
    store = next(setting for setting in SETTINGS if setting.field == "store")
    assert store.parse(SERVICES["signaling"]["environment"]["SIGNALING_STORE"])


def test_every_variable_of_the_file_is_in_the_example() -> None:
    """Unless it has a default, whoever copies the example is asked for it."""
    wanted = set(re.findall(r"\$\{([A-Z_]+)(?::\?[^}]*)?\}", TEXT))
    assert wanted == {"TURN_HOST", "TURN_SECRET"}
    assert all(f"\n{name}=" in EXAMPLE for name in wanted)


@pytest.mark.parametrize("name", SERVICES)
def test_each_container_is_read_only_and_without_capabilities(name: str) -> None:
    """coturn's program claims one that it does not use, and would not start without."""
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"], service["security_opt"]) == (
        True,
        ["ALL"],
        ["no-new-privileges:true"],
    )
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "coturn" else [])


def test_redis_is_reached_by_the_server_alone() -> None:
    """It asks for no password."""
    assert "ports" not in SERVICES["redis"]
    assert SERVICES["redis"]["networks"] == ["inside"]
    assert [name for name, service in SERVICES.items() if "inside" in service.get("networks", [])] == [
        "signaling",
        "redis",
    ]


def test_the_server_is_published_to_this_host_alone() -> None:
    """TLS is the business of a proxy on it."""
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["signaling"]["ports"])


def test_the_relay_leads_into_no_private_network() -> None:
    """Else whoever has TURN credentials could talk to what stands behind it."""
    command = SERVICES["coturn"]["command"]
    for address in ("10.0.0.0", "127.0.0.0", "169.254.0.0", "172.16.0.0", "192.168.0.0", "100.64.0.0", "::1", "fc00::"):
        assert f"--denied-peer-ip={address}" in command
