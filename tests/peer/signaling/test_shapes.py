"""The JSON of the signaling wire, as types."""

import msgspec
import pytest

from peer.ports import IceServer
from peer.signaling.frames import Refusal
from peer.signaling.shapes import Attested, Error, HeartbeatReply, IceServerEntry, Peer, Room, clean

from .samples import ANN, joined, person


def test_unknown_fields_are_skipped() -> None:
    """Old bots meet new servers."""
    assert msgspec.convert(person(ANN) | {"avatar": "x"}, Peer).value() == ANN


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ann", "Ann"),
        ("A\x1b[31mnn\r\n", "A[31mnn"),
        ("A\u202enn\u2069\x85", "Ann"),
        ("👩\u200d💻 Zoë", "👩\u200d💻 Zoë"),
        ("x" * 100, "x" * 64),
    ],
)
def test_foreign_text_cannot_steer_a_terminal(text: str, shown: str) -> None:
    """Control characters, line separators and the marks that turn the direction of text go; letters stay."""
    assert clean(text, 64) == shown


def test_odd_name_keeps_nobody_out() -> None:
    """It is cleaned, since a refusal would cost the whole list of peers."""
    peer = msgspec.convert(person(ANN) | {"displayName": "An\x07n"}, Peer)
    assert peer.value().display_name == "Ann"


@pytest.mark.parametrize(
    ("field", "value"), [("roomId", "a b"), ("roomId", ""), ("participantCount", -1), ("isPublic", "yes")]
)
def test_room_is_held_to_the_contract(field: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(joined()["room"] | {field: value}, Room)


def test_custom_name_may_be_missing() -> None:
    assert msgspec.convert(joined()["room"], Room).value().custom_name is None


def test_heartbeat_may_bring_no_token() -> None:
    assert msgspec.convert({"peers": [], "heartbeatS": 30}, HeartbeatReply).token is None


def test_attestation_has_an_end() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"attestation": "a.b.c"}, Attested)


def test_ice_server_may_want_a_credential() -> None:
    entry = msgspec.convert({"urls": ["turn:t.example"], "username": "u", "credential": "c"}, IceServerEntry)
    assert entry.value() == IceServer(("turn:t.example",), "u", "c")


def test_sentences_of_a_server_are_cleaned() -> None:
    """They end in exceptions, and those on terminals."""
    failure = {"code": "room_full", "message": "no\x1b[2J seat", "hint": "wait\x07"}
    assert msgspec.convert({"error": failure}, Error).value() == Refusal("room_full", "no[2J seat", "wait")
    bare = {"code": "room_full", "message": "no seat"}
    assert msgspec.convert({"error": bare}, Error).value().hint is None
