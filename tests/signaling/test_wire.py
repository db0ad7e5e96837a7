"""The server's half of the wire against the sample bytes in tests/vectors/signaling, and against chance."""

import contextlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import wire
from signaling.errors import InvalidBody, MalformedJson, NoSuchPeer, RateLimited, Refused, RoomFull, StoreUnavailable
from signaling.ids import PeerId

VECTORS = Path(__file__).parents[1] / "vectors" / "signaling"

BODIES: dict[str, Any] = {
    "create-room": wire.CreateRoom,
    "join-room": wire.JoinRoom,
    "heartbeat": wire.OnlyRoom,
    "leave-room": wire.OnlyRoom,
    **dict.fromkeys(wire.KINDS, wire.PostEnvelope),
}


def vectors(name: str) -> list[Any]:
    return [pytest.param(each, id=each["name"]) for each in json.loads((VECTORS / name).read_text("utf-8"))]


def decode(vector: Any) -> Any:
    if vector["via"] == "ws":
        return wire.decode_frame(vector["text"])
    return wire.decode_body(vector["text"].encode(), BODIES[vector["via"].rpartition("/")[2]])


@pytest.mark.parametrize("vector", vectors("client.json"))
def test_server_reads_what_the_vectors_say(vector: Any) -> None:
    """Good ones are taken with every field, bad ones are refused with their code."""
    if vector["valid"]:
        expected = {name: value for name, value in json.loads(vector["text"]).items() if value is not None}
        read = json.loads(wire.encode(decode(vector)))
        assert {name: read.get(name) for name in expected} == expected
    else:
        with pytest.raises(Refused) as caught:
            decode(vector)
        assert caught.value.code == vector["error"]


A, B = PeerId("m1pwWd5C2D1w-wSejRx9Jw"), PeerId("XQO7VwTx7leGBuF_IVUMdg")
BOB = wire.Peer(B, "bob", "Bób")
ROOM = wire.Room(
    room_id="deck",
    broadcaster_id="alice",
    broadcaster_name="Alice",
    created_at="2026-01-31T12:00:00Z",
    participant_count=2,
    is_public=True,
)
ICE_SERVERS = (
    wire.IceServer(urls=("stun:s.example",)),
    wire.IceServer(urls=("turn:t.example",), username="1:alice", credential="x="),
)
JOINED = wire.Joined(
    room=msgspec.structs.replace(ROOM, custom_name="Deck"),
    peer_id=A,
    token="a.b.c",
    resume="A" * 43,
    peers=(BOB,),
    ice_servers=ICE_SERVERS,
    heartbeat_s=30,
)
CREATED = msgspec.structs.replace(
    JOINED, room=msgspec.structs.replace(ROOM, participant_count=1), peers=(), ice_servers=()
)

WRITTEN: dict[str, bytes] = {
    "welcome": wire.encode_welcome(A, (BOB,), heartbeat_s=30),
    "welcome alone": wire.encode_welcome(A, (), heartbeat_s=30),
    **{kind: wire.encode_envelope(kind, B, b'{"sealed":"x"}') for kind in wire.KINDS},
    "offer with an odd body": wire.encode_envelope("offer", B, '[1, null, "é\\u0000"]'.encode()),
    "peer-joined": wire.encode_peer_joined(BOB),
    "peer-left left": wire.encode_peer_left(B, "left"),
    "peer-left timeout": wire.encode_peer_left(B, "timeout"),
    "token": wire.encode_token("a.b.c"),
    "token with ICE servers": wire.encode_token("a.b.c", ICE_SERVERS),
    "error about an envelope": wire.encode_error_frame(NoSuchPeer(), to=B),
    "error with a pause": wire.encode_error_frame(StoreUnavailable()),
    "error about the pace": wire.encode_error_frame(RateLimited("peer_envelopes", "6000/60", 0.01)),
    "too fast": wire.encode_error(RateLimited("user_joins", "600/60", 0.1)),
    "room full": wire.encode_error(RoomFull(256)),
    "joined": wire.encode(JOINED),
    "created": wire.encode(CREATED),
    "heard": wire.encode(wire.Heard(heartbeat_s=30, peers=(BOB,))),
    "heard with token": wire.encode(wire.Heard(heartbeat_s=30, peers=(), token="a.b.c")),
    "heard with ICE servers": wire.encode(wire.Heard(heartbeat_s=30, peers=(), token="a.b.c", ice_servers=ICE_SERVERS)),
    "rooms": wire.encode(wire.Rooms((ROOM,), "abc")),
    "no rooms": wire.encode(wire.Rooms(())),
    "envelopes": wire.encode_envelopes([wire.encode_envelope("offer", B, b"1"), wire.encode_peer_left(B, "left")]),
    "no envelopes": wire.encode_envelopes([]),
}


@pytest.mark.parametrize("vector", vectors("server.json"))
def test_server_writes_the_vectors_byte_for_byte(vector: Any) -> None:
    """A client is tested against the same text."""
    assert WRITTEN[vector["name"]].decode() == vector["text"]


def test_every_written_frame_has_its_vector() -> None:
    """And names are unique."""
    names = [each["name"] for each in json.loads((VECTORS / "server.json").read_text("utf-8"))]
    assert sorted(names) == sorted(WRITTEN)


@given(st.text(max_size=300))
def test_decoding_any_text_raises_only_documented_errors(text: str) -> None:
    """STYLE: for any bytes."""
    with contextlib.suppress(MalformedJson, InvalidBody):
        wire.decode_frame(text)


@given(st.binary(max_size=300))
def test_decoding_any_bytes_raises_only_documented_errors(data: bytes) -> None:
    """The same for each body."""
    for shape in BODIES.values():
        with contextlib.suppress(MalformedJson, InvalidBody):
            wire.decode_body(data, shape)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_any_body_is_passed_on_as_it_is(body: Any) -> None:
    """Spliced, never parsed: the frame holds exactly the bytes that came, and is JSON."""
    raw = json.dumps(body, ensure_ascii=False)
    with contextlib.suppress(UnicodeEncodeError):  # half a surrogate pair cannot reach us
        raw.encode()
        frame = wire.decode_frame('{"type":"offer","to":"' + A + '","body":' + raw + "}")
        assert isinstance(frame, wire.OfferFrame)
        sent = wire.encode_envelope("offer", B, frame.body)
        assert raw.encode() in sent
        assert json.loads(sent) == {"type": "offer", "from": B, "body": body}


def test_text_that_utf8_cannot_carry_is_malformed() -> None:
    """Python strings may hold half a surrogate pair."""
    with pytest.raises(MalformedJson, match="UTF-8"):
        wire.decode_frame('{"type":"hello","token":"\ud800"}')


def test_long_reasons_are_cut() -> None:
    """The parser quotes what the client sent."""
    with pytest.raises(InvalidBody) as caught:
        wire.decode_body(b'{"' + b"x" * 5000 + b'":1}', wire.OnlyRoom)
    assert len(caught.value.message) < 300


def test_our_own_bugs_are_not_the_clients() -> None:
    """Only what foreign bytes can raise is translated."""
    with pytest.raises(AttributeError):
        wire.decode_body(None, wire.OnlyRoom)  # type: ignore[arg-type]


def test_deep_nesting_is_malformed() -> None:
    """The parser's limit is the client's fault."""
    with pytest.raises(MalformedJson, match="deeply"):
        wire.decode_frame('{"type":"offer","to":"' + A + '","body":' + "[" * 20_000)
