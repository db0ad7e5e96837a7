"""Lines go where they belong."""

import pytest

from peer.cli.output import complain, say


def test_what_is_said_and_what_is_wrong_go_apart(capsys: pytest.CaptureFixture[str]) -> None:
    say("ahoy")
    complain("no")
    assert capsys.readouterr() == ("ahoy\n", "no\n")
