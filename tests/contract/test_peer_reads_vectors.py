"""The peer's half of the signaling wire against the sample bytes that both halves share.

Bodies in the samples are of any JSON type, as the contract allows; between our peers they are strings, so the
peer's half refuses the others, and the samples are also read with a string in their place.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from peer.errors import MalformedFrame
from peer.ids import PeerId
from peer.ports import IceServer, PeerInfo, PeerJoinedRoom, PeerLeftRoom, Signal, SignalKind
from peer.signaling.frames import Beat, FreshToken, Refusal, Welcome
from peer.signaling.wire import (
    LEAVE_FRAME,
    decode_admission,
    decode_beat,
    decode_frame,
    decode_inbox,
    decode_refusal,
    decode_rooms,
    encode_create_room,
    encode_frame,
    encode_join_room,
    encode_signal,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "signaling"
Sample = dict[str, Any]

BOB = PeerInfo(PeerId("XQO7VwTx7leGBuF_IVUMdg"), "bob", "Bób")
ICE_SERVERS = (IceServer(("stun:s.example",)), IceServer(("turn:t.example",), "1:alice", "x="))

REPLIES: dict[str, Callable[[bytes], object]] = {
    "POST /signaling/create-room": decode_admission,
    "POST /signaling/join-room": decode_admission,
    "POST /signaling/heartbeat": decode_beat,
    "GET /signaling/rooms": decode_rooms,
    "GET /signaling/inbox/deck": decode_inbox,
}


def samples(file: str, keep: Callable[[Sample], bool]) -> list[Any]:
    """Those of one file that a test is about, each under its own name."""
    entries: list[Sample] = json.loads((VECTORS / file).read_text("utf-8"))
    return [pytest.param(entry, id=entry["name"]) for entry in entries if entry["valid"] and keep(entry)]


def sample(name: str, file: str = "server.json") -> bytes:
    entries: list[Sample] = json.loads((VECTORS / file).read_text("utf-8"))
    return next(entry["text"] for entry in entries if entry["name"] == name).encode()  # type: ignore[no-any-return]


def is_frame(entry: Sample) -> bool:
    return bool(entry["via"] == "ws")


def is_signal(entry: Sample) -> bool:
    return is_frame(entry) and json.loads(entry["text"])["type"] in get_args(SignalKind)


@pytest.mark.parametrize("entry", samples("server.json", lambda entry: is_frame(entry) and not is_signal(entry)))
def test_every_frame_of_the_server_is_read(entry: Sample) -> None:
    """With a field of a newer server too."""
    value = decode_frame(entry["text"])
    assert value is not None
    assert decode_frame(json.dumps(json.loads(entry["text"]) | {"since": "tomorrow"})) == value


@pytest.mark.parametrize("entry", samples("server.json", is_signal))
def test_every_signal_of_the_server_is_read_where_its_body_is_text(entry: Sample) -> None:
    frame = json.loads(entry["text"])
    with pytest.raises(MalformedFrame):
        decode_frame(entry["text"])
    assert decode_frame(json.dumps(frame | {"body": "ahoy"})) == Signal(frame["type"], BOB.peer_id, "ahoy")


@pytest.mark.parametrize("entry", samples("server.json", lambda entry: not is_frame(entry)))
def test_every_reply_of_the_server_is_read(entry: Sample) -> None:
    decode = decode_refusal if "error" in json.loads(entry["text"]) else REPLIES[entry["via"]]
    decode(entry["text"].encode())


def test_frames_mean_what_they_say() -> None:
    """One of each kind, down to the last field."""
    us = PeerId("m1pwWd5C2D1w-wSejRx9Jw")
    assert decode_frame(sample("welcome")) == Welcome(us, (BOB,))
    assert decode_frame(sample("peer-joined")) == PeerJoinedRoom(BOB)
    assert decode_frame(sample("peer-left timeout")) == PeerLeftRoom(BOB.peer_id, "timeout")
    assert decode_frame(sample("token")) == FreshToken("a.b.c")
    assert decode_frame(sample("token with ICE servers")) == FreshToken("a.b.c", ICE_SERVERS)
    error = decode_frame(sample("error about an envelope"))
    assert isinstance(error, Refusal)
    assert (error.code, error.to) == ("no_such_peer", BOB.peer_id)


def test_replies_mean_what_they_say() -> None:
    admission = decode_admission(sample("joined"))
    assert (admission.room.topic, admission.room.custom_name, admission.peers) == ("deck", "Deck", (BOB,))
    assert admission.ice_servers == ICE_SERVERS
    assert decode_beat(sample("heard with token")) == Beat((), 30.0, "a.b.c")
    assert decode_beat(sample("heard with ICE servers")) == Beat((), 30.0, "a.b.c", ICE_SERVERS)
    assert decode_rooms(sample("rooms")).cursor == "abc"
    assert decode_refusal(sample("room full")).hint == "Try again when somebody has left."


@pytest.mark.parametrize(
    "entry",
    samples(
        "client.json", lambda entry: is_signal(entry) and json.loads(entry["text"]).keys() == {"type", "to", "body"}
    ),
)
def test_our_signals_are_those_of_the_samples(entry: Sample) -> None:
    """The same fields and no other, with our text as the body."""
    wanted = json.loads(entry["text"]) | {"body": "ahoy"}
    signal = Signal(wanted["type"], PeerId(wanted["to"]), "ahoy")
    assert json.loads(encode_frame(signal)) == wanted
    assert json.loads(encode_signal(signal)) == {"to": wanted["to"], "body": "ahoy"}


def test_our_requests_are_those_of_the_samples() -> None:
    """Byte for byte where the order of fields is the same, else by value."""
    assert LEAVE_FRAME.encode() == sample("leave", "client.json")
    assert encode_frame(Signal("candidate", PeerId("m1pwWd5C2D1w-wSejRx9Jw"), "ahoy")).encode() == sample(
        "body of text", "client.json"
    )
    wanted = json.loads(sample("create with all", "client.json"))
    made = encode_create_room(
        topic=wanted["roomId"],
        custom_name=wanted["customName"],
        is_public=wanted["isPublic"],
        display_name=wanted["displayName"],
        resume=wanted["resume"],
    )
    assert json.loads(made) == wanted
    wanted = json.loads(sample("join by room id", "client.json"))
    made = encode_join_room(topic=wanted["roomId"], display_name=wanted["displayName"], resume=wanted["resume"])
    assert json.loads(made) == wanted
    assert encode_join_room(broadcaster_name="Alice") == sample("join by broadcaster", "client.json")
