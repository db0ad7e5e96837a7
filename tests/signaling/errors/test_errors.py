"""The error tree and the table of docs/protocol.md say the same."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from signaling import errors
from signaling.config import SETTINGS
from signaling.errors import Refused

PROTOCOL = Path(__file__).parents[3] / "docs" / "protocol.md"

EXAMPLES: list[Refused] = [
    errors.MalformedRequest(),
    errors.HeadersTooLarge(),
    errors.ExpectationFailed(),
    errors.MalformedJson("x"),
    errors.InvalidBody("x"),
    errors.InvalidQuery("wait", "a number"),
    errors.Unauthenticated(),
    errors.InvalidToken("x"),
    errors.TokenExpired(),
    errors.WrongRoom(),
    errors.WrongOrigin(),
    errors.GuestRefused(),
    errors.MetricsClosed(),
    errors.ProofFailed("x"),
    errors.NoSuchRoom(),
    errors.NoSuchPeer(),
    errors.NotFound(),
    errors.MethodNotAllowed("PUT", ("GET", "POST")),
    errors.RoomFull(2),
    errors.RoomExists(),
    errors.PeerGone(),
    errors.BodyTooLarge(1),
    errors.UnsupportedEncoding(),
    errors.UpgradeRequired(),
    errors.MailboxFull(),
    errors.ShareFull(),
    errors.TooManyRooms(),
    errors.UserSeatsTaken(2),
    errors.AddressSeatsTaken(2),
    errors.TooManyOwnRooms(2),
    errors.RateLimited("user_joins", "60/60", 0.2),
    errors.TooManyConnections("user_connections", 2),
    errors.InternalError(),
    errors.ServerFull("tcp_connections", 2),
    errors.StoreUnavailable(),
    errors.GoingAway(),
    errors.KeysUnavailable(3),
    errors.RequestTimeout(10.0),
]


def _leaves(kind: type[Refused]) -> Iterator[type[Refused]]:
    for child in kind.__subclasses__():
        yield from _leaves(child)
    if not kind.__subclasses__():
        yield kind


def test_examples_are_all_the_leaves() -> None:
    """So that the tests below see every error there is."""
    assert {type(example) for example in EXAMPLES} == set(_leaves(Refused))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.code)
def test_each_error_is_a_sentence_with_code_and_status(example: Refused) -> None:
    """S21: code, sentence, what to do."""
    assert re.fullmatch(r"[a-z_]+", example.code)
    assert example.message[0].isupper()
    assert example.message.endswith(".")
    assert example.hint is None or example.hint.endswith(".")
    assert (example.retry_after_s is not None) == (example.status in {408, 429, 503})


def test_codes_and_statuses_are_those_of_the_protocol() -> None:
    """Both ways: nothing missing, nothing unlisted."""
    section = PROTOCOL.read_text("utf-8").split("## Errors")[1].split("\n# ")[0]
    rows = re.findall(r"^\| (\d+) \|(.*)\|$", section, re.MULTILINE)
    listed = {
        (int(status), code) for status, text in rows for code in re.findall(r"`([a-z]+_[a-z_]+|unauthenticated)`", text)
    }
    assert {(each.status, each.code) for each in EXAMPLES} == listed


def test_the_tree_is_drawn_as_it_is() -> None:
    """Every class that is exported stands in the drawing."""
    drawing = errors.__doc__ or ""
    assert [name for name in errors.__all__ if name not in drawing] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.code)
def test_a_reached_bound_is_a_setting_and_the_sentence_names_it(example: Refused) -> None:
    """So that the operator knows what to turn."""
    if example.bound is not None:
        assert example.bound in {setting.field for setting in SETTINGS}
        assert f"SIGNALING_{example.bound.upper()}" in example.message
