"""Whom the full screen is for; the screen itself is in tests/peer/tui."""

from pathlib import Path

import pytest

from peer.cli.account import choose_account
from peer.cli.tui import account_for, opener

from .stage import options


def test_another_name_has_another_folder_and_another_server_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    environment = {"XDG_DATA_HOME": str(tmp_path), "SPEAKTUBE_TOKEN": "the.users.jwt"}
    asked = options("tui", "--name", "ann", "--server", "http://one.invalid")
    usual = choose_account(asked, environment=environment)
    assert account_for("", "", usual=usual, options=asked) == usual
    bob = account_for("http://two.invalid/j#x", "bob", usual=usual, options=asked)
    assert (bob.server, bob.name, bob.token) == ("http://two.invalid", "bob", None)
    assert bob.data_dir == tmp_path / "speaktube" / "bob"
    assert account_for("http://one.invalid", "bob", usual=usual, options=asked).token == "the.users.jwt"
    assert repr(opener(usual, asked)("", "")) == "<Peer 'ann' on http://one.invalid>"
