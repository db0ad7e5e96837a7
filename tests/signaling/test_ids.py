"""Names and how they are made."""

import re

import pytest

from signaling.ids import (
    Resume,
    derive_peer_id,
    encode_base64url,
    generate_guest_id,
    generate_resume,
    generate_room_id,
    is_control,
    is_peer_id,
    short,
)

from .support import zeros


@pytest.mark.parametrize(
    ("resume", "peer_id"),
    [("A" * 43, "m1pwWd5C2D1w-wSejRx9Jw"), ("_" * 42 + "8", "XQO7VwTx7leGBuF_IVUMdg")],
)
def test_peer_id_follows_from_the_resume_secret(resume: str, peer_id: str) -> None:
    """docs/protocol.md, "Words": any server derives the same one."""
    assert derive_peer_id(Resume(resume)) == peer_id


def test_generated_names_have_their_shapes() -> None:
    """22 and 43 characters, and `guest-` with 16."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", generate_room_id(zeros))
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", generate_resume(zeros))
    assert re.fullmatch(r"guest-[A-Za-z0-9_-]{16}", generate_guest_id(zeros))


def test_base64url_has_no_padding() -> None:
    """Everywhere on the wire."""
    assert encode_base64url(b"\xff\xfe") == "__4"


def test_logs_see_six_characters() -> None:
    """Enough to follow one peer, not enough to name it."""
    assert short("abcdefghij") == "abcdef"


def test_names_hold_no_control_characters() -> None:
    """Nor what breaks lines, nor what UTF-8 cannot carry."""
    assert all(map(is_control, "\0\n\x85\u2028\u2029\ud800"))
    assert not any(map(is_control, "aß漢 \U0001f600"))


@pytest.mark.parametrize("text", ["", "A" * 21, "A" * 23, "A" * 21 + ":", "A" * 21 + "é", "A" * 22 + "\n", " " * 22])
def test_no_peer_has_such_an_id(text: str) -> None:
    """22 characters of base64url, and nothing around them."""
    assert not is_peer_id(text)
    assert is_peer_id("m1pwWd5C2D1w-wSejRx9Jw")
