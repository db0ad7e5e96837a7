"""The keys of one living link: a cipher for each channel, and the exchange that gives all of them new keys.

docs/protocol.md, "Rekey". The three messages of a handshake, inside frames of the events channel, with a key of the
session before as psk; who answers confirms by a fourth. When that happens is decided elsewhere: here nothing counts.

Promised: who stole everything here opens nothing that is sent after the next rekey, and nothing from before the last
one; only the identities that made the link can renew it; a frame is lost at no change, and a key never returns. Not
promised: anything against a thief who also holds one of the identities and sits on the path.
"""

from __future__ import annotations

from collections.abc import Callable, Set

from ..encoding import length_prefixed
from ..errors import HandshakeFailed
from ..ids import MemberId
from . import labels
from .exchange import Established, OneTry, Role, Terms, steps_of
from .identity import Identity
from .link_cipher import LinkCipher

__all__ = ["EVENTS", "REKEY_TYPES", "LinkKeys"]

EVENTS = "events"
"""The ordered channel, which carries the exchange."""

_CONFIRMATION = b"\x04"
REKEY_TYPES = frozenset((b"\x01", b"\x02", b"\x03", _CONFIRMATION))
"""First bytes of the plaintexts that are for `receive`; those of applications are MessagePack arrays."""


class LinkKeys:
    """All keys of one link. Who offered it starts a rekey; both feed what comes in frames of the events channel."""

    def __init__(self, established: Established, *, identity: Identity, random_bytes: Callable[[int], bytes]) -> None:
        self._current = established
        self._next: Established | None = None
        """Of who offered, between message 3 and its confirmation."""
        self._exchange: OneTry | None = None
        self._identity = identity
        self._random_bytes = random_bytes
        self._ciphers: dict[str, LinkCipher] = {}
        self.epoch = 0
        """Counts the rekeys that are done."""

    @property
    def leads(self) -> bool:
        """Whether it is for us to start."""
        return self._current.role is Role.INITIATOR

    @property
    def is_busy(self) -> bool:
        """Whether a rekey is under way."""
        return self._exchange is not None or self._next is not None

    def cipher(self, channel: str) -> LinkCipher:
        """The cipher of any channel; both sides ask for it when they agree on the channel."""
        if channel not in self._ciphers:
            self._ciphers[channel] = self._current.cipher(channel, epoch=self.epoch)
            if self._next is not None:
                self._ciphers[channel].expect(self._next.channel_keys(channel)[1])
        return self._ciphers[channel]

    def start(self) -> list[bytes]:
        """Message 1, by who offered the link and is not busy; frames for the events channel."""
        assert self.leads and not self.is_busy  # noqa: PT018
        self._exchange = OneTry(steps_of(self._terms()))
        return self._seal(self._exchange.start())

    def receive(self, message: bytes) -> list[bytes]:
        """Frames for the events channel; raise HandshakeFailed for anything unexpected, and the link must end."""
        if self._next is not None:
            self._finish(self._next, message)
            return []
        if self._exchange is None:
            if self.leads:
                raise HandshakeFailed("who answered a link does not begin to renew its keys")
            self._exchange = OneTry(steps_of(self._terms()))
            self._exchange.start()
        frames = self._seal(self._exchange.receive(message))
        if self._exchange.established is not None:
            frames += self._renew(self._exchange.established)
        return frames

    def forget_old_epoch(self) -> None:
        """Whatever is still on its way under the keys before these is given up."""
        for cipher in self._ciphers.values():
            cipher.forget_old_epoch()

    # ---- steps

    def _terms(self) -> Terms:
        """psk = export of the session before; prologue = LP(label, handshake hash of it, number of the new epoch 8)"""
        before = self._current
        number = (self.epoch + 1).to_bytes(8, "big")
        return Terms(
            role=before.role,
            suite=before.suite,
            psk=before.key(labels.REKEY_EXPORT),
            prologue=length_prefixed(labels.REKEY_PROLOGUE, before.handshake_hash, number),
            identity=self._identity,
            admit=self._admit,
            random_bytes=self._random_bytes,
        )

    def _admit(self, remote: MemberId) -> None:
        if remote != self._current.remote:
            raise HandshakeFailed("another identity than the link's wants to renew its keys")

    def _renew(self, established: Established) -> list[bytes]:
        """Both hear the new keys from here on, and message 3 was the last frame of events under the old ones."""
        self._exchange = None
        for channel, cipher in self._ciphers.items():
            cipher.expect(established.channel_keys(channel)[1])
        if established.role is Role.INITIATOR:
            self._next = established
            self._switch(established, {EVENTS})
            return []
        self.cipher(EVENTS).forget_old_epoch()
        self._switch(established, self._ciphers.keys())
        self._begin_epoch(established)
        return self._seal([_CONFIRMATION])

    def _finish(self, established: Established, message: bytes) -> None:
        """The other side hears the new keys: who offered leaves the old ones on every other channel too."""
        if message != _CONFIRMATION or self.cipher(EVENTS).hears_old_epoch:
            raise HandshakeFailed("new keys were not confirmed by themselves")
        self._next = None
        self._switch(established, self._ciphers.keys() - {EVENTS})
        self._begin_epoch(established)

    def _switch(self, established: Established, channels: Set[str]) -> None:
        for channel in channels:
            self._ciphers[channel].switch(established.channel_keys(channel)[0])

    def _begin_epoch(self, established: Established) -> None:
        """The session before is gone, and every key of it but what `expect` keeps."""
        self._current = established
        self.epoch += 1

    def _seal(self, messages: list[bytes]) -> list[bytes]:
        return [self.cipher(EVENTS).seal(message) for message in messages]
