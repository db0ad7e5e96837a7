"""Whose fault it was, as a class; the facts, as attributes; what to do, as a sentence."""

from __future__ import annotations

import inspect

import pytest

from peer import errors
from peer.errors import (
    BadInvite,
    Closed,
    ConnectivityError,
    CryptoError,
    FellBehind,
    InviteRefused,
    JoinRefused,
    MessageTooLarge,
    NotAllowed,
    NotJoined,
    OutboxFull,
    PeerError,
    RemoteError,
    SignalingUnreachable,
    StoreError,
    UsageError,
)


def test_every_error_is_in_the_tree_and_the_tree_is_drawn() -> None:
    """One root, five branches, each name in the module's opening at its depth."""
    kinds = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}
    assert set(kinds) == set(errors.__all__)
    for name, kind in kinds.items():
        depth = kind.__mro__.index(PeerError)
        assert f"\n{'  ' * (depth + 2)}{name}" in f"\n    {errors.__doc__}", name
        is_branch = kind in {PeerError, UsageError, RemoteError, CryptoError, ConnectivityError, StoreError}
        assert is_branch or depth == (3 if kind is InviteRefused else 2)


@pytest.mark.parametrize("code", ["unknown", "expired", "revoked", "used", "banned"])
def test_refused_invite_says_why_and_what_to_do(code: str) -> None:
    """Each code has a sentence of its own, and it is a JoinRefused for who does not tell them apart."""
    refused = InviteRefused(code)
    assert isinstance(refused, JoinRefused)
    assert refused.code == code
    assert refused.hint is not None
    assert str(refused).endswith(refused.hint)


@pytest.mark.parametrize(
    ("error", "facts", "sentence"),
    [
        (NotJoined("Deck"), {"room": "Deck"}, "not in room 'Deck' any more: join it again to send"),
        (
            NotAllowed("remove members", who="moderators"),
            {"action": "remove members", "who": "moderators"},
            "you may not remove members: moderators can",
        ),
        (
            MessageTooLarge(actual_bytes=11, limit_bytes=10),
            {"actual_bytes": 11, "limit_bytes": 10},
            "the message takes 11 bytes, 10 are allowed: shorten or split it",
        ),
        (Closed(), {}, "this peer is not open: use it inside `async with peer.Peer(...) as me:`"),
        (OutboxFull(limit=2), {"limit": 2}, "2 messages wait already and nobody is here"),
        (FellBehind(limit=2), {"limit": 2}, "more than 2 events wait to be read"),
        (BadInvite("it is too short"), {"reason": "it is too short"}, "it is too short; copy it again"),
        (
            SignalingUnreachable("http://127.0.0.1:1", "refused"),
            {"server": "http://127.0.0.1:1", "reason": "refused"},
            "no signaling server answers at http://127.0.0.1:1 (refused)",
        ),
        (JoinRefused("room_full", "the room is full"), {"code": "room_full", "hint": None}, "the room is full"),
        (
            JoinRefused("too_many_rooms", "too many", hint="wait", retry_after_s=5.0),
            {"retry_after_s": 5.0, "hint": "wait"},
            "too many: wait",
        ),
    ],
)
def test_error_carries_its_facts_and_says_what_to_do(error: PeerError, facts: dict[str, object], sentence: str) -> None:
    """People read the sentence, programs the attributes."""
    assert {name: getattr(error, name) for name in facts} == facts
    assert sentence in str(error)
