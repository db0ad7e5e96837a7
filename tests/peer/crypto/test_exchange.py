"""The three messages as the protocol draws them, in both suites; attacks have their own file in tests/security."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from hypothesis import given
from hypothesis import strategies as st

from peer.crypto.exchange import SUITE_HYBRID, SUITE_X25519, SUITES, Role
from peer.crypto.handshake import Handshake
from peer.crypto.identity import SMALL_ORDER_KEYS
from peer.errors import BadSetting, HandshakeFailed

from ...support.fuzz import fuzz
from .link_pair import ANNA, BODO, GATE, Chance, Doorman, Pair, initiator, responder
from .raw_side import HELLO, HYBRID_HELLO, RawSide, prologue, proof

CHANNELS = ("events", "ephemeral")
OVER = "no frame is expected"
IN_BOTH_SUITES = pytest.mark.parametrize("suite", SUITES)
HYBRID_PROLOGUE = prologue(hellos=(HYBRID_HELLO, HYBRID_HELLO))


def dies_of(handshake: Handshake, frame: bytes) -> str:
    """Assert that this frame ends the handshake for good; its reason."""
    with pytest.raises(HandshakeFailed) as caught:
        handshake.receive(frame)
    assert handshake.established is None
    for again in (frame, HELLO, b""):
        with pytest.raises(HandshakeFailed, match=OVER):
            handshake.receive(again)
    with pytest.raises(HandshakeFailed):
        handshake.start()
    return str(caught.value)


# ---- what must work


@IN_BOTH_SUITES
def test_both_sides_prove_themselves_and_agree(suite: int) -> None:
    left, right = Pair.of_suite(suite).run().ends
    assert (left.remote, right.remote) == (BODO.member_id, ANNA.member_id)
    assert left.handshake_hash == right.handshake_hash
    assert left.suite == right.suite == suite


@pytest.mark.parametrize(("suite", "sizes"), [(1, (49, 161, 113)), (2, (49 + 1184, 161 + 1088, 113))])
def test_frames_have_the_sizes_of_the_protocol(suite: int, sizes: tuple[int, ...]) -> None:
    frames = Pair.of_suite(suite).run().frames
    assert [(frame[0], len(frame)) for frame in frames[2:]] == list(enumerate(sizes, start=1))


@IN_BOTH_SUITES
def test_each_channel_carries_frames_both_ways(suite: int) -> None:
    left, right = Pair.of_suite(suite).run().ends
    for channel in (*CHANNELS, "bulk", "κανάλι"):
        ours, theirs = left.cipher(channel), right.cipher(channel)
        assert theirs.open(ours.seal(b"there")) == b"there"
        assert ours.open(theirs.seal(b"and back")) == b"and back"


def test_each_side_asks_once_for_the_other() -> None:
    left, right = Doorman(), Doorman()
    Pair(initiator(authorise=left), responder(authorise=right)).run()
    assert (left.asked, right.asked) == ([BODO.member_id], [ANNA.member_id])


def test_initiator_is_done_with_message_2_and_responder_with_message_3() -> None:
    pair = Pair()
    pair.greet()
    pair.swap_hellos()
    pair.pass_message_1()
    assert pair.left.established is None
    pair.pass_message_2()
    assert pair.left.established is not None
    assert pair.right.established is None
    pair.pass_message_3()
    assert pair.right.established is not None


@pytest.mark.parametrize(("suite", "draws"), [(1, [32]), (2, [64, 32])])
def test_chance_is_taken_for_the_ephemeral_keys_alone(suite: int, draws: list[int]) -> None:
    """The responder's share of ML-KEM is drawn by the library."""
    left, right = Chance(b"left"), Chance(b"right")
    Pair(initiator(random_bytes=left, suites=(suite,)), responder(random_bytes=right, suites=(suite,))).run()
    assert (left.taken, right.taken) == (draws, [32])


def test_kem_secret_alone_makes_other_keys() -> None:
    """The same X25519 keys twice, and the responder's share of ML-KEM is another one."""
    first, second = (Pair.of_suite(SUITE_HYBRID).run().ends[0] for _ in range(2))
    assert first.key(b"any label") != second.key(b"any label")


def test_other_chance_gives_other_keys() -> None:
    first, _ = Pair().run().ends
    second, _ = Pair(initiator(random_bytes=Chance(b"another")), responder()).run().ends
    assert first.handshake_hash != second.handshake_hash
    assert first.cipher("events").seal(b"text") != second.cipher("events").seal(b"text")


# ---- against the protocol written with other tools


