"""Attacker does X, both sides see Y: the handshake's rows of the specification.

The attackers here are the signaling server, which may alter what it relays and sit in the middle of DTLS, and a
member of the room who holds the gate. `RawSide` speaks the protocol for them with tools that are not ours.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from peer.crypto.exchange import SUITES
from peer.crypto.handshake import Handshake
from peer.crypto.identity import Identity
from peer.crypto.noise import PROTOCOL_NAME, SymmetricState
from peer.errors import HandshakeFailed
from peer.ids import MemberId, Topic

from ..peer.crypto.link_pair import (
    ANNA,
    BODO,
    FINGERPRINT_I,
    FINGERPRINT_R,
    GATE,
    Chance,
    Doorman,
    Pair,
    initiator,
    responder,
)
from ..peer.crypto.raw_side import HELLO, RawSide, prologue, proof

GHOST = Identity.from_seed(b"a ghost with the secret, no more")
MIDDLE = b"certificate of the middle".ljust(32)
AUTH_HEADROOM = 112


def assert_dead(handshake: Handshake, frame: bytes) -> None:
    """This frame is refused, and so is everything after it."""
    for again in (frame, HELLO, frame):
        with pytest.raises(HandshakeFailed):
            handshake.receive(again)
        assert handshake.established is None


def stopped_at_message_1(pair: Pair, chance: Chance, doorman: Doorman) -> None:
    """The responder refuses before it makes a key or asks for anybody; the initiator has shown a random key only."""
    pair.greet()
    pair.swap_hellos()
    assert_dead(pair.right, pair.frames[2])
    assert chance.taken == []
    assert doorman.asked == []
    assert pair.left.established is None
    for frame in pair.frames:
        assert len(frame) <= 49
        assert ANNA.public_key not in frame
        assert BODO.public_key not in frame


# ---- the server


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"remote_fingerprint": MIDDLE}, {"remote_fingerprint": MIDDLE}),
        ({"remote_fingerprint": MIDDLE}, {}),
        ({}, {"remote_fingerprint": MIDDLE}),
        ({"local_fingerprint": FINGERPRINT_R, "remote_fingerprint": FINGERPRINT_I}, {}),
    ],
    ids=["both", "the initiator's view", "the responder's view", "turned around"],
)
def test_swapped_fingerprints_end_it_without_payload_or_identity(
    left: dict[str, bytes], right: dict[str, bytes]
) -> None:
    chance, doorman = Chance(b"right"), Doorman()
    pair = Pair(initiator(**left), responder(**right, random_bytes=chance, authorise=doorman))
    stopped_at_message_1(pair, chance, doorman)


def test_one_wrong_bit_of_a_fingerprint_is_enough() -> None:
    chance, doorman = Chance(b"right"), Doorman()
    almost = FINGERPRINT_I[:-1] + bytes([FINGERPRINT_I[-1] ^ 1])
    pair = Pair(right=responder(remote_fingerprint=almost, random_bytes=chance, authorise=doorman))
    stopped_at_message_1(pair, chance, doorman)


def test_swapped_fingerprints_at_the_initiator_alone_are_seen_by_it_too() -> None:
    """A server that answers by itself lacks the gate, whatever it says."""
    handshake = initiator(remote_fingerprint=MIDDLE)
    handshake.start()
    handshake.receive(HELLO)
    server = RawSide(b"I", prologue(), gate=bytes(32))
    assert_dead(handshake, b"\x02" + server.write() + bytes(AUTH_HEADROOM))


def test_wrong_gate_is_refused_before_any_key_is_made() -> None:
    chance, doorman = Chance(b"right"), Doorman()
    pair = Pair(initiator(gate=bytes(32)), responder(random_bytes=chance, authorise=doorman))
    stopped_at_message_1(pair, chance, doorman)


def test_responder_without_the_gate_learns_a_random_key_and_no_more() -> None:
    handshake = initiator()
    handshake.start()
    (message_1,) = handshake.receive(HELLO)
    guesser = RawSide(b"R", prologue(), gate=bytes(32))
    with pytest.raises(InvalidTag):
        guesser.read(message_1[1:])
    assert_dead(handshake, b"\x02" + bytes(48) + bytes(AUTH_HEADROOM))


def test_handshake_of_another_topic_does_not_fit() -> None:
    chance, doorman = Chance(b"right"), Doorman()
    other = Topic(urlsafe_b64encode(b"another room").decode())
    pair = Pair(initiator(topic=other), responder(random_bytes=chance, authorise=doorman))
    stopped_at_message_1(pair, chance, doorman)


@pytest.mark.parametrize("told", [HELLO + b"\x02", HELLO + b"\x09", HELLO + HELLO[-1:]])
@pytest.mark.parametrize("victim", ["initiator", "responder"])
def test_suite_stripped_or_added_on_the_way_ends_it(told: bytes, victim: str) -> None:
    """Both choose suite 1 either way; they still notice that they were told different hellos."""
    pair = Pair()
    pair.greet()
    pair.right.receive(told if victim == "responder" else pair.frames[0])
    (message_1,) = pair.left.receive(told if victim == "initiator" else pair.frames[1])
    assert_dead(pair.right, message_1)


@pytest.mark.parametrize("suites", [b"", b"\x00", b"\x02\x03", b"\xff"])
@pytest.mark.parametrize("make", [initiator, responder])
def test_nothing_below_our_minimum_is_spoken(make: Callable[..., Handshake], suites: bytes) -> None:
    chance = Chance(b"victim")
    handshake = make(random_bytes=chance)
    handshake.start()
    assert_dead(handshake, HELLO[:-1] + suites)
    assert chance.taken == []


# ---- a ghost: it holds the gate, and no member wants it


def test_ghost_that_answers_gets_no_identity() -> None:
    """The initiator judges first: nothing of ours was sent but a hello and a random key."""
    doorman = Doorman(admits=False)
    handshake = initiator(authorise=doorman)
    ghost = RawSide(b"R", prologue())
    sent = handshake.start() + handshake.receive(HELLO)
    ghost.read(sent[1][1:])
    message_2 = ghost.write()
    auth = ghost.seal_auth(proof(GHOST.export_seed(), role=b"R", h=ghost.h))
    assert_dead(handshake, b"\x02" + message_2 + auth)
    assert doorman.asked == [GHOST.member_id]
    assert not [frame for frame in sent if ANNA.public_key in frame]


def test_ghost_that_offers_gets_a_dead_link_and_no_keys() -> None:
    """It sees who answered, which the responder must show first (docs/protocol.md); then nothing opens."""
    doorman = Doorman(admits=False)
    handshake = responder(authorise=doorman)
    ghost = RawSide(b"I", prologue())
    handshake.start()
    handshake.receive(HELLO)
    (message_2,) = handshake.receive(b"\x01" + ghost.write())
    ghost.read(message_2[1:49])
    assert ghost.open_auth(message_2[49:])[:32] == BODO.public_key
    assert_dead(handshake, b"\x03" + ghost.seal_auth(proof(GHOST.export_seed(), role=b"I", h=ghost.h)))
    assert doorman.asked == [GHOST.member_id]


# ---- a member who cheats


def expects(member: MemberId) -> Callable[[MemberId], bool]:
    return lambda shown: shown == member


def test_insider_in_the_middle_shows_its_own_key() -> None:
    """Two honest handshakes with the insider: each side is told the insider's key, never the other's."""
    left, as_right = initiator(remote_fingerprint=MIDDLE), responder(identity=GHOST, local_fingerprint=MIDDLE)
    shown_to_left, _ = Pair(left, as_right).run().ends
    assert shown_to_left.remote == GHOST.member_id


def test_insider_in_the_middle_fails_where_another_key_is_expected() -> None:
    pair = Pair(
        initiator(remote_fingerprint=MIDDLE, authorise=expects(BODO.member_id)),
        responder(identity=GHOST, local_fingerprint=MIDDLE),
    )
    pair.greet()
    pair.swap_hellos()
    pair.pass_message_1()
    assert_dead(pair.left, pair.frames[3])


def test_insider_cannot_pass_on_a_genuine_proof_of_another_session() -> None:
    """It opens Bodo's proof in its session with him and seals it for Anna: the signature names the other session."""
    victim, witness = initiator(remote_fingerprint=MIDDLE), responder(remote_fingerprint=MIDDLE)
    towards_witness = RawSide(b"I", prologue(fingerprints=(MIDDLE, FINGERPRINT_R)))
    towards_victim = RawSide(b"R", prologue(fingerprints=(FINGERPRINT_I, MIDDLE)))
    victim.start()
    witness.start()
    witness.receive(HELLO)
    (message_2,) = witness.receive(b"\x01" + towards_witness.write())
    towards_witness.read(message_2[1:49])
    genuine = towards_witness.open_auth(message_2[49:])
    (message_1,) = victim.receive(HELLO)
    towards_victim.read(message_1[1:])
    assert genuine[:32] == BODO.public_key
    assert_dead(victim, b"\x02" + towards_victim.write() + towards_victim.seal_auth(genuine))


