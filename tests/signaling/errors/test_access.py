"""Refusals of who asks."""

from signaling.errors import (
    Forbidden,
    GuestRefused,
    InvalidToken,
    ProofFailed,
    TokenExpired,
    Unauthenticated,
    Unauthorized,
    WrongOrigin,
    WrongRoom,
)


def test_nobody_we_know_is_401_and_known_but_not_allowed_403() -> None:
    """RFC 9110, 15.5.2 and 15.5.4."""
    assert {each.status for each in (Unauthenticated, InvalidToken, TokenExpired)} == {Unauthorized.status} == {401}
    assert {each.status for each in (WrongRoom, WrongOrigin, GuestRefused, ProofFailed)} == {Forbidden.status} == {403}


def test_the_reason_stands_in_the_sentence() -> None:
    """For the client's own debugging."""
    assert "its exp is missing" in InvalidToken("its exp is missing").message
    assert "the nonce is old" in ProofFailed("the nonce is old").message