def test_initiator_speaks_the_protocol() -> None:
    """A responder made of `noiseprotocol` and `hmac` finds every byte where the document says."""
    handshake = initiator()
    raw = RawSide(b"R", prologue())
    assert handshake.start() == [HELLO]
    (message_1,) = handshake.receive(HELLO)
    assert message_1[:1] == b"\x01"
    assert raw.read(message_1[1:]) == b""
    message_2 = raw.write()
    auth = raw.seal_auth(proof(BODO.export_seed(), role=b"R", h=raw.h))
    (message_3,) = handshake.receive(b"\x02" + message_2 + auth)
    assert message_3[:1] == b"\x03"
    assert raw.open_auth(message_3[1:]) == proof(ANNA.export_seed(), role=b"I", h=raw.h)
    assert handshake.established is not None
    assert handshake.established.handshake_hash == raw.h
    for channel in CHANNELS:
        frame = raw.seal_frame(channel.encode(), 7, b"text")
        assert handshake.established.cipher(channel).open(frame) == b"text"


def test_responder_speaks_the_protocol() -> None:
    handshake = responder()
    raw = RawSide(b"I", prologue())
    assert handshake.start() == [HELLO]
    assert handshake.receive(HELLO) == []
    (message_2,) = handshake.receive(b"\x01" + raw.write())
    assert message_2[:1] == b"\x02"
    assert raw.read(message_2[1:49]) == b""
    assert raw.open_auth(message_2[49:]) == proof(BODO.export_seed(), role=b"R", h=raw.h)
    assert handshake.receive(b"\x03" + raw.seal_auth(proof(ANNA.export_seed(), role=b"I", h=raw.h))) == []
    assert handshake.established is not None
    for channel in CHANNELS:
        frame = raw.seal_frame(channel.encode(), 0, b"text")
        assert handshake.established.cipher(channel).open(frame) == b"text"


def test_hybrid_initiator_speaks_the_protocol() -> None:
    """The key travels as payload of message 1, the ciphertext as payload of message 2, the secret into every key."""
    handshake = initiator(suites=(SUITE_HYBRID,))
    raw = RawSide(b"R", HYBRID_PROLOGUE)
    assert handshake.start() == [HYBRID_HELLO]
    (message_1,) = handshake.receive(HYBRID_HELLO)
    raw.kem_secret, ciphertext = MLKEM768PublicKey.from_public_bytes(raw.read(message_1[1:])).encapsulate()
    message_2 = raw.write(ciphertext)
    auth = raw.seal_auth(proof(BODO.export_seed(), role=b"R", h=raw.h))
    (message_3,) = handshake.receive(b"\x02" + message_2 + auth)
    assert raw.open_auth(message_3[1:]) == proof(ANNA.export_seed(), role=b"I", h=raw.h)
    assert handshake.established is not None
    assert handshake.established.suite == SUITE_HYBRID
    assert handshake.established.cipher("events").open(raw.seal_frame(b"events", 7, b"text")) == b"text"


def test_hybrid_responder_speaks_the_protocol() -> None:
    handshake = responder(suites=(SUITE_HYBRID,))
    raw = RawSide(b"I", HYBRID_PROLOGUE)
    key = MLKEM768PrivateKey.from_seed_bytes(bytes(64))
    handshake.start()
    handshake.receive(HYBRID_HELLO)
    (message_2,) = handshake.receive(b"\x01" + raw.write(key.public_key().public_bytes_raw()))
    raw.kem_secret = key.decapsulate(raw.read(message_2[1:-112]))
    assert raw.open_auth(message_2[-112:]) == proof(BODO.export_seed(), role=b"R", h=raw.h)
    handshake.receive(b"\x03" + raw.seal_auth(proof(ANNA.export_seed(), role=b"I", h=raw.h)))
    assert handshake.established is not None
    assert handshake.established.cipher("ephemeral").open(raw.seal_frame(b"ephemeral", 0, b"text")) == b"text"


# ---- keys move


def test_each_cipher_is_taken_once() -> None:
    """Two ciphers of one key would use counters twice."""
    established, _ = Pair().run().ends
    for channel in (*CHANNELS, "bulk"):
        established.cipher(channel)
        with pytest.raises(BadSetting, match=channel):
            established.cipher(channel)


def test_no_channel_has_the_keys_of_the_proofs() -> None:
    """Their label would be the same."""
    established, _ = Pair().run().ends
    with pytest.raises(BadSetting, match="auth"):
        established.cipher("auth")


@IN_BOTH_SUITES
def test_reprs_show_no_key(suite: int) -> None:
    pair = Pair.of_suite(suite)
    shown = repr(pair.left) + repr(vars(pair.left))
    pair.run()
    shown += repr(vars(pair.left)) + repr(vars(pair.right)) + repr(pair.ends)
    key = pair.ends[0].key(b"speaktube v1 events i2r")
    for secret in (GATE, Chance(b"initiator")(32), Chance(b"responder")(32), ANNA.export_seed(), key):
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown


