"""The plugin of pytest, as a bot author's project has it, with the flag for real links; ours has it too, without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

TEST = """
import peer

bot = peer.Bot(name="echo")

@bot.on
async def echo(message: peer.Message) -> None:
    await message.reply(message.text)

async def test_echo(stage):
    await stage.serve(bot)
    alice = await stage.guest("alice")
    await alice.say("ahoy")
    assert await alice.hears() == "ahoy"
    route = alice.room.route(next(m for m in alice.room.members if m.name == "echo"))
    print("over", route)
"""


def run_pytest(folder: Path, *flags: str) -> str:
    """In a process of its own; what it printed. Fails if its test does."""
    (folder / "conftest.py").write_text('pytest_plugins = ["peer.testing.plugin"]\n', "utf-8")
    (folder / "test_echo.py").write_text(TEST, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-p", "no:schemathesis"]
    settings = ["-o", "asyncio_mode=auto", "--rootdir", str(folder), *flags, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, *settings], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.rtc
def test_the_same_test_runs_over_real_links_by_a_flag(tmp_path: Path) -> None:
    """A server of its own on a free port, and data channels."""
    assert "over host-host udp ipv4" in run_pytest(tmp_path, "--speaktube-real")


def test_library_does_not_import_pytest() -> None:
    """Its users' programs have none."""
    code = "import peer, peer.bot, peer.testing, sys; assert 'pytest' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