def test_initiators_proof_cannot_be_passed_on_either() -> None:
    victim, witness = responder(remote_fingerprint=MIDDLE), initiator(remote_fingerprint=MIDDLE)
    towards_witness = RawSide(b"R", prologue(fingerprints=(FINGERPRINT_I, MIDDLE)))
    towards_victim = RawSide(b"I", prologue(fingerprints=(MIDDLE, FINGERPRINT_R)))
    victim.start()
    witness.start()
    (message_1,) = witness.receive(HELLO)
    towards_witness.read(message_1[1:])
    message_2 = towards_witness.write()
    lure = towards_witness.seal_auth(proof(GHOST.export_seed(), role=b"R", h=towards_witness.h))
    (message_3,) = witness.receive(b"\x02" + message_2 + lure)
    genuine = towards_witness.open_auth(message_3[1:])
    victim.receive(HELLO)
    (answer,) = victim.receive(b"\x01" + towards_victim.write())
    towards_victim.read(answer[1:49])
    assert genuine[:32] == ANNA.public_key
    assert_dead(victim, b"\x03" + towards_victim.seal_auth(genuine))


def test_responders_proof_comes_back_as_the_initiators_and_is_refused() -> None:
    """Same session, same signer, other role: the role is signed, and one's own identity is refused."""
    doorman = Doorman()
    handshake = responder(authorise=doorman)
    raw = RawSide(b"I", prologue())
    handshake.start()
    handshake.receive(HELLO)
    (message_2,) = handshake.receive(b"\x01" + raw.write())
    raw.read(message_2[1:49])
    assert_dead(handshake, b"\x03" + raw.seal_auth(raw.open_auth(message_2[49:])))
    assert doorman.asked == []