def test_handshake_starts_once() -> None:
    handshake = initiator()
    handshake.start()
    with pytest.raises(HandshakeFailed, match="started before"):
        handshake.start()


def test_frame_before_the_start_is_refused() -> None:
    assert OVER in dies_of(initiator(), HELLO)


# ---- every stage, and what comes wrong there


def _at(side: str, steps: int, suite: int) -> Callable[[], tuple[Handshake, bytes]]:
    """A side of a pair after so many frames received, and the genuine next one."""

    def build() -> tuple[Handshake, bytes]:
        pair = Pair.of_suite(suite)
        walk = [pair.greet, pair.swap_hellos, pair.pass_message_1, pair.pass_message_2]
        for step in walk[: (1, 2, 4)[steps] if side == "right" else (1, 3)[steps]]:
            step()
        if side == "right":
            fresh, genuine = pair.right, pair.frames[(0, 2, 4)[steps]]
        else:
            fresh, genuine = pair.left, pair.frames[(1, 3)[steps]]
        return fresh, genuine

    return build


STAGES = {
    f"{name} in suite {suite}": _at(side, steps, suite)
    for suite in SUITES
    for name, side, steps in (
        ("initiator awaits message 2", "left", 1),
        ("responder awaits message 1", "right", 1),
        ("responder awaits message 3", "right", 2),
    )
}

every_stage = pytest.mark.parametrize("stage", STAGES)


@every_stage
def test_genuine_frame_is_taken(stage: str) -> None:
    """Or the refusals below would prove nothing."""
    handshake, genuine = STAGES[stage]()
    handshake.receive(genuine)


@every_stage
@fuzz
@given(data=st.binary(max_size=200))
def test_any_bytes_end_it_for_good(stage: str, data: bytes) -> None:
    handshake, genuine = STAGES[stage]()
    dies_of(handshake, genuine[: 1 if len(data) % 2 else 33] + data)


