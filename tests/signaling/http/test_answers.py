"""The types of spliced answers against the bytes that go out."""

import json
from typing import get_args

import msgspec
import pytest

from signaling import wire
from signaling.http.answers import Delivered, Envelopes
from signaling.ids import PeerId
from signaling.wire import KINDS, LeftReason, Peer

PEER = PeerId("A" * 22)
LEFT: tuple[LeftReason, ...] = get_args(LeftReason)

FRAMES = [
    *(wire.encode_envelope(kind, PEER, b'{"sdp":1.50}') for kind in KINDS),
    wire.encode_peer_joined(Peer(PEER, "alice", "Alice")),
    *(wire.encode_peer_left(PEER, reason) for reason in LEFT),
]


@pytest.mark.parametrize("frame", FRAMES, ids=bytes.decode)
def test_type_reads_what_the_wire_writes(frame: bytes) -> None:
    """Each frame of a mailbox has its type."""
    text = wire.encode_envelopes([frame])
    read = msgspec.json.decode(text, type=Envelopes)
    assert json.loads(msgspec.json.encode(read)) == json.loads(text)


def test_no_frame_goes_without_a_sample() -> None:
    """Every type of the union is read by the test above."""
    read = {type(msgspec.json.decode(frame, type=Delivered)) for frame in FRAMES}
    assert read == set(get_args(Delivered))
