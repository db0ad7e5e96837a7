"""`python -m peer` is the command line."""

import runpy
import sys

import pytest


def test_module_runs_the_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["peer", "--help"])
    monkeypatch.delitem(sys.modules, "peer.__main__", raising=False)  # another test may have imported it
    with pytest.raises(SystemExit) as end:
        runpy.run_module("peer", run_name="__main__")
    assert end.value.code == 0
    assert "usage: python -m peer" in capsys.readouterr().out
