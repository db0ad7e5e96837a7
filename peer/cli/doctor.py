"""`doctor`: is everything there that it takes? Each line says how it is, and what to do where it is not well.

    ✓ as it should be    ! works, and could be better    ✗ has to be mended

Nothing is changed by it: it enters a room of its own for a moment, which nobody else knows of.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from ..config import Config
from ..store.identity_file import guard_of
from .account import Account, choose_account
from .findings import Finding
from .health_here import check_folder, check_keyring, check_link, check_versions
from .json_lines import json_line
from .output import say
from .running import run_loop
from .style import Style, choose_style

__all__ = ["as_text", "examine", "run"]


def run(options: Namespace) -> int:
    return run_loop(_doctor(choose_account(options, asks=False), options))


async def _doctor(account: Account, options: Namespace) -> int:
    style, is_well = choose_style(), True
    async for finding in examine(account):
        say(json_line("check", finding) if options.json else as_text(finding, style))
        is_well = is_well and finding.mark != "bad"
    return 0 if is_well else 1


async def examine(account: Account) -> AsyncIterator[Finding]:
    """One after the other, as they are found; what cannot be asked without something that is missing is left out."""
    installed = check_versions()
    yield installed
    folder = account.data_dir
    yield check_folder(folder)
    yield check_keyring(is_needed=account.keyring or (folder is not None and guard_of(folder) == "keyring"))
    if installed.mark == "bad":
        return
    yield await check_link()
    async for finding in _examine_server(account):
        yield finding


async def _examine_server(account: Account) -> AsyncIterator[Finding]:
    from .health_there import check_clock, check_nat, check_server, check_stun, check_turn, find_ice_servers, plan_of

    config = Config()
    server, seen = await check_server(account.server)
    yield server
    if seen is None:
        return
    yield check_clock(seen, datetime.now(UTC))
    entry, ice_servers = await find_ice_servers(account, config)
    yield entry
    if entry.mark == "bad":
        return
    plan = plan_of(ice_servers, config)
    stun, mapped = await check_stun(plan)
    for finding in stun:
        yield finding
    async for finding in check_turn(plan):
        yield finding
    if plan.stun:
        yield check_nat(mapped, has_turn=bool(plan.turn))


def as_text(finding: Finding, style: Style) -> str:
    """The mark, the subject, how it is; and what to do, in a line of its own."""
    mark = {"good": style.good("✓"), "doubtful": style.doubtful("!"), "bad": style.bad("✗")}[finding.mark]
    line = f"{mark} {finding.subject:<10} {finding.text}"
    return f"{line}\n{'':12} → {finding.advice}" if finding.advice else line
