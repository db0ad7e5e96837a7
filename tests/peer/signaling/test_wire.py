"""The peer's half of the signaling wire."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from peer.attestation import Proof
from peer.errors import MalformedFrame
from peer.ids import Topic
from peer.ports import Attestation, IceServer, PeerJoinedRoom, PeerLeftRoom, RoomInfo, Signal
from peer.signaling.frames import Beat, FreshToken, Refusal, Welcome
from peer.signaling.wire import (
    LEAVE_FRAME,
    check_done,
    decode_admission,
    decode_attested,
    decode_beat,
    decode_frame,
    decode_inbox,
    decode_nonce,
    decode_refusal,
    decode_rooms,
    derive_peer_id,
    encode_attest,
    encode_create_room,
    encode_frame,
    encode_join_room,
    encode_signal,
)

from .samples import ANN, BEN, RESUME, US, joined, offer, person

LOBBY = Topic("lobby")


def dump(value: object) -> bytes:
    return json.dumps(value).encode()


def test_requests_hold_only_what_is_set() -> None:
    """Servers refuse unknown fields, and a null is not the absence of a field."""
    created = encode_create_room(topic=None, custom_name=None, is_public=False)
    assert json.loads(created) == {"isPublic": False}
    assert json.loads(encode_join_room(broadcaster_name="Ann")) == {"broadcasterName": "Ann"}


def test_requests_use_the_names_of_the_contract() -> None:
    create = encode_create_room(topic=LOBBY, custom_name="The lobby", is_public=True, display_name="Ben", resume=RESUME)
    assert json.loads(create) == {
        "roomId": "lobby",
        "customName": "The lobby",
        "isPublic": True,
        "displayName": "Ben",
        "resume": RESUME,
    }
    join = encode_join_room(topic=LOBBY, display_name="Ben", resume=RESUME)
    assert json.loads(join) == {"roomId": "lobby", "displayName": "Ben", "resume": RESUME}


def test_signals_go_out_by_call_and_by_frame() -> None:
    """The call's address says the kind, the frame says it itself."""
    assert json.loads(encode_signal(offer("sealed"))) == {"to": ANN.peer_id, "body": "sealed"}
    assert json.loads(encode_frame(offer("sealed"))) == {"type": "offer", "to": ANN.peer_id, "body": "sealed"}
    assert json.loads(LEAVE_FRAME) == {"type": "leave"}


def test_admission_becomes_values_of_the_ports() -> None:
    admission = decode_admission(dump(joined()))
    assert admission.peer_id == US
    assert admission.peers == (ANN,)
    assert admission.room == RoomInfo(
        topic=LOBBY,
        broadcaster_name="Ann",
        created_at="2026-01-31T12:00:00Z",
        participant_count=2,
        is_public=True,
    )
    assert admission.ice_servers == (
        IceServer(("stun:stun.example",)),
        IceServer(("turn:t.example",), "u", "c"),
    )
    assert (admission.token, admission.resume) == ("token-1", RESUME)


def test_admission_under_a_foreign_peer_id_is_malformed() -> None:
    """The peer id comes from the resume secret, so that it survives the server; another one would not."""
    with pytest.raises(MalformedFrame, match="resume"):
        decode_admission(dump(joined(peerId=ANN.peer_id)))


def test_peer_id_is_the_hash_of_the_resume_secret() -> None:
    """base64url(SHA-256("speaktube peer id" ‖ 00 ‖ 32 zero bytes)[:16]), computed elsewhere."""
    assert derive_peer_id(RESUME) == "m1pwWd5C2D1w-wSejRx9Jw"


def test_rooms_come_in_pages() -> None:
    room = joined()["room"] | {"customName": "Th\x1be lobby"}
    page = decode_rooms(dump({"rooms": [room], "cursor": "next"}))
    assert [(found.topic, found.custom_name) for found in page.rooms] == [("lobby", "The lobby")]
    assert page.cursor == "next"
    assert decode_rooms(b'{"rooms":[]}').cursor is None


