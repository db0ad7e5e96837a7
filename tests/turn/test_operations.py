"""What docs/operations.md says about coturn is tried."""

import asyncio
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from signaling.turn import turn_credentials, turn_user

from ..architecture.sources import ROOT
from .coturn import Coturn, RelayRefused, Turn, allocated, open_path, running_coturn

pytestmark = pytest.mark.turn

CHAPTER = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("\n## TURN\n")[2].partition("\n## ")[0]
SHOWN = [block.split("\n") for block in re.findall(r"(?m)(?:^    .+\n)+", CHAPTER)]
VARIABLES, SETTINGS, [CHECK, *_], [NAME, *_] = [[line.strip() for line in block if line] for block in SHOWN]
SECRET = "SECRET"


@pytest.fixture
async def coturn(tmp_path: Path) -> AsyncIterator[Coturn]:
    """With the documented file, on loopback and on another port."""
    settings = tmp_path / "turnserver.conf"
    settings.write_text("\n".join(SETTINGS))
    async with running_coturn(tmp_path, "-c", str(settings)) as coturn:
        yield coturn


def _turn(coturn: Coturn) -> Turn:
    username, credential = turn_credentials(SECRET, turn_user(SECRET, "alice"), expires_at=time.time() + 60)
    return {"urls": [coturn.url()], "username": username, "credential": credential}


def test_both_sides_are_given_one_secret() -> None:
    assert f"SIGNALING_TURN_SECRET={SECRET}" in VARIABLES
    assert f"static-auth-secret={SECRET}" in SETTINGS


@pytest.mark.parametrize(
    "inside", ["127.0.0.1", "0.0.0.1", "10.1.2.3", "100.64.0.1", "169.254.169.254", "172.16.0.1", "192.168.0.1"]
)
async def test_documented_relay_does_not_lead_inside(coturn: Coturn, inside: str) -> None:
    """It would be a way into the operator's own networks; outwards it leads."""
    async with allocated(_turn(coturn)) as relay:
        await open_path(relay, "198.51.100.7")
        with pytest.raises(RelayRefused) as caught:
            await open_path(relay, inside)
        assert caught.value.code == 403


@pytest.mark.parametrize(("credential", "verdict"), [(None, "403 (Forbidden IP)"), ("x", "Cannot complete Allocation")])
async def test_documented_check_tells_good_from_bad(coturn: Coturn, credential: str | None, verdict: str) -> None:
    turn = _turn(coturn)
    values = {"USERNAME": turn["username"], "CREDENTIAL": credential or turn["credential"], "3478": str(coturn.port)}
    command = [values.get(word, word) for word in CHECK.replace("turn.example.org", "127.0.0.1").split()]
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(child.communicate(), 5)
    assert verdict in output.decode()
    assert verdict in CHAPTER


def test_documented_command_finds_a_user() -> None:
    """The pseudonym in coturn's log, from the user id."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl missing: apt-get install openssl")
    printed = subprocess.run(["bash", "-c", NAME], check=True, capture_output=True, text=True).stdout
    assert printed.strip() == turn_user(SECRET, "alice")
