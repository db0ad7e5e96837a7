"""The handshake as the protocol draws it, step by step; attacks have their own file in tests/security."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.crypto.handshake import FINGERPRINT_BYTES, Handshake, Role
from peer.crypto.identity import SMALL_ORDER_KEYS
from peer.errors import BadSetting, HandshakeFailed

from .link_pair import ANNA, BODO, GATE, TOPIC, Chance, Doorman, Pair, initiator, responder
from .raw_side import HELLO, RawSide, prologue, proof

CHANNELS = ("events", "ephemeral")


def dies_of(handshake: Handshake, frame: bytes) -> str:
    """Assert that this frame ends the handshake for good; its reason."""
    with pytest.raises(HandshakeFailed) as caught:
        handshake.receive(frame)
    assert handshake.established is None
    for again in (frame, HELLO, b""):
        with pytest.raises(HandshakeFailed, match="when dead"):
            handshake.receive(again)
    with pytest.raises(HandshakeFailed):
        handshake.start()
    return str(caught.value)


# ---- what must work


def test_both_sides_prove_themselves_and_agree() -> None:
    left, right = Pair().run().ends
    assert (left.remote, right.remote) == (BODO.member_id, ANNA.member_id)
    assert left.handshake_hash == right.handshake_hash
    assert left.suite == right.suite == 1


def test_frames_have_the_sizes_of_the_protocol() -> None:
    frames = Pair().run().frames
    assert frames[:2] == [HELLO, HELLO]
    assert [(frame[0], len(frame)) for frame in frames[2:]] == [(1, 49), (2, 161), (3, 113)]


def test_each_channel_carries_frames_both_ways() -> None:
    left, right = Pair().run().ends
    for channel in CHANNELS:
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


def test_chance_is_taken_for_one_ephemeral_key_a_side() -> None:
    left, right = Chance(b"left"), Chance(b"right")
    Pair(initiator(random_bytes=left), responder(random_bytes=right)).run()
    assert (left.taken, right.taken) == ([32], [32])


def test_other_chance_gives_other_keys() -> None:
    first, _ = Pair().run().ends
    second, _ = Pair(initiator(random_bytes=Chance(b"another")), responder()).run().ends
    assert first.handshake_hash != second.handshake_hash
    assert first.cipher("events").seal(b"text") != second.cipher("events").seal(b"text")


NEWER = HELLO[:-1] + b"\x00\x01\x02\x09"


def test_initiator_ignores_unknown_suites_of_a_newer_peer() -> None:
    """Its whole hello is bound, and suite 1 is still the highest in common."""
    handshake = initiator()
    raw = RawSide(b"R", prologue(hellos=(HELLO, NEWER)))
    handshake.start()
    (message_1,) = handshake.receive(NEWER)
    raw.read(message_1[1:])
    message_2 = raw.write()
    handshake.receive(b"\x02" + message_2 + raw.seal_auth(proof(BODO.export_seed(), role=b"R", h=raw.h)))
    assert handshake.established is not None
    assert handshake.established.suite == 1


def test_responder_ignores_unknown_suites_of_a_newer_peer() -> None:
    handshake = responder()
    raw = RawSide(b"I", prologue(hellos=(NEWER, HELLO)))
    handshake.start()
    handshake.receive(NEWER)
    (message_2,) = handshake.receive(b"\x01" + raw.write())
    raw.read(message_2[1:49])
    handshake.receive(b"\x03" + raw.seal_auth(proof(ANNA.export_seed(), role=b"I", h=raw.h)))
    assert handshake.established is not None
    assert handshake.established.suite == 1


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


# ---- keys move


def test_each_cipher_is_taken_once() -> None:
    """Two ciphers of one key would use counters twice."""
    established, _ = Pair().run().ends
    for channel in CHANNELS:
        established.cipher(channel)
        with pytest.raises(BadSetting, match=channel):
            established.cipher(channel)
    with pytest.raises(BadSetting, match="bulk"):
        established.cipher("bulk")


def test_reprs_show_no_key() -> None:
    pair = Pair()
    shown = repr(pair.left) + repr(vars(pair.left))
    pair.run()
    shown += repr(vars(pair.left)) + repr(vars(pair.right)) + repr(pair.ends)
    for secret in (GATE, Chance(b"initiator")(32), Chance(b"responder")(32), ANNA.export_seed()):
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown


# ---- what cannot be bound is our own side's mistake


@pytest.mark.parametrize("length", [0, 31, 33, 95])
@pytest.mark.parametrize("which", ["local_fingerprint", "remote_fingerprint"])
def test_fingerprint_of_another_length_is_refused(which: str, length: int) -> None:
    with pytest.raises(BadSetting, match=f"{FINGERPRINT_BYTES} bytes"):
        initiator(**{which: bytes(length)})


@pytest.mark.parametrize("suites", [(), (2,), (1, 2)])
def test_suite_that_we_do_not_have_is_refused(suites: tuple[int, ...]) -> None:
    with pytest.raises(BadSetting, match="suite"):
        initiator(suites=suites)


def test_gate_of_another_length_is_refused() -> None:
    handshake = initiator(gate=bytes(31))
    handshake.start()
    with pytest.raises(BadSetting, match="gate"):
        handshake.receive(HELLO)


def test_handshake_starts_once() -> None:
    handshake = initiator()
    handshake.start()
    with pytest.raises(HandshakeFailed, match="started before"):
        handshake.start()


def test_frame_before_the_start_is_refused() -> None:
    assert "when new" in dies_of(initiator(), HELLO)


# ---- every stage, and what comes wrong there


def _left_at(steps: int) -> Callable[[], tuple[Handshake, bytes]]:
    """The initiator after so many frames received, and the genuine next one."""

    def build() -> tuple[Handshake, bytes]:
        frames = Pair().run().frames
        handshake = initiator()
        handshake.start()
        genuine = [frames[1], frames[3]]
        for frame in genuine[:steps]:
            handshake.receive(frame)
        return handshake, genuine[steps]

    return build


def _right_at(steps: int) -> Callable[[], tuple[Handshake, bytes]]:
    def build() -> tuple[Handshake, bytes]:
        frames = Pair().run().frames
        handshake = responder()
        handshake.start()
        genuine = [frames[0], frames[2], frames[4]]
        for frame in genuine[:steps]:
            handshake.receive(frame)
        return handshake, genuine[steps]

    return build


STAGES = {
    "initiator awaits hello": _left_at(0),
    "initiator awaits message 2": _left_at(1),
    "responder awaits hello": _right_at(0),
    "responder awaits message 1": _right_at(1),
    "responder awaits message 3": _right_at(2),
}
PAST_HELLO = {name: build for name, build in STAGES.items() if "hello" not in name}

every_stage = pytest.mark.parametrize("stage", STAGES)
every_stage_past_hello = pytest.mark.parametrize("stage", PAST_HELLO)


@every_stage
def test_genuine_frame_is_taken(stage: str) -> None:
    """Or the refusals below would prove nothing."""
    handshake, genuine = STAGES[stage]()
    handshake.receive(genuine)


@every_stage
@given(data=st.binary(max_size=200))
def test_any_bytes_end_it_for_good(stage: str, data: bytes) -> None:
    handshake, genuine = STAGES[stage]()
    dies_of(handshake, data if data != genuine else b"")


@every_stage_past_hello
@given(data=st.data())
def test_any_bit_flipped_ends_it_for_good(stage: str, data: st.DataObject) -> None:
    handshake, genuine = STAGES[stage]()
    bit = data.draw(st.integers(0, len(genuine) * 8 - 1))
    forged = bytearray(genuine)
    forged[bit // 8] ^= 1 << bit % 8
    dies_of(handshake, bytes(forged))


@every_stage_past_hello
@pytest.mark.parametrize("change", [lambda f: f + b"\0", lambda f: f[:-1], lambda f: f + bytes(65536), lambda f: f[:1]])
def test_trailing_missing_or_too_many_bytes_end_it(stage: str, change: Callable[[bytes], bytes]) -> None:
    handshake, genuine = STAGES[stage]()
    assert "not the handshake frame" in dies_of(handshake, change(genuine))


@every_stage
def test_frames_of_every_other_step_end_it(stage: str) -> None:
    """Repeated, reordered and skipped frames alike."""
    _, genuine = STAGES[stage]()
    others = [frame for frame in Pair().run().frames if frame[:1] != genuine[:1]]
    assert len(others) >= 3
    for frame in others:
        handshake, _ = STAGES[stage]()
        dies_of(handshake, frame)


@every_stage_past_hello
def test_second_hello_ends_it(stage: str) -> None:
    handshake, _ = STAGES[stage]()
    dies_of(handshake, HELLO)


@pytest.mark.parametrize("stage", ["initiator awaits hello", "responder awaits hello"])
@pytest.mark.parametrize(
    ("hello", "reason"),
    [
        (b"", "not a hello"),
        (HELLO[:10], "not a hello"),
        (b"\x00speaktube\x02\x01", "not a hello"),
        (b"\x00speaktubf\x01\x01", "not a hello"),
        (b"\x01" + HELLO[1:], "not a hello"),
        (HELLO + bytes(53), "not a hello"),
        (HELLO[:11], "no suite"),
        (HELLO[:11] + b"\x00\x02\xff", "no suite"),
    ],
)
def test_hello_of_another_protocol_version_or_suite_ends_it(stage: str, hello: bytes, reason: str) -> None:
    handshake, _ = STAGES[stage]()
    assert reason in dies_of(handshake, hello)


def test_longest_hello_is_still_read() -> None:
    handshake, _ = STAGES["responder awaits hello"]()
    assert handshake.receive(HELLO + bytes(52)) == []


@pytest.mark.parametrize("role", Role)
def test_frame_after_the_end_is_refused(role: Role) -> None:
    """What has been taken stays: the link is the ciphers' by then."""
    pair = Pair().run()
    handshake = pair.left if role is Role.INITIATOR else pair.right
    assert handshake.established is not None
    cipher = handshake.established.cipher("events")
    assert "when done" in dies_of(handshake, pair.frames[3])
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
    with pytest.raises(HandshakeFailed, match="when dead"):
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


def test_topic_is_bound() -> None:
    assert TOPIC.encode() in prologue()
    pair = Pair(right=responder(topic="another"))
    pair.greet()
    pair.swap_hellos()
    assert "tag" in dies_of(pair.right, pair.frames[2])