@pytest.mark.parametrize(("asked_s", "taken_s"), [(30, 30.0), (0, 1.0), (-5, 1.0), (1e300, 600.0)])
def test_heartbeat_stays_within_sane_bounds(asked_s: float, taken_s: float) -> None:
    """No server can make us beat in a frenzy, or never."""
    beat = decode_beat(dump({"heartbeatS": asked_s, "peers": [person(ANN)], "token": "t"}))
    assert beat == Beat((ANN,), taken_s, "t")


def test_fresh_ice_servers_come_with_a_token() -> None:
    """By heartbeat and by frame; none named is not the same as an empty list."""
    entry = {"urls": ["turn:t.example"], "username": "u", "credential": "c"}
    servers = (IceServer(("turn:t.example",), "u", "c"),)
    beat = {"heartbeatS": 30, "peers": [], "token": "t"}
    assert decode_beat(dump(beat | {"iceServers": [entry]})) == Beat((), 30.0, "t", servers)
    assert decode_beat(dump(beat | {"iceServers": []})) == Beat((), 30.0, "t", ())
    frame = {"type": "token", "token": "t"}
    assert decode_frame(dump(frame | {"iceServers": [entry]})) == FreshToken("t", servers)
    assert decode_frame(dump(frame)) == FreshToken("t", None)
    with pytest.raises(MalformedFrame):
        decode_frame(dump(frame | {"iceServers": [{"urls": "turn:t.example"}]}))


def test_proof_is_presented_with_its_nonce() -> None:
    assert json.loads(encode_attest(Proof("k", "s"), nonce="n")) == {"key": "k", "nonce": "n", "signature": "s"}


def test_nonce_and_attestation_are_opaque() -> None:
    """Of a size that fits into a header and a frame, without spaces."""
    assert decode_nonce(dump({"nonce": "a.b.c", "expiresInS": 60})) == "a.b.c"
    assert decode_attested(dump({"attestation": "a.b.c", "expiresInS": 43_200})) == Attestation("a.b.c", 43_200.0)
    for odd in ("", "a b", "é", "x" * 20_000, 7, None):
        with pytest.raises(MalformedFrame):
            decode_nonce(dump({"nonce": odd}))
        with pytest.raises(MalformedFrame):
            decode_attested(dump({"attestation": odd, "expiresInS": 1}))
    with pytest.raises(MalformedFrame):
        decode_attested(dump({"attestation": "a.b.c", "expiresInS": -1}))


def test_inbox_is_split_without_judging_its_frames() -> None:
    """One bad frame does not cost the others."""
    assert decode_inbox(b'{"envelopes":[{"type":"bye"}, 7]}') == (b'{"type":"bye"}', b"7")


def test_refusal_tells_what_to_do() -> None:
    failure = {"code": "room_full", "message": "no seat", "hint": "wait", "retryAfterS": 3}
    assert decode_refusal(dump({"error": failure})) == Refusal("room_full", "no seat", "wait", 3.0)
    bare = {"code": "room_full", "message": "no seat"}
    assert decode_refusal(dump({"error": bare})) == Refusal("room_full", "no seat")


def test_any_object_says_done() -> None:
    """A proxy's page with status 200 does not."""
    check_done(b"{}")
    with pytest.raises(MalformedFrame):
        check_done(b"<html>")