@every_stage
@fuzz
@given(data=st.data())
def test_any_bit_flipped_ends_it_for_good(stage: str, data: st.DataObject) -> None:
    handshake, genuine = STAGES[stage]()
    bit = data.draw(st.integers(0, len(genuine) * 8 - 1))
    forged = bytearray(genuine)
    forged[bit // 8] ^= 1 << bit % 8
    dies_of(handshake, bytes(forged))


@every_stage
@pytest.mark.parametrize("change", [lambda f: f + b"\0", lambda f: f[:-1], lambda f: f + bytes(65536), lambda f: f[:1]])
def test_trailing_missing_or_too_many_bytes_end_it(stage: str, change: Callable[[bytes], bytes]) -> None:
    handshake, genuine = STAGES[stage]()
    assert "not the handshake frame" in dies_of(handshake, change(genuine))


@every_stage
def test_frames_of_every_other_step_end_it(stage: str) -> None:
    """Repeated, reordered and skipped frames alike."""
    _, genuine = STAGES[stage]()
    others = [frame for frame in Pair.of_suite(int(stage[-1])).run().frames if frame[:1] != genuine[:1]]
    assert len(others) >= 3
    for frame in others:
        handshake, _ = STAGES[stage]()
        dies_of(handshake, frame)


@every_stage
def test_second_hello_ends_it(stage: str) -> None:
    handshake, _ = STAGES[stage]()
    dies_of(handshake, HELLO)


@pytest.mark.parametrize("role", Role)
def test_frame_after_the_end_is_refused(role: Role) -> None:
    """What has been taken stays: the link is the ciphers' by then."""
    pair = Pair().run()
    handshake = pair.left if role is Role.INITIATOR else pair.right
    assert handshake.established is not None
    cipher = handshake.established.cipher("events")
    assert OVER in dies_of(handshake, pair.frames[3])
    assert cipher.seal(b"text")


def test_authorise_that_fails_kills_the_handshake() -> None:
    """A bug of ours passes through as it is, and still opens nothing."""

    def broken(_: object) -> bool:
        raise ZeroDivisionError

    pair = Pair(initiator(authorise=broken))
    pair.greet()
    pair.swap_hellos()
    pair.pass_message_1()
    with pytest.raises(ZeroDivisionError):
        pair.pass_message_2()
    with pytest.raises(HandshakeFailed, match=OVER):
        pair.left.receive(pair.frames[3])


# ---- the proof of identity, by a responder or initiator who holds the gate and lies


def answered_by(make_proof: Callable[[bytes], bytes], **changes: object) -> tuple[Handshake, bytes]:
    """An initiator of ours and message 2 of a raw responder with that proof."""
    handshake = initiator(**changes)
    raw = RawSide(b"R", prologue())
    handshake.start()
    (message_1,) = handshake.receive(HELLO)
    raw.read(message_1[1:])
    message_2 = raw.write()
    return handshake, b"\x02" + message_2 + raw.seal_auth(make_proof(raw.h))


def bodos(h: bytes) -> bytes:
    return proof(BODO.export_seed(), role=b"R", h=h)


def test_identity_not_wanted_is_refused_before_ours_is_shown() -> None:
    doorman = Doorman(admits=False)
    handshake, message_2 = answered_by(bodos, authorise=doorman)
    assert "not wanted" in dies_of(handshake, message_2)
    assert doorman.asked == [BODO.member_id]


def test_our_own_identity_is_refused_and_nobody_asked() -> None:
    doorman = Doorman()
    handshake, message_2 = answered_by(bodos, authorise=doorman, identity=BODO)
    assert "our own identity" in dies_of(handshake, message_2)
    assert doorman.asked == []


@pytest.mark.parametrize("public_key", sorted(SMALL_ORDER_KEYS), ids=bytes.hex)
def test_identity_of_small_order_is_refused_and_nobody_asked(public_key: bytes) -> None:
    doorman = Doorman()
    base_point = bytes.fromhex("58" + "66" * 31)
    handshake, message_2 = answered_by(lambda _: public_key + base_point + b"\x01" + bytes(31), authorise=doorman)
    assert "small order" in dies_of(handshake, message_2)
    assert doorman.asked == []


@pytest.mark.parametrize(
    "make_proof",
    [
        lambda h: proof(BODO.export_seed(), role=b"I", h=h),
        lambda h: proof(BODO.export_seed(), role=b"R", h=h[::-1]),
        lambda h: proof(BODO.export_seed(), role=b"R", h=h, claimed=ANNA.public_key),
        lambda h: bodos(h)[:32] + bytes(64),
    ],
    ids=["other role", "other session", "another's key", "no signature"],
)
def test_signature_that_does_not_hold_is_refused_and_nobody_asked(make_proof: Callable[[bytes], bytes]) -> None:
    doorman = Doorman()
    handshake, message_2 = answered_by(make_proof, authorise=doorman)
    assert "signature" in dies_of(handshake, message_2)
    assert doorman.asked == []


@pytest.mark.parametrize("key", [b"\xff" * 1184, b"\xff" * 2 + bytes(1182)])
def test_kem_key_that_is_none_ends_it(key: bytes) -> None:
    """FIPS 203, 7.2: a coefficient that is not reduced."""
    handshake = responder(suites=(SUITE_HYBRID,))
    raw = RawSide(b"I", HYBRID_PROLOGUE)
    handshake.start()
    handshake.receive(HYBRID_HELLO)
    assert "ML-KEM" in dies_of(handshake, b"\x01" + raw.write(key))


def test_ciphertext_that_was_not_made_for_the_key_fits_nothing() -> None:
    """Implicit rejection: another secret comes out, and no tag holds."""
    handshake = initiator(suites=(SUITE_HYBRID,))
    raw = RawSide(b"R", HYBRID_PROLOGUE)
    handshake.start()
    (message_1,) = handshake.receive(HYBRID_HELLO)
    raw.kem_secret, ciphertext = MLKEM768PublicKey.from_public_bytes(raw.read(message_1[1:])).encapsulate()
    message_2 = raw.write(ciphertext[:-1] + bytes([ciphertext[-1] ^ 1]))
    auth = raw.seal_auth(bodos(raw.h))
    assert "tag" in dies_of(handshake, b"\x02" + message_2 + auth)


def test_suites_of_this_version() -> None:
    assert SUITES == (SUITE_X25519, SUITE_HYBRID) == (1, 2)


@fuzz
@given(data=st.binary(max_size=1184))
def test_any_bytes_are_a_kem_key_or_end_it(data: bytes) -> None:
    """Whoever holds the gate may send any payload."""
    handshake = responder(suites=(SUITE_HYBRID,))
    raw = RawSide(b"I", HYBRID_PROLOGUE)
    handshake.start()
    handshake.receive(HYBRID_HELLO)
    message_1 = b"\x01" + raw.write(data.ljust(1184, b"\0"))
    with suppress(HandshakeFailed):
        assert len(handshake.receive(message_1)) == 1


@fuzz
@given(data=st.binary(max_size=1088))
def test_any_ciphertext_ends_it(data: bytes) -> None:
    """FIPS 203, 6.3: a secret comes out that nobody else knows."""
    handshake = initiator(suites=(SUITE_HYBRID,))
    raw = RawSide(b"R", HYBRID_PROLOGUE)
    handshake.start()
    (message_1,) = handshake.receive(HYBRID_HELLO)
    raw.read(message_1[1:])
    message_2 = raw.write(data.ljust(1088, b"\0"))
    assert "tag" in dies_of(handshake, b"\x02" + message_2 + raw.seal_auth(bodos(raw.h)))
