"""What a server tells a peer, as values."""

import json

import pytest

from peer.ports import IceServer
from peer.signaling.frames import Beat, FreshToken
from peer.signaling.wire import decode_admission

from .samples import RESUME, joined

TURN = (IceServer(("turn:t.example",), "u", "c"),)


@pytest.mark.parametrize(
    "value",
    [
        Beat((), 30.0, "token-1", TURN),
        FreshToken("token-1", TURN),
        decode_admission(json.dumps(joined()).encode()),
    ],
    ids=lambda value: type(value).__name__,
)
def test_secrets_hide_from_repr(value: object) -> None:
    """These values end up in logs and tracebacks; token, resume secret and TURN credential must not."""
    assert "token-1" not in repr(value)
    assert RESUME not in repr(value)
    assert "'c'" not in repr(value)
