"""Frames of one channel of a link: sealed in order, opened in any order, each at most once.

docs/protocol.md, "Frames" and "Rekey". Promised: a frame that was altered, repeated, turned around or taken from
another channel, epoch or link is refused, and leaves the cipher as it was; no counter is used twice under a key; what
an attacker can grow is nothing. Not promised: that nothing was dropped (the ordered channel below does that).
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..errors import BadCiphertext, KeyExhausted, MalformedFrame, MessageTooLarge, Replayed

__all__ = ["FRAME_TYPE", "MAX_FRAMES", "MAX_FRAME_BYTES", "WINDOW", "LinkCipher"]

FRAME_TYPE = 0x04
MAX_FRAME_BYTES = 65536
WINDOW = 1024

MAX_FRAMES = 2**32
"""Frames a key may seal. At 2^12 blocks a frame the advantage in telling AES-GCM from chance stays below 2^-40
(draft-irtf-cfrg-aead-limits, section 5.1); the rekey comes long before."""

_HEADER_BYTES, _TAG_BYTES = 10, 16
_NONCE_HEAD = bytes(4)


class _Receiver:
    """One receive key, and which of its counters were here."""

    def __init__(self, key: bytes, *, head: bytes, max_frames: int) -> None:
        self._key = AESGCM(key)
        self.head = head
        self._max_frames = max_frames
        self._highest = -1
        self._seen = 0  # bit i: counter highest - i was here

    def open(self, frame: bytes) -> bytes:
        counter = int.from_bytes(frame[2:_HEADER_BYTES], "big")
        self._check_counter(counter)
        try:
            nonce = _NONCE_HEAD + frame[2:_HEADER_BYTES]
            plaintext = self._key.decrypt(nonce, frame[_HEADER_BYTES:], frame[:_HEADER_BYTES])
        except InvalidTag:
            raise BadCiphertext("the tag of a frame does not fit") from None
        self._mark_seen(counter)
        return plaintext

    def _check_counter(self, counter: int) -> None:
        if counter >= self._max_frames:
            raise MalformedFrame("a counter beyond the last one")
        age = self._highest - counter
        if age >= 0 and (age >= WINDOW or self._seen >> age & 1):
            raise Replayed("a frame that was here before, or is too old to tell")

    def _mark_seen(self, counter: int) -> None:
        ahead = counter - self._highest
        if ahead <= 0:
            self._seen |= 1 << -ahead
            return
        kept = self._seen << ahead & (1 << WINDOW) - 1 if ahead < WINDOW else 0
        self._seen = kept | 1
        self._highest = counter


class LinkCipher:
    """The keys of one channel: one to send, one to receive, and for a while the receive key of the epoch before."""

    max_plaintext_bytes = MAX_FRAME_BYTES - _HEADER_BYTES - _TAG_BYTES

    def __init__(self, send_key: bytes, receive_key: bytes, *, epoch: int = 0, max_frames: int = MAX_FRAMES) -> None:
        self._max_frames = max_frames
        self._epoch = epoch
        self._old: _Receiver | None = None
        self._receiver = _Receiver(receive_key, head=_head(epoch), max_frames=max_frames)
        self._send_head = b""
        self.switch(send_key)

    def seal(self, plaintext: bytes) -> bytes:
        """The next frame; raise MessageTooLarge, or KeyExhausted after the last counter.

            0      1       2         10
            | 04   | epoch | counter | ciphertext and tag |

        Nonce = 0000 0000 ‖ counter; associated data = the first ten bytes.
        """
        if len(plaintext) > self.max_plaintext_bytes:
            raise MessageTooLarge(actual_bytes=len(plaintext), limit_bytes=self.max_plaintext_bytes)
        if self._next_counter >= self._max_frames:
            raise KeyExhausted(f"this key has sealed {self._max_frames} frames: open a new link")
        counter = self._next_counter.to_bytes(8, "big")
        self._next_counter += 1
        header = self._send_head + counter
        return header + self._send.encrypt(_NONCE_HEAD + counter, plaintext, header)

    def open(self, frame: bytes) -> bytes:
        """The plaintext; raise MalformedFrame, Replayed or BadCiphertext, and then nothing has changed."""
        if not _HEADER_BYTES + _TAG_BYTES <= len(frame) <= MAX_FRAME_BYTES:
            raise MalformedFrame("too short or too long for a frame")
        if frame[:2] == self._receiver.head:
            plaintext = self._receiver.open(frame)
            self._old = None
            return plaintext
        if self._old is not None and frame[:2] == self._old.head:
            return self._old.open(frame)
        raise MalformedFrame("not a frame of this link's version and epoch")

    @property
    def hears_old_epoch(self) -> bool:
        """Whether frames of the epoch before the newest would still be opened."""
        return self._old is not None

    def expect(self, receive_key: bytes) -> None:
        """Open frames of the next epoch too. The old key goes with the first of them, the one before that now."""
        self._epoch += 1
        self._old = self._receiver
        self._receiver = _Receiver(receive_key, head=_head(self._epoch), max_frames=self._max_frames)

    def switch(self, send_key: bytes) -> None:
        """Seal with the key of the epoch that we expect by now; its counter begins anew."""
        assert self._send_head != _head(self._epoch), "a counter would begin anew under a key that was in use"
        self._send = AESGCM(send_key)
        self._send_head = _head(self._epoch)
        self._next_counter = 0

    def forget_old_epoch(self) -> None:
        """Frames of it that are still on their way will be refused."""
        self._old = None


def _head(epoch: int) -> bytes:
    """After 255 the byte begins anew: it tells two epochs apart at most, and each has keys of its own."""
    return bytes([FRAME_TYPE, epoch % 256])
