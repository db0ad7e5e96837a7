"""Keys of a living link and their renewal, message by message; attacks have their own file in tests/security."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
from hypothesis import given
from hypothesis import strategies as st

from peer.crypto.exchange import SUITE_HYBRID, SUITES
from peer.crypto.identity import Identity
from peer.crypto.rekey import EVENTS, REKEY_TYPES, LinkKeys
from peer.errors import HandshakeFailed, MalformedFrame

from ...support.fuzz import fuzz
from .key_pair import CHANNELS, KeyPair, deliver
from .link_pair import ANNA, BODO, Pair
from .raw_side import RawSide, proof

IN_BOTH_SUITES = pytest.mark.parametrize("suite", SUITES)
SMALL = b"small"


# ---- what must work


@IN_BOTH_SUITES
def test_rekey_takes_four_frames_and_brings_both_to_the_next_epoch(suite: int) -> None:
    pair = KeyPair(suite).rekey()
    assert len(pair.wire) == 4
    assert [frame[1] for frame in pair.wire] == [0, 0, 0, 1]
    assert pair.left.epoch == pair.right.epoch == 1
    assert not pair.left.is_busy
    assert not pair.right.is_busy
    pair.talk()


@pytest.mark.parametrize(("suite", "sizes"), [(1, [49, 161, 113, 1]), (2, [49 + 1184, 161 + 1088, 113, 1])])
def test_messages_are_those_of_the_handshake(suite: int, sizes: list[int]) -> None:
    assert [len(frame) - 26 for frame in KeyPair(suite).rekey().wire] == sizes


def test_chance_is_taken_anew_for_every_rekey() -> None:
    """In suite 2 for ML-KEM too."""
    pair = KeyPair(SUITE_HYBRID)
    pair.rekey().rekey()
    assert pair.left_chance.taken == [64, 32, 64, 32]


def test_only_who_offered_the_link_leads() -> None:
    pair = KeyPair()
    assert pair.left.leads
    assert not pair.right.leads


def test_epoch_byte_begins_anew_after_255() -> None:
    """Keys never do: each epoch has its own, so no nonce meets a key twice."""
    pair, seen = KeyPair(), set()
    for number in range(258):
        frame = pair.left.cipher(EVENTS).seal(b"words")
        assert frame[1] == number % 256
        seen.add(frame)
        assert pair.right.cipher(EVENTS).open(frame) == b"words"
        pair.rekey()
    assert len(seen) == 258
    assert pair.left.epoch == 258


def test_channel_may_be_added_at_any_time() -> None:
    """Before, during and after a rekey."""
    pair = KeyPair()

    def works(channel: str) -> None:
        for sender, receiver in ((pair.left, pair.right), (pair.right, pair.left)):
            assert receiver.cipher(channel).open(sender.cipher(channel).seal(SMALL)) == SMALL

    works("before")
    (message_1,) = pair.left.start()
    works("after 1")
    (message_2,) = deliver(pair.right, message_1)
    works("after 2")
    (message_3,) = deliver(pair.left, message_2)
    works("after 3")
    (confirmation,) = deliver(pair.right, message_3)
    assert pair.left.cipher("new").open(pair.right.cipher("new").seal(SMALL)) == SMALL
    deliver(pair.left, confirmation)
    for channel in (*CHANNELS, "before", "after 1", "after 2", "after 3", "new"):
        works(channel)


def test_frames_are_lost_at_no_step() -> None:
    """On every channel, in both directions, sealed before a message and opened after it."""
    pair = KeyPair()
    held: list[tuple[LinkKeys, str, bytes]] = []

    def open_held() -> None:
        while held:
            receiver, channel, frame = held.pop(0)
            assert receiver.cipher(channel).open(frame) == SMALL

    def seal_some() -> None:
        for channel in CHANNELS:
            for sender, receiver in ((pair.left, pair.right), (pair.right, pair.left)):
                held.append((receiver, channel, sender.cipher(channel).seal(SMALL)))

    seal_some()
    (message_1,) = pair.left.start()
    open_held()
    seal_some()
    (message_2,) = deliver(pair.right, message_1)
    open_held()
    seal_some()
    late = held.pop(-2)  # the left's last frame of ephemeral, which message 3 overtakes
    open_held()
    (message_3,) = deliver(pair.left, message_2)
    (confirmation,) = deliver(pair.right, message_3)
    held.append(late)
    seal_some()
    held = [each for each in held if each[1] != EVENTS or each[0] is pair.right]
    open_held()
    deliver(pair.left, confirmation)
    pair.talk()


# ---- old keys


def test_old_receive_key_lives_until_the_first_new_frame_of_its_channel() -> None:
    pair = KeyPair()
    late, later = (pair.right.cipher("ephemeral").seal(SMALL) for _ in range(2))
    pair.rekey()
    ours = pair.left.cipher("ephemeral")
    assert ours.open(late) == SMALL
    ours.open(pair.right.cipher("ephemeral").seal(SMALL))
    with pytest.raises(MalformedFrame):
        ours.open(later)


def test_old_receive_keys_can_be_forgotten() -> None:
    pair = KeyPair()
    late = pair.right.cipher("ephemeral").seal(SMALL)
    pair.rekey()
    pair.left.forget_old_epoch()
    with pytest.raises(MalformedFrame):
        pair.left.cipher("ephemeral").open(late)
    pair.talk()


def test_events_leave_the_old_keys_at_once() -> None:
    """They are ordered: message 3 and the confirmation are a border."""
    pair = KeyPair().rekey()
    for keys in (pair.left, pair.right):
        assert not keys.cipher(EVENTS).hears_old_epoch


def test_no_more_than_one_old_epoch_is_heard() -> None:
    pair = KeyPair()
    late = pair.right.cipher("ephemeral").seal(SMALL)
    pair.rekey().rekey()
    with pytest.raises(MalformedFrame):
        pair.left.cipher("ephemeral").open(late)


# ---- against the protocol written with other tools


@IN_BOTH_SUITES
def test_answer_speaks_the_protocol(suite: int) -> None:
    """psk and prologue as the document says; the rest is the handshake's."""
    left, right = Pair.of_suite(suite).run().ends
    psk = right.key(b"speaktube v1 rekey")
    number = (1).to_bytes(8, "big")
    parts = (b"speaktube rekey v1", right.handshake_hash, number)
    bound = b"".join(len(part).to_bytes(2, "big") + part for part in parts)
    raw = RawSide(b"R", bound, gate=psk)
    keys = LinkKeys(left, identity=ANNA, random_bytes=KeyPair().left_chance)
    theirs = LinkKeys(right, identity=BODO, random_bytes=KeyPair().left_chance)
    (frame,) = keys.start()
    payload = raw.read(theirs.cipher(EVENTS).open(frame)[1:])
    answer = b""
    if suite == SUITE_HYBRID:
        raw.kem_secret, answer = MLKEM768PublicKey.from_public_bytes(payload).encapsulate()
    message_2 = b"\x02" + raw.write(answer)
    message_2 += raw.seal_auth(proof(BODO.export_seed(), role=b"R", h=raw.h))
    (frame,) = deliver(keys, theirs.cipher(EVENTS).seal(message_2))
    message_3 = theirs.cipher(EVENTS).open(frame)
    assert raw.open_auth(message_3[1:]) == proof(ANNA.export_seed(), role=b"I", h=raw.h)
    assert deliver(keys, raw.seal_frame(b"events", 0, b"\x04", epoch=1)) == []
    assert keys.cipher("ephemeral").open(raw.seal_frame(b"ephemeral", 3, SMALL, epoch=1)) == SMALL


