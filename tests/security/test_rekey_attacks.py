"""Attacker does X, both sides see Y: the rows of the specification on stolen keys and on rekeys.

A thief here has a copy of everything that one end of a link holds at some moment, but for the identity, which never
leaves its own object; or it sits on the path and keeps frames back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.config import Config
from peer.core.epochs import Epochs
from peer.crypto.exchange import SUITES, Role
from peer.crypto.identity import Identity
from peer.crypto.link_cipher import LinkCipher
from peer.crypto.rekey import EVENTS, LinkKeys
from peer.errors import (
    BadCiphertext,
    CryptoError,
    HandshakeFailed,
    KeyExhausted,
    MalformedFrame,
    RemoteError,
)

from ..peer.crypto.key_pair import CHANNELS, KeyPair, deliver
from ..peer.crypto.link_pair import ANNA, BODO, Chance
from ..peer.crypto.raw_side import hkdf

THIEF = Identity.from_seed(b"the thief has an identity, too..")
IN_BOTH_SUITES = pytest.mark.parametrize("suite", SUITES)
BOTH_ROLES = pytest.mark.parametrize("role", list(Role))


@dataclass
class Loot:
    """What was stolen: every key of a link's end, as the keys of a link of the thief's own."""

    keys: LinkKeys
    ciphers: dict[str, LinkCipher] = field(default_factory=dict)

    def opens(self, frame: bytes) -> bool:
        """Whether any key of the loot, of any channel, direction and epoch, opens it."""
        for channel in CHANNELS:
            for cipher in (self.keys.cipher(channel), _turned(self.keys, channel)):
                try:
                    cipher.open(frame)
                except (CryptoError, RemoteError):
                    continue
                return True
        return False


def steal(keys: LinkKeys) -> Loot:
    """A copy of the state at this moment, with the thief's own identity and chance."""
    state = vars(keys)
    stolen = LinkKeys(state["_current"], identity=THIEF, random_bytes=Chance(b"thief"))
    stolen.epoch = keys.epoch
    for channel in CHANNELS:
        stolen._ciphers[channel] = LinkCipher(*state["_current"].channel_keys(channel), epoch=keys.epoch)
    return Loot(stolen)


def _turned(keys: LinkKeys, channel: str) -> LinkCipher:
    send, receive = vars(keys)["_current"].channel_keys(channel)
    return LinkCipher(receive, send, epoch=keys.epoch)


def frames_of(pair: KeyPair) -> list[bytes]:
    """One of each channel and direction, which the other side has opened."""
    frames = []
    for channel in CHANNELS:
        for sender, receiver in ((pair.left, pair.right), (pair.right, pair.left)):
            frame = sender.cipher(channel).seal(b"words")
            assert receiver.cipher(channel).open(frame) == b"words"
            frames.append(frame)
    return frames


@IN_BOTH_SUITES
@pytest.mark.parametrize("victim", ["left", "right"])
def test_stolen_state_opens_its_own_epoch_and_after_one_rekey_nothing_new(victim: str, suite: int) -> None:
    pair = KeyPair(suite)
    loot = steal(getattr(pair, victim))
    assert all(loot.opens(frame) for frame in frames_of(pair))
    before = len(pair.wire)
    pair.rekey()
    assert not any(loot.opens(frame) for frame in frames_of(pair))
    confirmation = pair.wire[-1]
    assert not loot.opens(confirmation)
    assert all(loot.opens(frame) for frame in pair.wire[before:-1])  # it reads the messages, and they tell it nothing


@IN_BOTH_SUITES
@pytest.mark.parametrize("victim", ["left", "right"])
def test_keys_stolen_later_open_nothing_old(victim: str, suite: int) -> None:
    """Neither the session's secret nor a key that was kept for late frames."""
    pair = KeyPair(suite)
    recorded = frames_of(pair)
    pair.rekey()
    frames_of(pair)
    keys = getattr(pair, victim)
    assert not any(steal(keys).opens(frame) for frame in recorded)
    for channel in CHANNELS:
        assert not keys.cipher(channel).hears_old_epoch
        for frame in recorded:
            with pytest.raises(MalformedFrame):
                keys.cipher(channel).open(frame)


