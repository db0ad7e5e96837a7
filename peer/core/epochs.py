"""When the keys of a link are renewed, and when they are too old to be believed (docs/protocol.md, "Rekey").

Who offered the link renews its keys by time, frames or bytes, whichever comes first. Traffic goes on meanwhile. Both
sides end a link whose keys were not renewed for far too long, or who stole them would just suppress the rekey, and one
whose keys the other side renews again and again.
"""

from __future__ import annotations

from ..config import Config
from ..crypto.rekey import EVENTS, REKEY_TYPES, LinkKeys
from ..errors import HandshakeFailed, KeyExhausted
from .machine import earliest

__all__ = ["Epochs"]


class Epochs:
    """Seals and opens the frames of one link. Take `outputs` after each call: more frames for the events channel."""

    def __init__(self, keys: LinkKeys, *, config: Config, now: float) -> None:
        self._keys = keys
        self._config = config
        self._outputs: list[bytes] = []
        self._forget_at: float | None = None
        self._now = self._not_before = now
        self._begin(now=now)

    def _begin(self, *, now: float) -> None:
        self._epoch = self._keys.epoch
        self._frames = self._bytes = 0
        self._renew_at = now + max(self._config.rekey_after_s, self._config.min_rekey_interval_s)
        self._too_old_at = now + self._config.max_epoch_age_s

    @property
    def number(self) -> int:
        """How many rekeys this link has behind it."""
        return self._epoch

    def outputs(self) -> list[bytes]:
        taken, self._outputs = self._outputs, []
        return taken

    def seal(self, channel: str, plaintext: bytes) -> bytes:
        """The next frame of a channel; raise MessageTooLarge or KeyExhausted."""
        frame = self._keys.cipher(channel).seal(plaintext)
        self._count(frame)
        return frame

    def open(self, channel: str, frame: bytes, *, now: float) -> bytes | None:
        """The plaintext, if it is not ours; raise CryptoError or RemoteError, and on events the link must end."""
        self._now = now
        self._check_age(now=now)
        plaintext = self._keys.cipher(channel).open(frame)
        self._count(frame)
        if channel != EVENTS or plaintext[:1] not in REKEY_TYPES:
            return plaintext
        self._check_pace(now=now)
        self._outputs += self._keys.receive(plaintext)
        if self._keys.epoch != self._epoch:
            self._begin(now=now)
            self._forget_at = now + self._config.old_epoch_s
            self._not_before = now + self._config.min_rekey_interval_s
        return None

    def next_deadline(self) -> float | None:
        return earliest(self._too_old_at, self._forget_at, self._renew_at if self._may_start else None)

    def handle_timeout(self, *, now: float) -> None:
        """Renew, forget or, raising KeyExhausted, give up."""
        self._now = now
        self._check_age(now=now)
        if self._forget_at is not None and now >= self._forget_at:
            self._forget_at = None
            self._keys.forget_old_epoch()
        if now >= self._renew_at and self._may_start:
            self._outputs += self._keys.start()

    @property
    def _may_start(self) -> bool:
        return self._keys.leads and not self._keys.is_busy

    def _check_pace(self, *, now: float) -> None:
        """A rekey costs both sides far more than a frame does, and nobody honest wants one after the other."""
        if not self._keys.is_busy and now < self._not_before:
            raise HandshakeFailed("the keys of this link were renewed just now")

    def _count(self, frame: bytes) -> None:
        """Of all channels and both directions."""
        self._frames += 1
        self._bytes += len(frame)
        is_worn = self._frames >= self._config.rekey_after_frames or self._bytes >= self._config.rekey_after_bytes
        if is_worn and self._may_start and self._now >= self._not_before:
            self._outputs += self._keys.start()

    def _check_age(self, *, now: float) -> None:
        if now >= self._too_old_at:
            raise KeyExhausted("the keys of this link were not renewed in time")
