"""The other end of a link: it holds the room's keys and an identity, and says whatever it is told to say.

As an honest end it is what lets one machine be tested alone;
as a dishonest one it is the attacker whom the gate let in.
"""

from __future__ import annotations

from peer.config import Config
from peer.core.lobby import Lobby, Tell
from peer.core.machine import LinkId
from peer.core.membership import Membership
from peer.crypto.handshake import Handshake, Role
from peer.crypto.link_cipher import LinkCipher
from peer.ids import MemberId, PeerId
from peer.keys.room_keys import RoomKeys
from peer.keys.sealing import SignalContext, open_signal, seal_signal
from peer.ports import Channel, Fingerprints, Signal, SignalKind
from peer.wire import frames
from peer.wire.frames import ControlFrame, Frame, Introduction
from peer.wire.signals import Description, decode_description, encode_description

from .keys import START_MS, Chance, identity, private_room

__all__ = ["THEIR_FINGERPRINTS", "Insider"]

_OURS, _THEIRS = b"i" * 32, b"t" * 32

THEIR_FINGERPRINTS = Fingerprints(local=_THEIRS, remote=_OURS)
"""As the machine under test sees them."""


class Insider:
    """One process of one member; made anew for each link."""

    def __init__(self, name: str = "mallory", *, peer_id: str | None = None, keys: RoomKeys | None = None) -> None:
        self.name = name
        self.peer_id = PeerId(peer_id or name)
        self.identity = identity(name)
        self.heard: list[Frame | None] = []
        """The frames that came once the link was established."""
        self._keys = keys or private_room()[2]
        self._chance = Chance(f"insider {name}")
        self._handshake: Handshake | None = None
        self._ciphers: dict[Channel, LinkCipher] = {}

    @property
    def member_id(self) -> MemberId:
        return self.identity.member_id

    # ---- signals

    def signal(self, kind: SignalKind, text: str = "sdp", *, attempt: bytes, to: PeerId) -> Signal:
        """As it arrives: from us."""
        context = SignalContext(topic=self._keys.topic, kind=kind, sender=self.peer_id, recipient=to)
        plaintext = encode_description(Description(attempt, text))
        body = seal_signal(plaintext, key=self._keys.signal, context=context, random_bytes=self._chance)
        return Signal(kind, self.peer_id, body)

    def read(self, signal: Signal, *, sender: PeerId) -> Description:
        """What was sent to us."""
        context = SignalContext(topic=self._keys.topic, kind=signal.kind, sender=sender, recipient=self.peer_id)
        return decode_description(open_signal(signal.body, key=self._keys.signal, context=context))

    def link_id(self, attempt: bytes) -> LinkId:
        """What the other side calls a link with us."""
        return LinkId(self.peer_id, attempt)

    # ---- the lobby

    def enter_lobby(self, membership: Membership, remote: MemberId) -> list[ControlFrame]:
        """Begin to behave as an honest newcomer or member does; what it says first."""
        self.lobby = Lobby(membership, our_name=self.name, config=Config(), wall_ms=lambda: START_MS)
        self.lobby.enter(self.link_id(b"lobby..."), remote, now=0.0)
        return self._told()

    def answer(self, frame: ControlFrame) -> list[ControlFrame]:
        """What an honest one says to this."""
        self.lobby.receive(self.link_id(b"lobby..."), frame, now=0.0)
        return self._told()

    def _told(self) -> list[ControlFrame]:
        return [order.frame for order in self.lobby.orders() if isinstance(order, Tell)]

    # ---- the link

    def begin(self, role: Role) -> list[bytes]:
        """Our hello; `role` is ours."""
        self._ciphers.clear()
        self._handshake = Handshake(
            role=role,
            identity=self.identity,
            gate=self._keys.gate,
            topic=self._keys.topic,
            local_fingerprint=_OURS,
            remote_fingerprint=_THEIRS,
            authorise=lambda _: True,
            random_bytes=self._chance,
        )
        return self._handshake.start()

    @property
    def is_established(self) -> bool:
        return bool(self._ciphers)

    def receive(self, channel: Channel, data: bytes) -> list[bytes]:
        """What we answer on the events channel; while shaking hands by itself, nothing after that."""
        if self.is_established:
            self.heard.append(frames.decode(self._ciphers[channel].open(data)))
            return []
        assert self._handshake is not None
        replies = self._handshake.receive(data)
        if self._handshake.established is not None:
            self._ciphers = {each: self._handshake.established.cipher(each.label) for each in Channel}
        return replies

    def seal(self, frame: Frame | bytes, *, channel: Channel = Channel.EVENTS) -> bytes:
        """A frame, or any bytes at all, sealed with the right key."""
        plaintext = frame if isinstance(frame, bytes) else frames.encode(frame)
        return self._ciphers[channel].seal(plaintext)

    def introduction(self, *, title: str = "") -> Introduction:
        return Introduction(self.name, title, "online")
