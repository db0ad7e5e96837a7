"""What a room is from its founding on."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.errors import BadSetting, MalformedFrame
from peer.log.genesis import (
    MAX_RETENTION,
    Genesis,
    HistoryPolicy,
    check_genesis,
    decode_genesis,
    encode_genesis,
    found_direct,
    found_room,
    is_direct,
)

from ...support.keys import Chance, identity, private_room

ROOM_ID, GENESIS, _ = private_room()
ANN, BOB = identity("ann"), identity("bob")


def test_founded_room_has_one_owner_and_its_hash_for_an_id() -> None:
    """E2EE, Keys: the room id is the hash of the genesis."""
    room_id, encoded = found_room(owner=ANN.public_key, random_bytes=Chance("founding"))
    genesis = check_genesis(encoded, room_id=room_id)
    assert genesis.owners == (ANN.public_key,)
    assert (genesis.join_policy, genesis.history, genesis.retention) == (0, 0, 1000)
    assert genesis == decode_genesis(encode_genesis(genesis))


def test_room_may_ask_an_admin_for_each_newcomer() -> None:
    for approve in (False, True):
        _, encoded = found_room(owner=ANN.public_key, random_bytes=Chance("founding"), approve=approve)
        assert decode_genesis(encoded).needs_approval == approve


@pytest.mark.parametrize(("history", "number"), [("all", 0), ("since_join", 1), ("none", 2)])
def test_room_says_for_ever_what_newcomers_are_told_and_how_much_is_kept(history: HistoryPolicy, number: int) -> None:
    _, encoded = found_room(owner=ANN.public_key, random_bytes=bytes, history=history, retention=50)
    genesis = decode_genesis(encoded)
    assert (genesis.history, genesis.retention) == (number, 50)


def test_policy_that_no_member_would_take_founds_nothing() -> None:
    """By a sentence for whoever asked for it."""
    with pytest.raises(BadSetting, match="history= is one of all, since_join, none"):
        found_room(owner=ANN.public_key, random_bytes=bytes, history="some")  # type: ignore[arg-type]
    for retention in (-1, MAX_RETENTION + 1):
        with pytest.raises(BadSetting, match="a room keeps 0 to 100000"):
            found_room(owner=ANN.public_key, random_bytes=bytes, retention=retention)


def test_two_rooms_of_one_owner_differ() -> None:
    """By their salt."""
    rooms = {found_room(owner=ANN.public_key, random_bytes=Chance(seed))[0] for seed in ("a", "b")}
    assert len(rooms) == 2


def test_genesis_of_another_room_is_refused() -> None:
    """A server cannot swap rooms: one changed bit is another room."""
    swapped = GENESIS[:-1] + bytes([GENESIS[-1] ^ 1])
    with pytest.raises(MalformedFrame, match="another room"):
        check_genesis(swapped, room_id=ROOM_ID)


@pytest.mark.parametrize(
    "change",
    [
        {0: 2},
        {1: []},
        {1: [bytes(32)] * 4},
        {1: [bytes(31)]},
        {2: 2},
        {3: 3},
        {4: -1},
        {4: 100_001},
        {5: bytes(15)},
    ],
)
def test_genesis_outside_its_ranges_is_malformed(change: dict[int, object]) -> None:
    """Version 1, one to three owners, known policies, a bounded retention, 16 bytes of salt."""
    fields = [1, [ANN.public_key], 0, 0, 1000, bytes(16)]
    for index, value in change.items():
        fields[index] = value
    with pytest.raises(MalformedFrame):
        decode_genesis(msgspec.msgpack.encode(fields))


def test_genesis_with_more_fields_is_malformed() -> None:
    """What we do not understand about a founding we cannot keep to."""
    with pytest.raises(MalformedFrame):
        decode_genesis(msgspec.msgpack.encode([1, [ANN.public_key], 0, 0, 1000, bytes(16), "more"]))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_genesis_or_malformed(data: bytes) -> None:
    """No other error, whatever a member sends."""
    with suppress(MalformedFrame):
        assert isinstance(decode_genesis(data), Genesis)


def test_two_have_one_direct_room_whoever_founds_it() -> None:
    """Both own it; a room of two that was founded otherwise is none."""
    ours, theirs = found_direct(ANN.public_key, BOB.public_key), found_direct(BOB.public_key, ANN.public_key)
    assert ours == theirs
    genesis = check_genesis(ours[1], room_id=ours[0])
    assert set(genesis.owners) == {ANN.public_key, BOB.public_key}
    assert (genesis.needs_approval, genesis.history, genesis.retention) == (True, 0, 1000)
    assert is_direct(genesis)
    for change in ({"salt": bytes(16)}, {"owners": genesis.owners[::-1]}, {"owners": genesis.owners[:1]}):
        assert not is_direct(msgspec.structs.replace(genesis, **change))