# ---- what ends the link


def refused(keys: LinkKeys, message: bytes) -> str:
    epoch = keys.epoch
    with pytest.raises(HandshakeFailed) as caught:
        keys.receive(message)
    assert keys.epoch == epoch
    return str(caught.value)


def test_who_answered_does_not_begin() -> None:
    pair = KeyPair()
    assert "does not begin" in refused(pair.left, b"\x01" + bytes(48))


def test_identity_that_did_not_make_the_link_is_refused_by_both() -> None:
    other = Identity.from_seed(bytes(32))
    for changed in ("left_identity", "right_identity"):
        pair = KeyPair(**{changed: other})  # type: ignore[arg-type]
        with pytest.raises(HandshakeFailed, match="another identity"):
            pair.rekey()


def test_confirmation_under_the_old_keys_is_refused() -> None:
    """Only who has the new ones can confirm them."""
    pair = KeyPair()
    (message_1,) = pair.left.start()
    (message_2,) = deliver(pair.right, message_1)
    deliver(pair.left, message_2)
    assert "not confirmed" in refused(pair.left, b"\x04")


def test_anything_else_in_place_of_the_confirmation_is_refused() -> None:
    for wrong in (b"\x01" + bytes(48), b"\x04\x00", b"\x03" + bytes(112)):
        pair = KeyPair()
        (message_1,) = pair.left.start()
        (message_2,) = deliver(pair.right, message_1)
        (message_3,) = deliver(pair.left, message_2)
        deliver(pair.right, message_3)
        pair.left.cipher(EVENTS).open(pair.right.cipher(EVENTS).seal(SMALL))
        assert "not confirmed" in refused(pair.left, wrong)