FRAMES: list[tuple[dict[str, Any], object]] = [
    ({"type": "welcome", "peerId": US, "peers": [person(ANN)], "heartbeatS": 30}, Welcome(US, (ANN,))),
    ({"type": "offer", "from": ANN.peer_id, "body": "x"}, Signal("offer", ANN.peer_id, "x")),
    ({"type": "answer", "from": ANN.peer_id, "body": "x"}, Signal("answer", ANN.peer_id, "x")),
    ({"type": "candidate", "from": ANN.peer_id, "body": "x"}, Signal("candidate", ANN.peer_id, "x")),
    ({"type": "bye", "from": ANN.peer_id, "body": "x"}, Signal("bye", ANN.peer_id, "x")),
    ({"type": "peer-joined", **person(BEN)}, PeerJoinedRoom(BEN)),
    ({"type": "peer-left", "peerId": BEN.peer_id, "reason": "kicked"}, PeerLeftRoom(BEN.peer_id, "kicked")),
    ({"type": "token", "token": "t2"}, FreshToken("t2")),
    (
        {"type": "error", "error": {"code": "no_such_peer", "message": "gone"}, "to": ANN.peer_id},
        Refusal("no_such_peer", "gone", to=ANN.peer_id),
    ),
]


@pytest.mark.parametrize(("frame", "value"), FRAMES, ids=lambda part: str(part)[:20])
def test_frame_becomes_a_value(frame: dict[str, Any], value: object) -> None:
    """As text and as bytes; a field of a newer server is skipped."""
    assert decode_frame(json.dumps(frame)) == value
    assert decode_frame(dump(frame | {"color": {"deep": [1]}})) == value


def test_unknown_type_is_no_error() -> None:
    """Old bots meet new servers."""
    assert decode_frame('{"type":"weather","sun":true}') is None


MALFORMED = [
    "",
    "null",
    "[]",
    "{}",
    "{" * 100_000,
    "[" * 100_000,
    '{"type":7}',
    '{"type":"token"}',
    '{"type":"token","token":""}',
    '{"type":"token","token":"two words"}',
    '{"type":"offer","from":"short","body":""}',
    '{"type":"offer","from":"%s\\n","body":""}' % ("a" * 22),
    '{"type":"offer","from":"%s","body":{"sdp":"v=0"}}' % ("a" * 22),
    '{"type":"offer","from":"%s","body":null}' % ("a" * 22),
    '{"type":"peer-left","peerId":"%s"}' % ("a" * 22),
    '{"type":"error","error":"broken"}',
    '{"type":"error","error":{"code":"X Y","message":""}}',
    '{"type":"error","error":{"code":"x","message":"","retryAfterS":-1}}',
    '{"type":"error","error":{"code":"x","message":"","retryAfterS":1e999}}',
    '{"type":"\ud800"}',
]


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: text[:40].encode("ascii", "replace").decode())
def test_what_we_would_not_have_sent_is_malformed(text: str) -> None:
    with pytest.raises(MalformedFrame):
        decode_frame(text)


DECODERS: list[Callable[[bytes], object]] = [
    check_done,
    decode_admission,
    decode_beat,
    decode_frame,
    decode_inbox,
    decode_refusal,
    decode_rooms,
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize("decode", DECODERS, ids=lambda decode: decode.__name__)
@given(data=st.binary(max_size=200) | JSON.map(dump))
@example(data=b'{"x":' + b"[" * 100_000)
@example(data=b"\xff\xfe")
def test_garbage_raises_malformed_frame_and_nothing_else(decode: Callable[[bytes], object], data: bytes) -> None:
    with contextlib.suppress(MalformedFrame):
        decode(data)


@given(
    template=st.sampled_from([frame for frame, _ in FRAMES] + [joined(), {"error": {"code": "x", "message": "y"}}]),
    field=st.text(max_size=12) | st.sampled_from(["from", "peerId", "peers", "error", "token", "room", "to"]),
    value=JSON,
)
def test_frames_with_one_odd_field_raise_nothing_else(template: dict[str, Any], field: str, value: object) -> None:
    """What a hostile server can do to any field of any frame."""
    data = dump(template | {field: value})
    for decode in DECODERS:
        with contextlib.suppress(MalformedFrame):
            decode(data)


def test_malformed_frame_never_quotes_what_came() -> None:
    """Its sentence goes to logs; bodies and tokens do not."""
    with pytest.raises(MalformedFrame) as caught:
        decode_frame('{"type":"token","token":"not a secret to show"}')
    assert "secret" not in str(caught.value)