def test_own_identity_is_refused_though_proven() -> None:
    """A copy of our own key file, or a mirror that somehow signs: either way no peer."""
    pair = Pair(right=responder(identity=ANNA))
    pair.greet()
    pair.swap_hellos()
    pair.pass_message_1()
    assert_dead(pair.left, pair.frames[3])


# ---- anybody on the wire


@pytest.mark.parametrize("frame_type", [b"\x01", b"\x02", b"\x03"])
def test_own_frames_reflected_are_refused(frame_type: bytes) -> None:
    """As they are, or under the type that is expected next."""
    handshake = initiator()
    hello = handshake.start()
    (message_1,) = handshake.receive(hello[0])
    assert_dead(handshake, frame_type + message_1[1:] + bytes(AUTH_HEADROOM) * (frame_type != b"\x01"))


def test_responders_message_reflected_is_refused() -> None:
    pair = Pair()
    pair.greet()
    pair.swap_hellos()
    pair.pass_message_1()
    assert_dead(pair.right, b"\x03" + pair.frames[3][49:])


def test_auth_of_an_earlier_session_is_refused() -> None:
    """Same two peers, same fingerprints, another try."""
    earlier = Pair().run()
    pair = Pair(initiator(random_bytes=Chance(b"again")), responder(random_bytes=Chance(b"anew")))
    pair.greet()
    pair.swap_hellos()
    pair.pass_message_1()
    assert_dead(pair.right, earlier.frames[4])
    assert_dead(pair.left, pair.frames[3][:49] + earlier.frames[3][49:])


