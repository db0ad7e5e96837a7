"""Frames of one channel: sealed in order, opened in any order, each at most once."""

from __future__ import annotations

import copy
import random

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from peer.crypto.link_cipher import MAX_FRAME_BYTES, MAX_FRAMES, WINDOW, LinkCipher
from peer.errors import BadCiphertext, KeyExhausted, MalformedFrame, MessageTooLarge, Replayed

KEY_A, KEY_B = bytes(range(32)), bytes(range(32, 64))


def ends(max_frames: int = MAX_FRAMES) -> tuple[LinkCipher, LinkCipher]:
    return (
        LinkCipher(send_key=KEY_A, receive_key=KEY_B, max_frames=max_frames),
        LinkCipher(send_key=KEY_B, receive_key=KEY_A, max_frames=max_frames),
    )


def state_of(cipher: LinkCipher) -> dict[str, object]:
    return copy.copy(vars(cipher))


def frame_at(counter: int, plaintext: bytes = b"text") -> bytes:
    """A genuine frame of the left end with any counter, made apart from our code."""
    header = b"\x04\x00" + counter.to_bytes(8, "big")
    return header + AESGCM(KEY_A).encrypt(bytes(4) + counter.to_bytes(8, "big"), plaintext, header)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_plaintexts_come_back_in_both_directions(plaintexts: list[bytes]) -> None:
    left, right = ends()
    for plaintext in plaintexts:
        assert right.open(left.seal(plaintext)) == plaintext
        assert left.open(right.seal(plaintext)) == plaintext


def test_frame_is_the_one_of_the_protocol() -> None:
    """04 | epoch 0 | counter from 0 | ciphertext; nonce and associated data as drawn."""
    left, _ = ends()
    assert [left.seal(b"text") for _ in range(3)] == [frame_at(0), frame_at(1), frame_at(2)]


def test_largest_frame_fits_and_one_more_byte_is_refused() -> None:
    left, right = ends()
    largest = bytes(LinkCipher.max_plaintext_bytes)
    frame = left.seal(largest)
    assert len(frame) == MAX_FRAME_BYTES
    assert right.open(frame) == largest
    before = state_of(left)
    with pytest.raises(MessageTooLarge):
        left.seal(largest + b"x")
    assert state_of(left) == before


def test_frame_over_the_limit_is_malformed_though_genuine() -> None:
    _, right = ends()
    with pytest.raises(MalformedFrame):
        right.open(frame_at(0, bytes(LinkCipher.max_plaintext_bytes + 1)))


def test_key_seals_its_last_frame_and_no_more() -> None:
    left, right = ends(max_frames=3)
    frames = [left.seal(b"text") for _ in range(3)]
    for _ in range(2):
        with pytest.raises(KeyExhausted):
            left.seal(b"text")
    assert [right.open(frame) for frame in frames] == [b"text"] * 3


def test_counter_beyond_the_last_one_is_malformed() -> None:
    """Nobody who keeps the rules seals it, and it would make the window jump."""
    _, right = ends(max_frames=3)
    before = state_of(right)
    for counter in (3, 2**64 - 1):
        with pytest.raises(MalformedFrame):
            right.open(frame_at(counter))
    assert state_of(right) == before


def test_counters_do_not_wrap() -> None:
    """The limit stands far below the end of the nonce."""
    assert MAX_FRAMES < 2**64


@pytest.mark.parametrize("counters", [[0, 0], [5, 3, 5], [5, 3, 3], [WINDOW, 1, 1], [0, 2**30, 2**30]])
def test_repeated_frame_is_refused(counters: list[int]) -> None:
    _, right = ends()
    for counter in counters[:-1]:
        assert right.open(frame_at(counter)) == b"text"
    before = state_of(right)
    with pytest.raises(Replayed):
        right.open(frame_at(counters[-1]))
    assert state_of(right) == before


def test_window_ends_after_1024_frames() -> None:
    """The oldest of the last 1024 counters still opens; the one before it does not."""
    _, right = ends()
    right.open(frame_at(2000))
    assert right.open(frame_at(2000 - WINDOW + 1)) == b"text"
    with pytest.raises(Replayed):
        right.open(frame_at(2000 - WINDOW))


@pytest.mark.parametrize("ahead", [1, WINDOW - 1, WINDOW, WINDOW + 1, 2**31])
def test_jump_ahead_keeps_what_is_still_in_the_window(ahead: int) -> None:
    _, right = ends()
    right.open(frame_at(0))
    right.open(frame_at(ahead))
    for counter in (0, ahead):
        with pytest.raises(Replayed):
            right.open(frame_at(counter))
    if ahead > 1:
        assert right.open(frame_at(ahead - 1)) == b"text"


