"""The frames of the message plane: their bytes and their bounds."""

from __future__ import annotations

import msgspec
import pytest

from peer.wire.message_frames import (
    MAX_EVENTS,
    MAX_PART_BYTES,
    MAX_PROFILES,
    MessageDigest,
    MessageEvents,
    MessageFrame,
    MessageMore,
    MessageSummary,
    ProfileDigest,
    ProfileFrame,
    Profiles,
    Receipts,
)

SAMPLES: list[tuple[MessageFrame | ProfileFrame, str]] = [
    (MessageDigest(bytes(16), 7), "9310c410" + "00" * 16 + "07"),
    (MessageSummary(b"p", 0, True), "9411c4017000c3"),
    (MessageEvents((b"e", b"f"), False), "931292c40165c40166c2"),
    (MessageMore(), "9113"),
    (Receipts(b"r"), "9214c40172"),
    (ProfileDigest(bytes(128)), "9215c480" + "00" * 128),
    (Profiles((b"p",)), "921691c40170"),
]
decoder: msgspec.msgpack.Decoder[MessageFrame | ProfileFrame] = msgspec.msgpack.Decoder(MessageFrame | ProfileFrame)


@pytest.mark.parametrize(("frame", "encoded"), SAMPLES, ids=lambda each: type(each).__name__)
def test_each_frame_has_its_bytes(frame: MessageFrame | ProfileFrame, encoded: str) -> None:
    assert msgspec.msgpack.encode(frame).hex() == encoded
    assert decoder.decode(bytes.fromhex(encoded)) == frame


@pytest.mark.parametrize(
    "frame",
    [
        MessageDigest(bytes(15), 0),
        MessageDigest(bytes(16), -1),
        MessageSummary(bytes(MAX_PART_BYTES + 1), 0, True),
        MessageEvents((b"",) * (MAX_EVENTS + 1), True),
        MessageEvents((bytes(16 * 1024 + 1),), True),
        Receipts(bytes(MAX_PART_BYTES + 1)),
        ProfileDigest(bytes(127)),
        Profiles((b"",) * (MAX_PROFILES + 1)),
        Profiles((bytes(513),)),
    ],
)
def test_what_is_out_of_bounds_is_refused(frame: MessageFrame | ProfileFrame) -> None:
    with pytest.raises(msgspec.ValidationError):
        decoder.decode(msgspec.msgpack.encode(frame))
