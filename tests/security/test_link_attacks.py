"""Attacker does X, both sides see Y: the link's rows of the specification, on keys of a real handshake.

Each forgery is followed by the genuine next frame, which must still open: the attack moved nothing.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.crypto.link_cipher import WINDOW, LinkCipher
from peer.errors import BadCiphertext, CryptoError, MalformedFrame, RemoteError, Replayed

from ..peer.crypto.link_pair import Chance, Pair, initiator

CHANNELS = ("events", "ephemeral")
EVERY_REFUSAL = (BadCiphertext, MalformedFrame, Replayed)


def link(channel: str = "events") -> tuple[LinkCipher, LinkCipher]:
    left, right = Pair().run().ends
    return left.cipher(channel), right.cipher(channel)


def still_works(left: LinkCipher, right: LinkCipher) -> None:
    assert right.open(left.seal(b"genuine")) == b"genuine"
    assert left.open(right.seal(b"genuine")) == b"genuine"


def test_replayed_frame_is_refused_once_and_for_ever() -> None:
    left, right = link()
    frame = left.seal(b"pay 5")
    assert right.open(frame) == b"pay 5"
    for _ in range(3):
        with pytest.raises(Replayed):
            right.open(frame)
    still_works(left, right)


def test_reordered_frames_open_exactly_once() -> None:
    left, right = link("ephemeral")
    frames = [left.seal(bytes([number])) for number in range(50)]
    assert [right.open(frame) for frame in reversed(frames)] == [bytes([number]) for number in reversed(range(50))]
    for frame in frames:
        with pytest.raises(Replayed):
            right.open(frame)
    still_works(left, right)


def test_frame_held_back_too_long_is_refused() -> None:
    left, right = link("ephemeral")
    held = left.seal(b"old")
    for _ in range(WINDOW):
        right.open(left.seal(b"newer"))
    with pytest.raises(Replayed):
        right.open(held)
    still_works(left, right)


def test_same_words_never_look_alike() -> None:
    """A nonce that came twice under one key would show it, and would let two frames be added up."""
    left, right = link()
    sealed = [left.seal(b"the same words") for _ in range(100)] + [right.seal(b"the same words") for _ in range(100)]
    assert len({frame[10:-16] for frame in sealed}) == 200  # without the tag, which the counter changes anyway


@given(st.data())
def test_any_bit_flipped_is_refused_and_moves_nothing(data: st.DataObject) -> None:
    left, right = link()
    frame = left.seal(b"some text that matters")
    bit = data.draw(st.integers(0, len(frame) * 8 - 1))
    forged = bytearray(frame)
    forged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(EVERY_REFUSAL):
        right.open(bytes(forged))
    assert right.open(frame) == b"some text that matters"
    still_works(left, right)


@given(st.integers(0, 2**32 - 1))
def test_forged_counter_cannot_move_the_window(counter: int) -> None:
    """A jump far ahead would make every genuine frame too old."""
    left, right = link()
    frame = left.seal(b"text")
    with pytest.raises(EVERY_REFUSAL):
        right.open(frame[:2] + (counter + 1).to_bytes(8, "big") + frame[10:])
    assert right.open(frame) == b"text"
    still_works(left, right)


@pytest.mark.parametrize("channel", CHANNELS)
def test_frame_turned_around_is_refused(channel: str) -> None:
    """What one side sealed does not open at that side."""
    left, right = link(channel)
    for sender in (left, right):
        with pytest.raises(BadCiphertext):
            sender.open(sender.seal(b"echo"))
    assert right.open(left.seal(b"genuine")) == b"genuine"


def test_frame_of_another_channel_is_refused() -> None:
    (left, right) = Pair().run().ends
    events = left.cipher("events"), right.cipher("events")
    ephemeral = left.cipher("ephemeral"), right.cipher("ephemeral")
    with pytest.raises(BadCiphertext):
        ephemeral[1].open(events[0].seal(b"text"))
    with pytest.raises(BadCiphertext):
        events[1].open(ephemeral[0].seal(b"text"))
    for ends in (events, ephemeral):
        still_works(*ends)


def test_frame_of_another_link_is_refused() -> None:
    """Same two peers, same room, another session."""
    other, _ = Pair(left=initiator(random_bytes=Chance(b"another session"))).run().ends
    left, right = link()
    with pytest.raises(BadCiphertext):
        right.open(other.cipher("events").seal(b"text"))
    still_works(left, right)


@given(st.lists(st.integers(0, 7)), st.data())
def test_network_of_any_kind_delivers_each_frame_at_most_once(kept: list[int], data: st.DataObject) -> None:
    """Loss, repetition, order and forgery in any mixture."""
    left, right = link("ephemeral")
    frames = [left.seal(bytes([number])) for number in range(8)]
    opened = []
    for index in kept:
        forged = frames[index][:-1] + bytes([frames[index][-1] ^ 1])
        for frame in data.draw(st.permutations([frames[index], forged])):
            try:
                opened.append(right.open(frame)[0])
            except EVERY_REFUSAL:
                continue
    assert sorted(opened) == sorted(set(kept))
    still_works(left, right)


def test_every_refusal_closes_or_drops_and_reaches_no_bot() -> None:
    """The core tells these apart from bugs by their branch of the tree."""
    assert all(issubclass(refusal, CryptoError | RemoteError) for refusal in EVERY_REFUSAL)
