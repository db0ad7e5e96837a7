"""Application frames: round trips, what is refused, what is passed over, and the sample bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.errors import MalformedFrame
from peer.wire import frames
from peer.wire.frames import (
    AttestationUpdate,
    ControlDigest,
    ControlEvents,
    ControlMore,
    ControlSummary,
    DirectGate,
    FloodNotice,
    Frame,
    Goodbye,
    Heartbeat,
    Introduction,
    Knock,
    MessageDigest,
    MessageEvents,
    MessageMore,
    MessageSummary,
    PresenceUpdate,
    ProfileDigest,
    Profiles,
    Receipts,
    RoomInvite,
    StreamCredit,
    StreamData,
    StreamDone,
    StreamEnd,
    StreamOpen,
    StreamReset,
    StreamStop,
    TypingNotice,
)

VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "link" / "app_frames.json").read_text("utf-8")
)
KINDS: dict[str, Callable[..., Frame]] = {
    kind.__name__: kind
    for kind in (
        *(Introduction, PresenceUpdate, Goodbye, TypingNotice, Heartbeat, AttestationUpdate),
        *(ControlDigest, ControlSummary, ControlEvents, Knock, ControlMore),
        *(StreamOpen, StreamData, StreamEnd, StreamReset, StreamCredit, StreamDone, StreamStop, FloodNotice),
        *(MessageDigest, MessageSummary, MessageEvents, MessageMore, Receipts, DirectGate, RoomInvite),
        *(ProfileDigest, Profiles),
    )
}

text = st.text(st.characters(exclude_categories=["Cs"]))
numbers, counts = st.integers(0, 2**32 - 1), st.integers(0, 2**53 - 1)
presence = st.sampled_from(["online", "away", "offline"])
any_frame = st.one_of(
    st.builds(
        Introduction,
        name=text.map(lambda each: each[:64] or "x"),
        title=text.map(lambda each: each[:64]),
        presence=presence,
        attestation=text,
    ),
    st.builds(PresenceUpdate, presence=presence),
    st.just(Goodbye()),
    st.builds(TypingNotice, typing=st.booleans()),
    st.just(Heartbeat()),
    st.builds(AttestationUpdate, attestation=text),
    st.builds(ControlDigest, digest=st.binary(min_size=16, max_size=16)),
    st.builds(
        ControlSummary,
        knows_genesis=st.booleans(),
        part=st.binary(),
        is_last=st.booleans(),
    ),
    st.builds(
        ControlEvents,
        genesis=st.binary(max_size=256),
        events=st.lists(st.binary()).map(tuple),
        is_last=st.booleans(),
    ),
    st.builds(Knock, name=text.map(lambda each: each[:64] or "x")),
    st.just(ControlMore()),
    st.builds(StreamOpen, number=numbers, label=text.map(lambda each: each[:128]), size=st.none() | counts),
    st.builds(StreamData, number=numbers, data=st.binary(min_size=1)),
    st.builds(StreamReset, number=numbers, reason=text.map(lambda each: each[:128])),
    st.builds(StreamCredit, number=numbers, taken=counts, limit=counts),
    st.builds(StreamDone, number=numbers),
    st.builds(FloodNotice, pause_s=st.integers(0, 86_400)),
    st.builds(MessageDigest, digest=st.binary(min_size=16, max_size=16), since=st.integers(0, 2**63 - 1)),
    st.builds(MessageSummary, part=st.binary(), since=st.integers(0, 2**63 - 1), is_last=st.booleans()),
    st.builds(MessageEvents, events=st.lists(st.binary()).map(tuple), is_last=st.booleans()),
    st.just(MessageMore()),
    st.builds(Receipts, register=st.binary()),
    st.builds(DirectGate, secret=st.binary(min_size=16, max_size=16), is_answer=st.booleans()),
    st.builds(
        RoomInvite,
        title=text.map(lambda each: each[:64]),
        room_id=st.binary(min_size=32, max_size=32),
        secret=st.binary(min_size=16, max_size=16),
        seed=st.binary(min_size=16, max_size=16),
    ),
    st.builds(ProfileDigest, digest=st.binary(min_size=128, max_size=128)),
    st.builds(Profiles, profiles=st.lists(st.binary()).map(tuple)),
)


def pack(*fields: object) -> bytes:
    return msgspec.msgpack.encode(fields)


# ---- sample bytes


_BYTES = {"genesis", "digest", "part", "data", "register", "room_id", "secret", "seed"}


def _from_json(kind: str, fields: dict[str, Any]) -> Frame:
    return KINDS[kind](**{key: _from_hex(key, value) for key, value in fields.items()})


def _from_hex(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(bytes.fromhex(each) if key in {"events", "profiles"} else each for each in value)
    return bytes.fromhex(value) if key in _BYTES else value


@pytest.mark.parametrize("vector", VECTORS["good"], ids=lambda vector: vector["name"])
def test_sample_bytes_are_what_we_write_and_read(vector: dict[str, Any]) -> None:
    """Another implementation is checked against the same file."""
    frame, data = _from_json(vector["kind"], vector["fields"]), bytes.fromhex(vector["hex"])
    assert frames.encode(frame) == data
    assert frames.decode(data) == frame


@pytest.mark.parametrize("vector", VECTORS["ignored"], ids=lambda vector: vector["name"])
def test_sample_bytes_of_later_versions_are_passed_over(vector: dict[str, Any]) -> None:
    """docs/protocol.md, Frames: unknown types are ignored."""
    assert frames.decode(bytes.fromhex(vector["hex"])) is None


@pytest.mark.parametrize("vector", VECTORS["extended"], ids=lambda vector: vector["name"])
def test_sample_bytes_with_appended_fields_are_read_without_them(vector: dict[str, Any]) -> None:
    """A later version may say more; what we know of it stays true."""
    assert frames.decode(bytes.fromhex(vector["hex"])) == _from_json(vector["kind"], vector["fields"])


@pytest.mark.parametrize("vector", VECTORS["malformed"], ids=lambda vector: vector["name"])
def test_malformed_sample_bytes_are_refused(vector: dict[str, Any]) -> None:
    """They end the link."""
    with pytest.raises(MalformedFrame):
        frames.decode(bytes.fromhex(vector["hex"]))


def test_every_type_has_sample_bytes() -> None:
    """A new frame brings its vectors."""
    assert {vector["kind"] for vector in VECTORS["good"]} == set(KINDS)


def test_chunk_has_its_bound() -> None:
    """16 KiB and no byte more."""
    assert frames.decode(pack(33, 0, bytes(frames.MAX_CHUNK_BYTES))) is not None
    with pytest.raises(MalformedFrame):
        frames.decode(pack(33, 0, bytes(frames.MAX_CHUNK_BYTES + 1)))


# ---- properties


@given(any_frame)
def test_frame_survives_the_wire(frame: Frame) -> None:
    """What one side encodes, the other decodes."""
    assert frames.decode(frames.encode(frame)) == frame


@given(st.binary(max_size=300))
def test_any_bytes_are_a_frame_none_or_malformed(data: bytes) -> None:
    """No other error, whatever a member sends."""
    with suppress(MalformedFrame):
        assert frames.decode(data) is None or frames.encode(frames.decode(data))  # type: ignore[arg-type]


@given(any_frame, st.data())
def test_damaged_frame_is_a_frame_none_or_malformed(frame: Frame, data: st.DataObject) -> None:
    """The same close to what is right, where mistakes hide."""
    damaged = bytearray(frames.encode(frame))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(MalformedFrame):
        frames.decode(bytes(damaged))


@given(any_frame, st.lists(st.one_of(st.integers(-(2**63), 2**64 - 1), text, st.binary(), st.none()), max_size=4))
def test_appended_fields_are_ignored(frame: Frame, more: list[object]) -> None:
    """But for optional fields that were left out: those are the next ones."""
    fields = msgspec.msgpack.decode(frames.encode(frame))
    assert frames.decode(pack(*fields, *more)) == frame


@given(
    st.integers(0, 2**64 - 1).filter(
        lambda number: number not in {1, *range(3, 13), *range(16, 23), 24, 25, *range(32, 40)}
    ),
    st.lists(text, max_size=20),
)
def test_unknown_types_are_passed_over(number: int, fields: list[str]) -> None:
    """Of any number, and with any number of fields."""
    assert frames.decode(pack(number, *fields)) is None


@pytest.mark.parametrize("depth", [10, 1_000, 60_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    """Neither the known nor the unknown types let a frame exhaust the stack."""
    for head in (b"\x92\x06", b"\x92\x2a"):
        with suppress(MalformedFrame):
            frames.decode(head + b"\x91" * depth + b"\x00")


# ---- limits


@pytest.mark.parametrize(
    "data",
    [
        pack(1, "", "Deck", "online"),
        pack(1, "x" * 65, "Deck", "online"),
        pack(1, "ann", "x" * 65, "online"),
        pack(1, "ann", "Deck", "busy"),
        pack(1, "ann", "Deck"),
        pack(1, "ann", "Deck", "online", b""),
        pack(1, "ann", "Deck", "online", "x" * 4097),
        pack(7),
        pack(7, "x" * 4097),
        pack(3, "busy"),
        pack(5, 1),
        pack(8, bytes(15)),
        pack(8, "x" * 16),
        pack(9, True, b"", None),
        pack(9, 1, b"", True),
        pack(9, True, bytes(48 * 1024 + 1), True),
        pack(10, bytes(257), [], True),
        pack(10, b"", [bytes(16 * 1024 + 1)], True),
        pack(10, b"", [b""] * 513, True),
        pack(10, b"", []),
        pack(11, ""),
        pack(11, "x" * 65),
        pack(16, bytes(15), 0),
        pack(16, bytes(16), -1),
        pack(17, bytes(48 * 1024 + 1), 0, True),
        pack(18, [bytes(16 * 1024 + 1)], True),
        pack(18, [b""] * 513, True),
        pack(20, bytes(48 * 1024 + 1)),
        pack(24, bytes(15), True),
        pack(24, bytes(17), True),
        pack(24, bytes(16), 1),
        pack(25, "x" * 65, bytes(32), bytes(16), bytes(16)),
        pack(25, "", bytes(31), bytes(16), bytes(16)),
        pack(25, "", bytes(32), bytes(15), bytes(16)),
        pack(25, "", bytes(32), bytes(16), bytes(15)),
        pack(5),
        pack(True),
        pack(-1),
        pack("2"),
        pack(None),
        pack(),
        msgspec.msgpack.encode({"type": 6}),
        b"",
        pack(6) + b"\x00",
        b"\x91",
    ],
)
def test_what_we_would_not_have_sent_is_malformed(data: bytes) -> None:
    """One example for each limit."""
    with pytest.raises(MalformedFrame):
        frames.decode(data)