def test_psk_of_a_rekey_tells_nothing_of_the_keys_beside_it() -> None:
    """A key of its own: whoever has it alone opens no frame."""
    pair = KeyPair()
    current = vars(pair.left)["_current"]
    export = current.key(b"speaktube v1 rekey")
    frame = pair.left.cipher(EVENTS).seal(b"words")
    for key in (export, hkdf(b"speaktube v1 events i2r", material=export, salt=current.handshake_hash)):
        with pytest.raises((BadCiphertext, MalformedFrame)):
            LinkCipher(bytes(32), key).open(frame)


@BOTH_ROLES
@IN_BOTH_SUITES
def test_thief_without_the_identity_who_rekeys_is_refused(suite: int, role: Role) -> None:
    """It has every key and sits on the path: it can begin or answer a rekey, and cannot sign."""
    pair = KeyPair(suite)
    if role is Role.INITIATOR:
        thief, victim = steal(pair.left).keys, pair.right
        (message_2,) = deliver(victim, thief.start()[0])
        (message_3,) = deliver(thief, message_2)
        last = message_3
    else:
        thief, victim = steal(pair.right).keys, pair.left
        (last,) = deliver(thief, victim.start()[0])
    with pytest.raises(HandshakeFailed, match="another identity"):
        deliver(victim, last)
    assert victim.epoch == 0


def test_thief_who_signs_with_the_victims_own_identity_is_refused() -> None:
    """A copy of our own key file at the other end is not the one that made the link."""
    for changed, own in (("left_identity", BODO), ("right_identity", ANNA)):
        with pytest.raises(HandshakeFailed, match="another identity"):
            KeyPair(**{changed: own}).rekey()  # type: ignore[arg-type]


def test_genuine_proof_of_an_earlier_rekey_is_refused() -> None:
    """The same two identities, link and role: the session that is signed is another one."""
    pair = KeyPair()
    spy = steal(pair.right)
    pair.rekey()
    old_message_3 = spy.keys.cipher(EVENTS).open(pair.wire[2])
    deliver(pair.right, pair.left.start()[0])
    with pytest.raises(HandshakeFailed):
        pair.right.receive(old_message_3)


def test_recorded_rekey_played_again_is_refused() -> None:
    """By the window in its own epoch, by the epoch after it."""
    pair = KeyPair().rekey()
    for frame in pair.wire[:3]:
        for keys in (pair.left, pair.right):
            with pytest.raises((MalformedFrame, BadCiphertext)):
                keys.cipher(EVENTS).open(frame)
    assert (pair.left.epoch, pair.right.epoch) == (1, 1)


def test_confirmation_by_who_has_the_old_keys_only_is_refused() -> None:
    """Who keeps message 3 back cannot make the offerer believe that it arrived."""
    pair = KeyPair()
    thief = steal(pair.right).keys
    (message_2,) = deliver(pair.right, pair.left.start()[0])
    deliver(pair.left, message_2)
    _, forged = (thief.cipher(EVENTS).seal(b"\x04") for _ in range(2))  # the first counter was used
    with pytest.raises(HandshakeFailed, match="not confirmed"):
        deliver(pair.left, forged)
    assert pair.left.epoch == 0


def test_rekeys_suppressed_for_31_minutes_close_the_link_at_both_ends() -> None:
    """A thief of the keys would keep its victim on them."""
    pair = KeyPair()
    config = Config()
    left, right = (Epochs(keys, config=config, now=0.0) for keys in (pair.left, pair.right))
    for minute in range(1, 30):
        now = minute * 60.0
        left.handle_timeout(now=now)
        right.handle_timeout(now=now)
        left.outputs()  # kept back
        assert right.open("ephemeral", left.seal("ephemeral", b"\x91\x06"), now=now)
        assert left.open("ephemeral", right.seal("ephemeral", b"\x91\x06"), now=now)
    for side, other in ((left, right), (right, left)):
        with pytest.raises(KeyExhausted):
            side.handle_timeout(now=31 * 60.0)
        with pytest.raises(KeyExhausted):
            side.open("ephemeral", other.seal("ephemeral", b"\x91\x06"), now=31 * 60.0)


