"""Noise_NNpsk0_25519_AESGCM_SHA256 against its public vector and against another implementation."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from peer.crypto.noise import PROTOCOL_NAME, NoiseNNpsk0, SymmetricState
from peer.errors import BadCiphertext, BadSetting, HandshakeFailed, MalformedFrame

from .link_pair import Chance
from .raw_side import RawSide
from .shared_vectors import load_shared

PSK = bytes(range(32))
BYTES_32 = st.binary(min_size=32, max_size=32)

P = 2**255 - 19
ORDER_8 = 325606250916557431795983626356110631294008115727848805560023387167927233504
ORDER_8_TOO = 39382357235489614581723060781553021112529911719440698176882885853963445705823
LOW_ORDER_U = [0, 1, ORDER_8, ORDER_8_TOO, P - 1, P, P + 1]
"""RFC 7748, section 6.1: the u-coordinates that make any shared secret zero."""


def side(name: bytes, *, psk: bytes = PSK, prologue: bytes = b"prologue") -> NoiseNNpsk0:
    return NoiseNNpsk0(psk=psk, prologue=prologue, random_bytes=Chance(name))


def fixed(private_key: bytes, *, psk: bytes, prologue: bytes) -> NoiseNNpsk0:
    """With a given ephemeral key."""
    return NoiseNNpsk0(psk=psk, prologue=prologue, random_bytes=lambda count: private_key[:count])


def low_order_message(u: int) -> bytes:
    """A first message by who knows the psk and sends a point of low order."""
    e = u.to_bytes(32, "little")
    symmetric = SymmetricState(PROTOCOL_NAME)
    symmetric.mix_hash(b"prologue")
    symmetric.mix_key_and_hash(PSK)
    symmetric.mix_hash(e)
    symmetric.mix_key(e)
    return e + symmetric.encrypt_and_hash(b"")


def test_public_vector_byte_for_byte() -> None:
    """Both handshake messages, the handshake hash and the transport messages under the split keys."""
    (vector,) = load_shared("noise_nnpsk0_25519_aesgcm_sha256.json")
    psk, prologue = bytes.fromhex(vector["init_psks"][0]), bytes.fromhex(vector["init_prologue"])
    left = fixed(bytes.fromhex(vector["init_ephemeral"]), psk=psk, prologue=prologue)
    right = fixed(bytes.fromhex(vector["resp_ephemeral"]), psk=psk, prologue=prologue)
    (payload_1, message_1), (payload_2, message_2), *transport = [
        (bytes.fromhex(message["payload"]), bytes.fromhex(message["ciphertext"])) for message in vector["messages"]
    ]
    assert left.write_message_1(payload_1) == message_1
    assert right.read_message_1(message_1) == payload_1
    assert right.write_message_2(payload_2) == message_2
    assert left.read_message_2(message_2) == payload_2
    assert left.handshake_hash == right.handshake_hash == bytes.fromhex(vector["handshake_hash"])
    keys = left.split()
    assert keys == right.split()
    for index, (payload, ciphertext) in enumerate(transport):
        nonce = bytes(4) + (index // 2).to_bytes(8, "big")
        assert AESGCM(keys[index % 2]).encrypt(nonce, payload, b"") == ciphertext


@given(BYTES_32, BYTES_32, BYTES_32, st.binary(min_size=1, max_size=80), st.binary(max_size=80))
def test_initiator_agrees_with_another_implementation(
    psk: bytes, ours: bytes, theirs: bytes, prologue: bytes, payload: bytes
) -> None:
    left = fixed(ours, psk=psk, prologue=prologue)
    right = RawSide(b"R", prologue, gate=psk, ephemeral=theirs)
    assert right.read(left.write_message_1(payload)) == payload
    assert left.read_message_2(right.write(payload)) == payload
    assert left.handshake_hash == right.h


@given(BYTES_32, BYTES_32, BYTES_32, st.binary(min_size=1, max_size=80), st.binary(max_size=80))
def test_responder_agrees_with_another_implementation(
    psk: bytes, ours: bytes, theirs: bytes, prologue: bytes, payload: bytes
) -> None:
    left = RawSide(b"I", prologue, gate=psk, ephemeral=theirs)
    right = fixed(ours, psk=psk, prologue=prologue)
    assert right.read_message_1(left.write(payload)) == payload
    assert left.read(right.write_message_2(payload)) == payload
    assert left.h == right.handshake_hash


@pytest.mark.parametrize(("psk", "prologue"), [(bytes(32), b"prologue"), (PSK, b"another")])
def test_other_psk_or_prologue_fails_at_the_first_tag(psk: bytes, prologue: bytes) -> None:
    """Before a key is made: no chance is taken."""
    message = side(b"left").write_message_1(b"")
    chance = Chance(b"right")
    right = NoiseNNpsk0(psk=psk, prologue=prologue, random_bytes=chance)
    with pytest.raises(BadCiphertext):
        right.read_message_1(message)
    assert chance.taken == []


@pytest.mark.parametrize("u", LOW_ORDER_U)
def test_responder_refuses_a_point_of_low_order(u: int) -> None:
    right = side(b"right")
    right.read_message_1(low_order_message(u))
    with pytest.raises(HandshakeFailed, match="low order"):
        right.write_message_2(b"")


@pytest.mark.parametrize("u", LOW_ORDER_U)
def test_initiator_refuses_a_point_of_low_order(u: int) -> None:
    left = side(b"left")
    left.write_message_1(b"")
    with pytest.raises(HandshakeFailed, match="low order"):
        left.read_message_2(u.to_bytes(32, "little") + bytes(16))


def test_low_order_first_message_is_otherwise_a_good_one() -> None:
    """Or the test above would see its tag fail, not its point."""
    right = side(b"right")
    assert right.read_message_1(low_order_message(9)) == b""
    assert len(right.write_message_2(b"")) == 48


@pytest.mark.parametrize("length", [0, 31, 47])
def test_message_cut_short_is_malformed(length: int) -> None:
    with pytest.raises(MalformedFrame):
        side(b"right").read_message_1(bytes(length))
    left = side(b"left")
    left.write_message_1(b"")
    with pytest.raises(MalformedFrame):
        left.read_message_2(bytes(length))


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_psk_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(BadSetting, match=f"this one has {length}$"):
        side(b"left", psk=bytes(length))


@pytest.mark.parametrize("step", [1, 2])
def test_tag_that_does_not_fit_names_no_foreign_error(step: int) -> None:
    left, right = side(b"left"), side(b"right")
    message = left.write_message_1(b"payload")
    if step == 2:
        right.read_message_1(message)
        message = right.write_message_2(b"payload")
    read = right.read_message_1 if step == 1 else left.read_message_2
    with pytest.raises(BadCiphertext) as caught:
        read(message[:-1] + bytes([message[-1] ^ 1]))
    assert not isinstance(caught.value.__cause__, InvalidTag)


def test_each_key_seals_once() -> None:
    """Both payloads stand under different keys, or the nonce of zeros would be used twice."""
    keys: list[bytes] = []

    class Noting(SymmetricState):
        def mix_key(self, input_key_material: bytes) -> None:
            super().mix_key(input_key_material)
            keys.append(self._ck)

    symmetric = Noting(PROTOCOL_NAME)
    symmetric.mix_key_and_hash(PSK)
    symmetric.mix_key(b"e")
    first = symmetric.encrypt_and_hash(b"same")
    symmetric.mix_key(b"ee")
    assert symmetric.encrypt_and_hash(b"same") != first
    assert len(set(keys)) == 2


def test_keys_leave_with_split() -> None:
    """What is consumed is gone: psk, ephemeral key and chaining key."""
    left, right = side(b"left"), side(b"right")
    right.read_message_1(left.write_message_1(b""))
    left.read_message_2(right.write_message_2(b""))
    left.split()
    assert not {"_psk", "_e", "_re"} & vars(left).keys()
    with pytest.raises(AttributeError):
        left.split()
