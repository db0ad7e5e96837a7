"""What a secret and a name turn into."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.errors import BadSetting
from peer.ids import RoomId
from peer.keys.room_keys import check_public_name, derive_invite_key, derive_public_room, derive_room_keys

from ..crypto.raw_side import hkdf

SECRET = bytes(range(16))
ROOM_ID = RoomId(bytes(range(32, 64)))


def test_keys_are_the_ones_of_the_protocol() -> None:
    """Compared with HKDF written from HMAC."""
    keys = derive_room_keys(SECRET, ROOM_ID)
    topic = hkdf(b"speaktube v1 topic", material=SECRET, salt=ROOM_ID, length=16)
    assert keys.topic == urlsafe_b64encode(topic).decode().rstrip("=")
    assert keys.gate == hkdf(b"speaktube v1 gate", material=SECRET, salt=ROOM_ID)
    assert keys.signal == hkdf(b"speaktube v1 signal", material=SECRET, salt=ROOM_ID)


def test_topic_fits_the_signaling_server() -> None:
    assert len(derive_room_keys(SECRET, ROOM_ID).topic) == 22


def test_other_secret_or_room_shares_nothing() -> None:
    keys = derive_room_keys(SECRET, ROOM_ID)
    for other in (derive_room_keys(bytes(16), ROOM_ID), derive_room_keys(SECRET, RoomId(bytes(32)))):
        assert {keys.topic, keys.gate, keys.signal}.isdisjoint({other.topic, other.gate, other.signal})


def test_repr_shows_the_topic_and_no_key() -> None:
    keys = derive_room_keys(SECRET, ROOM_ID)
    assert repr(keys) == str(keys) == f"RoomKeys({keys.topic[:8]})"


def test_public_room_follows_from_its_name() -> None:
    room_id, keys = derive_public_room("lobby")
    secret = hashlib.sha256(b"speaktube public secret v1\0lobby").digest()[:16]
    assert room_id == hashlib.sha256(b"speaktube public room v1\0lobby").digest()
    assert keys == derive_room_keys(secret, room_id)


def test_public_name_is_taken_as_written() -> None:
    """As UTF-8, without folding: whoever folds otherwise would wait in another room."""
    names = ["Lobby", "lobby", "caf\u00e9", "cafe\u0301", " lobby"]
    assert len({derive_public_room(name)[0] for name in names}) == len(names)


@pytest.mark.parametrize("name", ["", "x" * 65, "a\nb", "\x1b[2J", "a\x00", "\ud800"])
def test_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(BadSetting, match="name"):
        derive_public_room(name)


@pytest.mark.parametrize("name", ["x", "x" * 64, "Кухня", "👩‍🚀 station", "a/b#c%20"])
def test_ordinary_names_are_accepted(name: str) -> None:
    check_public_name(name)


@given(st.text(max_size=70))
def test_any_name_gives_a_room_or_bad_setting(name: str) -> None:
    try:
        room_id, keys = derive_public_room(name)
    except BadSetting:
        return
    assert (len(room_id), len(keys.topic), len(keys.gate), len(keys.signal)) == (32, 22, 32, 32)


def test_invite_key_is_the_one_of_the_protocol() -> None:
    """Ed25519 of a seed that derives from the link's; another room, another key."""
    seed = hkdf(b"speaktube v1 invite", material=SECRET, salt=ROOM_ID)
    assert derive_invite_key(SECRET, ROOM_ID).export_seed() == seed
    assert derive_invite_key(SECRET, RoomId(bytes(32))).member_id != derive_invite_key(SECRET, ROOM_ID).member_id