def test_counter_near_its_end_forces_a_rekey_and_never_comes_twice() -> None:
    """Though time is far from up; without an answer the key ends, and nothing goes out under it."""
    pair = KeyPair()
    left = Epochs(pair.left, config=Config(rekey_after_frames=5), now=0.0)
    pair.left._ciphers[EVENTS] = LinkCipher(bytes(32), bytes([1]) * 32, max_frames=8)
    sealed = [left.seal(EVENTS, b"\x90") for _ in range(5)]
    forced = left.outputs()
    assert len(forced) == 1
    sealed += [left.seal(EVENTS, b"\x90") for _ in range(2)]
    for _ in range(3):
        with pytest.raises(KeyExhausted):
            left.seal(EVENTS, b"\x90")
    counters = [frame[1:10] for frame in sealed + forced]
    assert len(set(counters)) == len(counters) == 8


def test_rekeys_without_a_pause_are_refused() -> None:
    """Each costs signatures and two key agreements: the second within a second ends the link."""
    pair = KeyPair()
    eager = Epochs(pair.left, config=Config(rekey_after_frames=1, min_rekey_interval_s=0.0), now=0.0)
    calm = Epochs(pair.right, config=Config(), now=0.0)
    eager.seal(EVENTS, b"\x90")  # lost
    calm_hears = eager.outputs()
    while calm.number == 0 or eager.number == 0:
        for frame in calm_hears:
            calm.open(EVENTS, frame, now=10.0)
        for frame in calm.outputs():
            eager.open(EVENTS, frame, now=10.0)
        calm_hears = eager.outputs()
    told = [*calm_hears, eager.seal(EVENTS, b"\x90"), *eager.outputs()]
    for frame in told[:-1]:
        calm.open(EVENTS, frame, now=10.9)
    with pytest.raises(HandshakeFailed):
        calm.open(EVENTS, told[-1], now=10.9)
    assert (calm.number, calm.outputs()) == (1, [])


def test_nonce_never_meets_a_key_twice_in_300_epochs() -> None:
    """The byte of the epoch begins anew, the keys do not: no two frames of the same words are alike."""
    pair, frames = KeyPair(), []
    for _ in range(300):
        frames += [pair.left.cipher(channel).seal(b"the same words") for channel in CHANNELS]
        frames += [pair.right.cipher(channel).seal(b"the same words") for channel in CHANNELS]
        pair.rekey()
    ciphertexts = {frame[10:] for frame in frames}
    assert len(ciphertexts) == len(frames)


def test_frame_of_the_same_byte_256_epochs_ago_is_refused() -> None:
    pair = KeyPair()
    old = pair.left.cipher(EVENTS).seal(b"words")
    for _ in range(256):
        pair.rekey()
    with pytest.raises(BadCiphertext):
        pair.right.cipher(EVENTS).open(old)
    pair.talk()


@given(st.lists(st.sampled_from(["left says", "right says", "rekey"]), max_size=12))
def test_rekeys_at_any_time_leave_both_ends_with_the_same_keys(steps: list[str]) -> None:
    pair = KeyPair()
    for step in steps:
        if step == "rekey":
            pair.rekey()
        else:
            sender, receiver = (pair.left, pair.right) if step == "left says" else (pair.right, pair.left)
            assert receiver.cipher(EVENTS).open(sender.cipher(EVENTS).seal(b"words")) == b"words"
    pair.talk()
    assert pair.left.epoch == pair.right.epoch == steps.count("rekey")