def test_recorded_session_played_again_reaches_nothing() -> None:
    """Message 1 is taken, since no secret of ours is in it yet; the answer has a new key, so the old proof is dead."""
    earlier = Pair().run()
    doorman = Doorman()
    victim = responder(random_bytes=Chance(b"another day"), authorise=doorman)
    victim.start()
    victim.receive(earlier.frames[0])
    (answer,) = victim.receive(earlier.frames[2])
    assert answer != earlier.frames[3]
    assert_dead(victim, earlier.frames[4])
    assert doorman.asked == []


def test_two_initiators_end_it() -> None:
    left = initiator()
    right = initiator(identity=BODO, local_fingerprint=FINGERPRINT_R, remote_fingerprint=FINGERPRINT_I)
    hellos = left.start() + right.start()
    (from_left,), (from_right,) = left.receive(hellos[1]), right.receive(hellos[0])
    assert_dead(left, from_right)
    assert_dead(right, from_left)


def test_two_responders_wait_and_say_nothing() -> None:
    left, right = responder(), responder(identity=ANNA)
    hellos = left.start() + right.start()
    assert left.receive(hellos[1]) == right.receive(hellos[0]) == []
    assert left.established is None


LOW_ORDER_U = [0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 18]


@pytest.mark.parametrize("u", LOW_ORDER_U)
def test_key_of_low_order_is_refused_by_the_responder(u: int) -> None:
    """An insider would force a secret that everybody knows."""
    e = u.to_bytes(32, "little")
    symmetric = SymmetricState(PROTOCOL_NAME)
    symmetric.mix_hash(prologue())
    symmetric.mix_key_and_hash(GATE)
    symmetric.mix_hash(e)
    symmetric.mix_key(e)
    handshake = responder()
    handshake.start()
    handshake.receive(HELLO)
    assert_dead(handshake, b"\x01" + e + symmetric.encrypt_and_hash(b""))


@pytest.mark.parametrize("u", LOW_ORDER_U)
def test_key_of_low_order_is_refused_by_the_initiator(u: int) -> None:
    doorman = Doorman()
    handshake = initiator(authorise=doorman)
    handshake.start()
    handshake.receive(HELLO)
    assert_dead(handshake, b"\x02" + u.to_bytes(32, "little") + bytes(16 + AUTH_HEADROOM))
    assert doorman.asked == []


@pytest.mark.parametrize("steps", range(5))
@pytest.mark.parametrize("side", ["left", "right"])
def test_data_before_both_are_proven_ends_it(side: str, steps: int) -> None:
    """Even a frame under the very keys that this session will have."""
    ends = Pair().run().ends
    early = (ends[1] if side == "left" else ends[0]).cipher("events").seal(b"too early")
    pair = Pair()
    walk = [pair.greet, pair.swap_hellos, pair.pass_message_1, pair.pass_message_2, pair.pass_message_3]
    for step in walk[:steps]:
        step()
    victim = pair.left if side == "left" else pair.right
    if victim.established is None:
        assert_dead(victim, early)
    else:
        with pytest.raises(HandshakeFailed):
            victim.receive(early)


