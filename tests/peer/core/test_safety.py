"""Safety numbers and codes: the same for both people, another one for everybody else."""

from __future__ import annotations

import hmac
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core.safety import check_code, encode_code, read_code, safety_number
from peer.errors import BadIdentity, UsageError, VerificationFailed
from peer.events import Member
from peer.ids import MemberId

from ...support.keys import identity

ANN, BEN, EVE = (identity(name).member_id for name in ("ann", "ben", "eve"))
VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "link" / "safety.json").read_text("utf-8"))


def by_hand(one: bytes, other: bytes) -> str:
    """docs/protocol.md with HMAC of the standard library: RFC 5869, two blocks of output."""
    secret = hmac.digest(bytes(32), min(one, other) + max(one, other), "sha256")
    first = hmac.digest(secret, b"speaktube v1 safety number" + bytes([1]), "sha256")
    both = first + hmac.digest(secret, first + b"speaktube v1 safety number" + bytes([2]), "sha256")
    return " ".join(str(int.from_bytes(both[at : at + 5], "big") % 100_000).zfill(5) for at in range(0, 60, 5))


def test_number_is_the_same_for_both_and_another_one_with_a_third() -> None:
    """So a key in the middle shows itself: with it in between, the two read different numbers."""
    assert safety_number(ANN, BEN) == safety_number(BEN, ANN)
    assert len({safety_number(*pair) for pair in ((ANN, BEN), (ANN, EVE), (EVE, BEN))}) == 3


def test_number_is_the_one_of_the_protocol() -> None:
    """Twelve groups of five digits, zeros in front kept."""
    number = safety_number(ANN, BEN)
    assert number == by_hand(identity("ann").public_key, identity("ben").public_key)
    assert [len(group) for group in number.split()] == [5] * 12


@pytest.mark.parametrize("vector", VECTORS["numbers"], ids=lambda vector: vector["number"][:5])
def test_number_agrees_with_the_vectors(vector: dict[str, str]) -> None:
    assert safety_number(MemberId(vector["one"]), MemberId(vector["other"])) == vector["number"]


def test_nobody_has_a_number_with_themselves() -> None:
    """Nor with what is no key."""
    with pytest.raises(UsageError, match="somebody else than yourself"):
        safety_number(ANN, ANN)
    with pytest.raises(BadIdentity):
        safety_number(ANN, MemberId("ben"))


def test_code_shows_whose_it_is_to_whom_it_was_made_for() -> None:
    """Blanks around it, as scanners add them, do no harm."""
    code = encode_code(ours=ANN, theirs=BEN)
    assert code == f"speaktube-verify:1:{ANN}:{BEN}"
    assert read_code(f" {code}\n", ours=BEN) == ANN


def test_code_made_for_another_key_is_refused() -> None:
    """Ann takes somebody else for Ben: she met the key in the middle."""
    with pytest.raises(VerificationFailed, match="another key for you than yours"):
        read_code(encode_code(ours=ANN, theirs=EVE), ours=BEN)


def test_code_is_checked_against_the_member_it_should_be() -> None:
    """Genuine, and of somebody else than the one who goes by that name here."""
    code = encode_code(ours=ANN, theirs=BEN)
    check_code(code, ours=BEN, member=Member(id=ANN, name="ann"))
    with pytest.raises(VerificationFailed, match="another key than that of ann here"):
        check_code(code, ours=BEN, member=Member(id=EVE, name="ann"))


SMALL_ORDER = MemberId("A" * 43)
CODE = encode_code(ours=ANN, theirs=BEN)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("", "no code of ours"),
        ("https://signal.example/j#abc", "no code of ours"),
        (CODE.replace(":1:", ":2:"), "no code of ours"),
        (CODE + ":", "no code of ours"),
        (CODE.rpartition(":")[0], "no code of ours"),
        (CODE[:-1], "damaged"),
        (CODE.replace(ANN, SMALL_ORDER), "damaged"),
        (CODE.replace(ANN, "ann"), "damaged"),
        (CODE.replace(BEN, "ü" * 43), "damaged"),
    ],
)
def test_what_is_no_code_is_refused_with_its_reason(code: str, reason: str) -> None:
    with pytest.raises(VerificationFailed, match=reason):
        read_code(code, ours=BEN)


@given(st.text() | st.text().map(lambda text: f"speaktube-verify:1:{text}"))
def test_any_text_is_read_or_refused(text: str) -> None:
    """By the documented error alone."""
    with pytest.raises(VerificationFailed):
        read_code(text, ours=BEN)


@pytest.mark.parametrize("vector", VECTORS["codes"], ids=lambda vector: vector["code"][-5:])
def test_code_agrees_with_the_vectors(vector: dict[str, str | None]) -> None:
    ours, code, shows = (vector[name] for name in ("readBy", "code", "shows"))
    assert isinstance(ours, str)
    assert isinstance(code, str)
    if shows is None:
        with pytest.raises(VerificationFailed):
            read_code(code, ours=MemberId(ours))
    else:
        assert read_code(code, ours=MemberId(ours)) == shows
