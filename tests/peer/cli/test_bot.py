"""The bot of a module."""

from pathlib import Path

import pytest

from peer import BadSetting
from peer.cli.bot import load_bot, run

from .stage import options

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_bot_is_found_by_module_and_name() -> None:
    assert load_bot("echo_bot:bot", folder=EXAMPLES).name == "echo"
    assert load_bot("echo_bot.py", folder=EXAMPLES).name == "echo"


def test_what_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="there is no module no_bot"):
        load_bot("no_bot:bot", folder=tmp_path)
    with pytest.raises(BadSetting, match="has no bot called robot: it has bot"):
        load_bot("echo_bot:robot", folder=EXAMPLES)
    (tmp_path / "empty_of_bots.py").write_text("")
    with pytest.raises(BadSetting, match=r"write bot = peer\.Bot"):
        load_bot("empty_of_bots", folder=tmp_path)


def test_mistake_in_a_module_is_shown_to_its_author(tmp_path: Path) -> None:
    """As Python shows it, with the line."""
    (tmp_path / "needs_more.py").write_text("import not_installed_at_all")
    with pytest.raises(ModuleNotFoundError, match="not_installed_at_all"):
        load_bot("needs_more:bot", folder=tmp_path)


@pytest.mark.parametrize("words", [["echo_bot:bot"], ["echo_bot:bot", "INVITE", "--room", "Lobby"]])
def test_it_serves_in_one_place(words: list[str]) -> None:
    with pytest.raises(BadSetting, match="where does it serve"):
        run(options("bot", *words))