@given(st.lists(st.tuples(st.sampled_from(["left", "right"]), st.integers(0, 4)), max_size=12))
def test_no_order_of_genuine_frames_but_the_right_one_gets_through(deliveries: list[tuple[str, int]]) -> None:
    """A network that repeats, reorders, reflects and drops: who is established heard exactly the right frames."""
    pair = Pair().run()
    frames, victims = pair.frames, {"left": initiator(), "right": responder()}
    heard: dict[str, list[int]] = {"left": [], "right": []}
    for victim in victims.values():
        victim.start()
    for side, index in deliveries:
        heard[side].append(0 if frames[index] == HELLO else index)
        try:
            victims[side].receive(frames[index])
        except HandshakeFailed:
            assert victims[side].established is None
    assert (victims["left"].established is not None) == (heard["left"] == [0, 3])
    assert (victims["right"].established is not None) == (heard["right"] == [0, 2, 4])


@given(st.data())
def test_any_single_change_on_the_wire_leaves_no_link_on_the_deceived_side(data: st.DataObject) -> None:
    """Whatever is altered, whoever receives it or its consequences does not end up with different keys."""
    target = data.draw(st.integers(0, 4))
    pair = Pair()
    pair.greet()
    steps = [pair.swap_hellos, pair.pass_message_1, pair.pass_message_2, pair.pass_message_3]
    try:
        for number, step in enumerate(steps):
            if number == max(0, target - 1):
                frame = bytearray(pair.frames[target])
                bit = data.draw(st.integers(0, len(frame) * 8 - 1))
                frame[bit // 8] ^= 1 << bit % 8
                pair.frames[target] = bytes(frame)
            step()
    except HandshakeFailed:
        assert pair.right.established is None
        return
    pytest.fail("an altered frame passed")


def test_refusals_look_alike_from_outside() -> None:
    """Nothing is sent after any of them: receive raises instead of answering, and knows one exception type."""
    reasons = set()
    for frame in (b"", HELLO, b"\x02" + bytes(160), b"\x01" + bytes(48), bytes(70000)):
        handshake = initiator()
        handshake.start()
        handshake.receive(HELLO)
        with pytest.raises(HandshakeFailed) as caught:
            handshake.receive(frame)
        reasons.add(type(caught.value))
    assert reasons == {HandshakeFailed}


def test_gate_alone_does_not_open_a_recorded_session() -> None:
    """Forward secrecy: who learns the gate later has every frame and the psk, and still lacks both ephemeral keys."""
    pair = Pair().run()
    knows = RawSide(b"R", prologue())
    knows.read(pair.frames[2][1:])
    knows.write()
    frame = pair.ends[0].cipher("events").seal(b"text")
    with pytest.raises(InvalidTag):
        AESGCM(knows.key(b"speaktube v1 events i2r")).decrypt(bytes(12), frame[10:], frame[:10])
    with pytest.raises(InvalidTag):
        knows.open_auth(pair.frames[4][1:])


# ---- suite 2: what a recorder with a quantum computer would need, and who talks a link down


def hybrid_pair(**left: object) -> Pair:
    return Pair(initiator(suites=SUITES, **left), responder(suites=SUITES))


@pytest.mark.parametrize("victim", ["initiator", "responder", "both"])
def test_server_that_strips_suite_2_from_a_hello_ends_the_link(victim: str) -> None:
    """Suite 1 would be chosen; the hellos that were really said are bound."""
    doormen = Doorman(), Doorman()
    pair = Pair(initiator(suites=SUITES, authorise=doormen[0]), responder(suites=SUITES, authorise=doormen[1]))
    pair.greet()
    pair.right.receive(HELLO if victim != "initiator" else pair.frames[0])
    (message_1,) = pair.left.receive(HELLO if victim != "responder" else pair.frames[1])
    assert_dead(pair.right, message_1)
    assert pair.left.established is None
    assert [doorman.asked for doorman in doormen] == [[], []]


def test_member_below_our_minimum_is_refused_before_anything_is_made() -> None:
    chance = Chance(b"victim")
    for handshake in (initiator(suites=(2,), random_bytes=chance), responder(suites=(2,), random_bytes=chance)):
        handshake.start()
        assert_dead(handshake, HELLO)
    assert chance.taken == []


def test_member_below_its_best_suite_is_refused_in_either_role() -> None:
    """A thief of its key who lacks the better suite, or a copy of it that was downgraded."""
    doorman = Doorman()
    best = {ANNA.member_id: 2, BODO.member_id: 2}.__getitem__
    left, right = Pair(initiator(best_suite=best, authorise=doorman)), Pair(right=responder(best_suite=best))
    for pair in (left, right):
        for step in (pair.greet, pair.swap_hellos, pair.pass_message_1):
            step()
    assert_dead(left.left, left.frames[3])
    right.pass_message_2()
    assert_dead(right.right, right.frames[4])
    assert doorman.asked == []


def test_garbage_is_refused_before_ml_kem_and_before_any_key_of_ours() -> None:
    """Who lacks the gate costs one failed decryption, in suite 2 as in suite 1."""
    chance, doorman = Chance(b"right"), Doorman()
    right = responder(suites=(2,), gate=bytes(32), random_bytes=chance, authorise=doorman)
    pair = Pair(initiator(suites=(2,)), right)
    pair.greet()
    pair.swap_hellos()
    assert_dead(pair.right, pair.frames[2])
    assert chance.taken == []
    assert doorman.asked == []


def recorder(pair: Pair, *, ephemeral: bytes) -> tuple[RawSide, MLKEM768PrivateKey]:
    """Who has every frame, the gate, the seed of ML-KEM and some X25519 key of the initiator."""
    key = MLKEM768PrivateKey.from_seed_bytes(Chance(b"initiator")(64))
    raw = RawSide(b"I", prologue(hellos=(pair.frames[0], pair.frames[1])), ephemeral=ephemeral)
    raw.write(key.public_key().public_bytes_raw())
    return raw, key


def test_x25519_broken_later_opens_nothing_of_suite_2() -> None:
    """The secret of ML-KEM is in every key; with it the same recorder reads all, so nothing else is missing."""
    pair = hybrid_pair().run()
    chance = Chance(b"initiator")
    _, ephemeral = chance(64), chance(32)
    raw, key = recorder(pair, ephemeral=ephemeral)
    ciphertext, auth = raw.read(pair.frames[3][1:-112]), pair.frames[3][-112:]
    with pytest.raises(InvalidTag):
        raw.open_auth(auth)
    raw.kem_secret = key.decapsulate(ciphertext)
    assert raw.open_auth(auth)[:32] == BODO.public_key


def test_ml_kem_broken_later_opens_nothing_of_suite_2() -> None:
    """Without an X25519 key not even the ciphertext can be read."""
    pair = hybrid_pair().run()
    raw, _ = recorder(pair, ephemeral=bytes(range(32)))
    with pytest.raises(InvalidTag):
        raw.read(pair.frames[3][1:-112])


@given(st.data())
def test_any_single_change_of_a_hybrid_handshake_is_seen(data: st.DataObject) -> None:
    target = data.draw(st.integers(2, 4))
    pair = hybrid_pair()
    pair.greet()
    steps = [pair.swap_hellos, pair.pass_message_1, pair.pass_message_2, pair.pass_message_3]
    try:
        for number, step in enumerate(steps):
            if number == target - 1:
                frame = bytearray(pair.frames[target])
                bit = data.draw(st.integers(0, len(frame) * 8 - 1))
                frame[bit // 8] ^= 1 << bit % 8
                pair.frames[target] = bytes(frame)
            step()
    except HandshakeFailed:
        assert pair.right.established is None
        return
    pytest.fail("an altered frame passed")