def test_second_confirmation_is_refused() -> None:
    pair = KeyPair().rekey()
    assert "does not begin" in refused(pair.left, b"\x04")


def test_rekey_does_not_begin_twice() -> None:
    pair = KeyPair()
    pair.left.start()
    with pytest.raises(AssertionError):
        pair.left.start()
    with pytest.raises(AssertionError):
        pair.right.start()


def test_counter_cannot_begin_anew_under_a_key_in_use() -> None:
    cipher = copy.copy(KeyPair().left.cipher(EVENTS))
    with pytest.raises(AssertionError):
        cipher.switch(bytes(32))


def test_reprs_show_no_key() -> None:
    pair = KeyPair().rekey()
    shown = repr(pair.left) + repr(vars(pair.left))
    for label in (b"speaktube v1 rekey", b"speaktube v1 events i2r"):
        key = vars(pair.left)["_current"].key(label)
        assert repr(key)[2:-1] not in shown
        assert key.hex() not in shown


# ---- arbitrary bytes at every stage


def _resting_left() -> tuple[LinkKeys, bytes]:
    return KeyPair().left, b""


def _resting_right() -> tuple[LinkKeys, bytes]:
    pair = KeyPair()
    return pair.right, pair.right.cipher(EVENTS).open(pair.left.start()[0])


def _awaits_message_2() -> tuple[LinkKeys, bytes]:
    pair = KeyPair()
    (message_2,) = deliver(pair.right, pair.left.start()[0])
    return pair.left, pair.left.cipher(EVENTS).open(message_2)


def _awaits_message_3() -> tuple[LinkKeys, bytes]:
    pair = KeyPair()
    (message_2,) = deliver(pair.right, pair.left.start()[0])
    (message_3,) = deliver(pair.left, message_2)
    return pair.right, pair.right.cipher(EVENTS).open(message_3)


def _awaits_confirmation() -> tuple[LinkKeys, bytes]:
    pair = KeyPair()
    (message_2,) = deliver(pair.right, pair.left.start()[0])
    (message_3,) = deliver(pair.left, message_2)
    (confirmation,) = deliver(pair.right, message_3)
    return pair.left, pair.left.cipher(EVENTS).open(confirmation)


STAGES: dict[str, Callable[[], tuple[LinkKeys, bytes]]] = {
    "offerer at rest": _resting_left,
    "answerer at rest": _resting_right,
    "offerer awaits message 2": _awaits_message_2,
    "answerer awaits message 3": _awaits_message_3,
    "offerer awaits the confirmation": _awaits_confirmation,
}


@pytest.mark.parametrize("stage", STAGES)
def test_genuine_message_is_taken(stage: str) -> None:
    """Or the refusals would prove nothing."""
    keys, genuine = STAGES[stage]()
    if genuine:
        keys.receive(genuine)


@pytest.mark.parametrize("stage", STAGES)
@fuzz
@given(data=st.binary(max_size=200), kind=st.sampled_from(sorted(REKEY_TYPES)), keep=st.integers(0, 170))
def test_any_message_is_refused_and_moves_nothing(stage: str, data: bytes, kind: bytes, keep: int) -> None:
    keys, genuine = STAGES[stage]()
    ciphers = len(vars(keys)["_ciphers"])
    for message in {data, kind + data, genuine[:keep] + data} - {genuine}:
        with pytest.raises(HandshakeFailed):
            keys.receive(message)
    assert keys.epoch == 0
    assert len(vars(keys)["_ciphers"]) == ciphers