class SimpleWindow:
    """What the bitmask means, as a set."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def accepts(self, counter: int) -> bool:
        fresh = counter not in self.seen and counter > max(self.seen, default=-1) - WINDOW
        self.seen |= {counter} if fresh else set()
        return fresh


@given(st.lists(st.integers(0, 3 * WINDOW), max_size=60))
def test_window_agrees_with_a_simple_model(counters: list[int]) -> None:
    _, right = ends()
    model = SimpleWindow()
    for counter in counters:
        if model.accepts(counter):
            assert right.open(frame_at(counter)) == b"text"
        else:
            with pytest.raises(Replayed):
                right.open(frame_at(counter))


def test_shuffled_frames_open_exactly_once() -> None:
    left, right = ends()
    frames = [left.seal(index.to_bytes(2, "big")) for index in range(WINDOW)]
    random.Random(7).shuffle(frames)  # noqa: S311 - an order, not a secret
    assert len({right.open(frame) for frame in frames}) == WINDOW
    for frame in frames:
        with pytest.raises(Replayed):
            right.open(frame)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x04",
        frame_at(0)[:25],
        b"\x03" + frame_at(0)[1:],
        b"\x05" + frame_at(0)[1:],
        b"\x04\x01" + frame_at(0)[2:],
    ],
)
def test_what_cannot_be_a_frame_is_malformed(frame: bytes) -> None:
    """Cut short, another type, another epoch."""
    _, right = ends()
    before = state_of(right)
    with pytest.raises(MalformedFrame):
        right.open(frame)
    assert state_of(right) == before


def test_empty_plaintext_is_the_shortest_frame() -> None:
    left, right = ends()
    frame = left.seal(b"")
    assert len(frame) == 26
    assert right.open(frame) == b""


def test_repr_shows_no_key() -> None:
    """Nor does anything that a debugger prints of its parts."""
    left, _ = ends()
    for shown in (repr(left), *map(repr, vars(left).values())):
        assert repr(KEY_A)[2:-1] not in shown
        assert KEY_A.hex() not in shown
    assert KEY_A not in vars(left).values()


@given(st.binary(max_size=100))
def test_any_bytes_are_refused_and_the_next_frame_opens(data: bytes) -> None:
    left, right = ends()
    right.open(left.seal(b"first"))
    before = state_of(right)
    for frame in (data, b"\x04\x00" + data, b"\x04\x00" + bytes(7) + b"\x01" + data):
        with pytest.raises((MalformedFrame, Replayed, BadCiphertext)):
            right.open(frame)
    assert state_of(right) == before
    assert right.open(left.seal(b"next")) == b"next"


# ---- epochs; when they change is tested with the rekey

KEY_C, KEY_D = bytes(range(64, 96)), bytes(range(96, 128))


def renewed() -> tuple[LinkCipher, LinkCipher, list[bytes]]:
    """Both ends in epoch 1, and two frames of the left one from before."""
    left, right = ends()
    old = [left.seal(b"old"), left.seal(b"older")]
    for end, send, receive in ((left, KEY_C, KEY_D), (right, KEY_D, KEY_C)):
        end.expect(receive)
        end.switch(send)
    return left, right, old


def test_new_epoch_has_its_byte_its_keys_and_counters_from_0() -> None:
    left, right, _ = renewed()
    frame = left.seal(b"new")
    assert frame[:10] == b"\x04\x01" + bytes(8)
    assert AESGCM(KEY_C).decrypt(bytes(12), frame[10:], frame[:10]) == b"new"
    assert right.open(frame) == b"new"


def test_both_epochs_are_heard_until_the_first_new_frame() -> None:
    left, right, old = renewed()
    assert right.hears_old_epoch
    assert right.open(old[1]) == b"older"
    with pytest.raises(Replayed):
        right.open(old[1])
    forged = b"\x04\x01" + bytes(8) + bytes(40)
    with pytest.raises(BadCiphertext):
        right.open(forged)
    assert right.hears_old_epoch
    right.open(left.seal(b"new"))
    assert not right.hears_old_epoch
    with pytest.raises(MalformedFrame):
        right.open(old[0])


def test_old_epoch_can_be_forgotten() -> None:
    left, right, old = renewed()
    right.forget_old_epoch()
    with pytest.raises(MalformedFrame):
        right.open(old[0])
    assert right.open(left.seal(b"new")) == b"new"


def test_expecting_does_not_change_what_is_sealed() -> None:
    left, right = ends()
    left.expect(KEY_D)
    assert right.open(left.seal(b"still old")) == b"still old"


def test_key_that_seals_cannot_be_set_again() -> None:
    """Its counter would begin anew."""
    left, _, _ = renewed()
    with pytest.raises(AssertionError):
        left.switch(KEY_C)


@pytest.mark.parametrize(("epoch", "byte"), [(0, 0), (255, 255), (256, 0), (511, 255)])
def test_byte_of_the_epoch_begins_anew_after_255(epoch: int, byte: int) -> None:
    assert LinkCipher(KEY_A, KEY_B, epoch=epoch).seal(b"text")[1] == byte
