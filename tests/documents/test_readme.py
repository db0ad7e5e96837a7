"""The README's bot runs and answers; its commands exist."""

import ast
import re
from pathlib import Path

import pytest

from peer.cli.grammar import _COMMANDS
from signaling.__main__ import COMMANDS as SERVER_COMMANDS

from ..architecture.sources import tracked_files
from ..examples.children import Child, running_server
from .blocks import ROOT, blocks_of, check_command, documents_with, shown_commands


def test_every_document_with_code_is_tested() -> None:
    """Whoever writes a block into another document adds it to a test."""
    assert documents_with("python") == {"README.md", "docs/bots.md", "docs/how-it-works.md"}


def _substance(source: str) -> list[str]:
    """Imports, the bot and its handlers: what stands at the top level, but docstring and start."""
    return [
        ast.dump(node)
        for node in ast.parse(source).body
        if not isinstance(node, ast.If) and not (isinstance(node, ast.Expr) and "main" not in ast.dump(node))
    ]


def test_bot_of_the_readme_is_the_example() -> None:
    """The same bot; the example starts only where it is a program."""
    [block] = blocks_of("README.md")
    *bot, start = _substance(block)
    example = (ROOT / "examples" / "echo_bot.py").read_text("utf-8")
    assert bot == _substance(example)
    assert start in ast.dump(ast.parse(example))


def test_commands_of_the_readme_exist() -> None:
    """Every target of make, every script and module that it tells the reader to start."""
    commands = shown_commands("README.md")
    assert len(commands) >= 4
    for command in commands:
        check_command(command)


def test_targets_of_make_in_the_text_exist() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"`make (\w+)`", text))
    assert {target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)} == set()


def test_commands_named_in_any_document_exist() -> None:
    """`python -m peer WORD` and `python -m signaling WORD`, wherever they stand."""
    documents = [path for path in tracked_files() if path.suffix == ".md"]
    text = "\n".join(path.read_text("utf-8") for path in documents)
    assert set(re.findall(r"python -m peer ([a-z]+)", text)) - set(_COMMANDS) == set()
    assert set(re.findall(r"python -m signaling ([a-z]+)", text)) - set(SERVER_COMMANDS) == set()


@pytest.mark.rtc
def test_bot_of_the_readme_answers(tmp_path: Path) -> None:
    """Pasted into a file and started with an invite, as the reader will; the terminal is the one it shows."""
    [block] = blocks_of("README.md")
    script = tmp_path / "bot.py"
    script.write_text(block, "utf-8")
    with running_server() as server, Child(*_chat("ada", "--server", server, "--create", "Deck")) as ada:
        invite = ada.find(r"(http://\S+/j#[\w-]{88})")
        with Child(script, invite) as bot:
            ada.wait_for("echo is here")
            ada.type("does it work?\n")
            ada.wait_for("<echo> → ada: does it work?")
            bot.interrupt()
            assert bot.wait() == 0
        ada.wait_for("echo left")
        ada.end_input()
        assert ada.wait() == 0


def _chat(name: str, *arguments: str) -> tuple[str, ...]:
    return ("-m", "peer", "chat", "--temporary", "--name", name, *arguments)
