"""S17: schemathesis asks a running server whatever its document invites to ask, and finds no surprise.

Its checks: no 5xx; no status, content type, header or shape beside the document; what the document allows is taken and
what it forbids is refused; other methods get 405 with Allow; no call works without the token that it says it needs.
"""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from signaling import Config, mint_user_token, running_server

from ..signaling.support import SECRET, UNLIMITED

HERE = Path(__file__).parent

EXAMPLES = 10 if os.environ.get("CI") == "true" else 2
"""Made by chance, of each call; those at the edges of what the document allows come besides, and take most time."""


async def _examined(url: str, folder: Path, *options: str) -> tuple[int, str]:
    """Exit code and output of a run that is the same each time."""
    program = Path(sys.executable).with_name("schemathesis")
    token = mint_user_token(SECRET, sub="alice", name="Alice", issuer=None, audience=None, now=time.time(), ttl_s=600)
    variables = {
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "SPEAKTUBE_URL": url,
        "SPEAKTUBE_USER_TOKEN": token,
        "SPEAKTUBE_METRICS_TOKEN": SECRET,
    }
    settings = str(HERE / "schemathesis.toml")
    line = [str(program), "--config-file", settings, "--no-color", "run", f"{url}/openapi.json", *options]
    process = await asyncio.create_subprocess_exec(
        *line,
        cwd=folder,
        env={**os.environ, **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


@pytest.mark.parametrize("guests", [True, False])
@pytest.mark.long
async def test_schemathesis_finds_no_surprise(guests: bool, tmp_path: Path) -> None:
    """With valid tokens, with invalid ones, and without."""
    secrets: dict[str, Any] = {"jwt_secret": SECRET, "metrics_token": SECRET}
    bounds: dict[str, Any] = {"poll_max_s": 0.1, "user_rooms": 100_000, "mailbox_entries": 100_000, "peer_ttl_s": 600}
    async with running_server(Config(port=0, store="memory:", guests=guests, **secrets, **bounds, **UNLIMITED)) as url:
        code, out = await _examined(url, tmp_path, "--generation-deterministic", f"--max-examples={EXAMPLES}")
    assert code == 0, out
