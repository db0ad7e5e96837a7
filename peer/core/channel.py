"""One link end to end: handshake, keys, lobby, introduction, heartbeats (docs/protocol.md, part 2).

Turns bytes of the data channels into frames of a proven identity, and frames into bytes. Whatever goes wrong on the
events or bulk channel closes the link without a word and is told upwards as the end of the link; on the ephemeral
channel it is dropped. In the lobby nothing but control frames passes, in either direction, until both are members:
whether they are is decided elsewhere (`lobby`). Nothing else is delivered before the other side has introduced itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum, auto

from ..config import Config
from ..crypto.handshake import Established, Handshake, Role
from ..crypto.rekey import LinkKeys
from ..errors import CryptoError, Flooded, RemoteError, UnexpectedFrame
from ..ids import MemberId
from ..ports import Channel, Fingerprints
from ..wire import frames
from ..wire.frames import (
    ControlFrame,
    FloodNotice,
    Frame,
    Goodbye,
    Heartbeat,
    Introduction,
    MessageEvents,
    StreamFrame,
    TypingNotice,
)
from ..wire.padding import pad
from .credentials import Credentials, Door
from .early_bulk import EarlyBulk
from .epochs import Epochs
from .limits import Limits
from .liveness import Liveness
from .machine import CloseLink, LinkId, Output, Transmit, earliest

__all__ = ["ChannelState", "Credentials", "Door", "PeerChannel"]

_MAX_EARLY_FRAMES = 4
"""Frames that may come before we know both fingerprints: at most a hello and a first message."""


class ChannelState(Enum):
    """How far a link has come; only forwards."""

    CONNECTING = auto()
    """No path yet, or the fingerprints are not known."""
    HANDSHAKING = auto()
    LOBBY = auto()
    """Both identities are proven; it is not known yet whether both are members."""
    GREETING = auto()
    """Both are members, and we have introduced ourselves; their introduction is awaited."""
    OPEN = auto()
    CLOSED = auto()


_PROVEN = frozenset({ChannelState.LOBBY, ChannelState.GREETING, ChannelState.OPEN})


class PeerChannel:
    """The machine of one link. `receive` answers the frames to act on; `outputs` collects what must be done."""

    def __init__(
        self,
        link: LinkId,
        *,
        role: Role,
        credentials: Credentials,
        door: Door,
        introduce: Callable[[], Introduction],
        config: Config,
        now: float,
    ) -> None:
        self.link = link
        self.role = role
        self.state = ChannelState.CONNECTING
        self.remote: MemberId | None = None
        """Set once the handshake has proven it, and never changed."""
        self.is_flooding = False
        """They sent more than they may: `dismiss` them."""
        self.ended_by = ""
        """Why it was closed: a word for logs, see `connection.explain`."""
        self.told: Introduction | None = None
        """How we introduced ourselves."""
        self._credentials = credentials
        self._door = door
        self._introduce = introduce
        self._config = config
        self._give_up_at = now + config.link_timeout_s
        self._liveness = Liveness(config, heard_at=now)
        self._is_path_open = False
        self._fingerprints: Fingerprints | None = None
        self._early: list[bytes] = []
        self._early_bulk = EarlyBulk()
        self._limits = Limits(config, now=now)
        self._handshake: Handshake | None = None
        self._epochs: Epochs | None = None
        self._outputs: list[Output] = []

    @property
    def is_open(self) -> bool:
        return self.state is ChannelState.OPEN

    @property
    def is_in_lobby(self) -> bool:
        """Proven, and it is open whether both are members."""
        return self.state is ChannelState.LOBBY

    @property
    def is_proven(self) -> bool:
        """The handshake is done, and the link lives."""
        return self.state in _PROVEN

    @property
    def is_closed(self) -> bool:
        return self.state is ChannelState.CLOSED

    @property
    def is_suspect(self) -> bool:
        """Nothing was heard for long, yet not long enough to give it up."""
        return self._liveness.is_suspect

    @property
    def lost_at(self) -> float:
        """When it counts as lost, unless something is heard before."""
        return self._liveness.lost_at

    def outputs(self) -> list[Output]:
        taken, self._outputs = self._outputs, []
        return taken

    # ---- the path

    def path_described(self, fingerprints: Fingerprints, *, now: float) -> None:
        """Both descriptions are applied."""
        self._fingerprints = self._fingerprints or fingerprints
        self._maybe_begin(now=now)

    def path_opened(self, *, now: float) -> None:
        """Both data channels are open."""
        self._is_path_open = True
        self._maybe_begin(now=now)

    def _maybe_begin(self, *, now: float) -> None:
        if self.state is ChannelState.CONNECTING and self._is_path_open and self._fingerprints is not None:
            self.state = ChannelState.HANDSHAKING
            self._handshake = self._make_handshake(self._fingerprints)
            self._transmit(Channel.EVENTS, self._handshake.start(), now=now)
            self._replay_early(now=now)

    def _make_handshake(self, fingerprints: Fingerprints) -> Handshake:
        return Handshake(
            role=self.role,
            identity=self._credentials.identity,
            gate=self._credentials.keys.gate,
            topic=self._credentials.keys.topic,
            local_fingerprint=fingerprints.local,
            remote_fingerprint=fingerprints.remote,
            authorise=self._door.authorise,
            random_bytes=self._credentials.random_bytes,
            suites=self._credentials.suites.accepted,
            best_suite=self._credentials.suites.best,
        )

    def _replay_early(self, *, now: float) -> None:
        early, self._early = self._early, []
        for data in early:
            self.receive(Channel.EVENTS, data, now=now)

    # ---- bytes in, frames out

    def receive(self, channel: Channel, data: bytes, *, now: float) -> Frame | None:
        """One message of a data channel; the frame to act on, if there is one."""
        try:
            return self._receive(channel, data, now=now)
        except Flooded:
            self.is_flooding = True
            return None
        except (RemoteError, CryptoError) as error:
            if channel is not Channel.EPHEMERAL:
                self.close(type(error).__name__)
            return None

    def _receive(self, channel: Channel, data: bytes, *, now: float) -> Frame | None:
        if self.is_proven:
            self._limits.meet(channel, now=now)
            return self._open_frame(channel, data, now=now)
        if self.state is ChannelState.CONNECTING:
            self._keep_early(channel, data)
        elif self.state is ChannelState.HANDSHAKING:
            self._shake(channel, data, now=now)
        return None

    def _keep_early(self, channel: Channel, data: bytes) -> None:
        if channel is not Channel.EVENTS:
            return
        if len(self._early) >= _MAX_EARLY_FRAMES:
            raise UnexpectedFrame("too much before the handshake")
        self._early.append(data)

    def _shake(self, channel: Channel, data: bytes, *, now: float) -> None:
        if channel is not Channel.EVENTS or self._handshake is None:
            return
        self._transmit(Channel.EVENTS, self._handshake.receive(data), now=now)
        if self._handshake.established is not None:
            self._establish(self._handshake.established, now=now)

    def _establish(self, established: Established, *, now: float) -> None:
        self._handshake = None
        self.remote = established.remote
        self._credentials.suites.note(established.remote, established.suite)
        self._liveness.hear(now=now)
        self._epochs = Epochs(self._make_keys(established), config=self._config, now=now)
        self.state = ChannelState.LOBBY
        if not self._door.has_lobby:
            self.greet(now=now)

    def greet(self, *, now: float) -> None:
        """Both are members: out of the lobby, if we are in it still, and tell them who we are."""
        if self.state is ChannelState.LOBBY:
            self.state = ChannelState.GREETING
            self._give_up_at = now + self._config.link_timeout_s
            self.told = self._introduce()
            self._seal(self.told, now=now)

    def _make_keys(self, established: Established) -> LinkKeys:
        credentials = self._credentials
        keys = LinkKeys(established, identity=credentials.identity, random_bytes=credentials.random_bytes)
        for channel in Channel:
            keys.cipher(channel.label)
        return keys

    def _open_frame(self, channel: Channel, data: bytes, *, now: float) -> Frame | None:
        assert self._epochs is not None
        plaintext = self._epochs.open(channel.label, data, now=now)
        self._liveness.hear(now=now)  # only a frame that is theirs shows that they live
        self._transmit(Channel.EVENTS, self._epochs.outputs(), now=now)
        if plaintext is None:
            return None
        frame = frames.decode(plaintext)
        self._limits.hear(channel, frame, now=now)
        if frame is None or isinstance(frame, Heartbeat):
            return None
        if not self.is_open:
            return self._open_early(channel, frame, now=now)
        if isinstance(frame, Introduction):
            raise UnexpectedFrame("a second introduction")
        if channel is not _channel_of(frame):
            raise UnexpectedFrame(f"{type(frame).__name__} on the channel {channel.label}")
        return frame

    def _open_early(self, channel: Channel, frame: Frame, *, now: float) -> Frame | None:
        """Before their introduction."""
        if channel is Channel.EPHEMERAL:
            return None  # unordered: it overtook the introduction
        if channel is Channel.BULK:
            self._early_bulk.keep(frame)
            return None
        if isinstance(frame, Introduction):
            self._meet(now=now)
        elif not self._is_heard_early(frame):
            raise UnexpectedFrame(f"{type(frame).__name__} before the introduction")
        return frame

    def take_early(self) -> list[Frame]:
        """What overtook the introduction, once that is there."""
        return self._early_bulk.take() if self.is_open else []

    def _is_heard_early(self, frame: Frame) -> bool:
        return isinstance(frame, FloodNotice) or (self._door.has_lobby and isinstance(frame, ControlFrame | Goodbye))

    def _meet(self, *, now: float) -> None:
        """They introduce themselves: what they know made both of us members, and has come before."""
        if self.state is ChannelState.LOBBY and not (self.remote and self._door.admits(self.remote)):
            raise UnexpectedFrame("an introduction in the lobby")
        self.greet(now=now)
        if not self.is_closed:
            self.state = ChannelState.OPEN

    # ---- frames out

    def send(self, frame: Frame, *, now: float) -> None:
        """Seal and transmit; only while open, control frames also before."""
        is_ready = self.is_proven if isinstance(frame, ControlFrame) else self.is_open
        assert is_ready, f"cannot send while {self.state.name.lower()}"
        self._seal(frame, now=now)

    def say_goodbye(self, *, now: float) -> None:
        """Tell the other side that we leave, if it can hear us, and close."""
        if self.is_proven:
            self._seal(Goodbye(), now=now)
        self.close("left")

    def dismiss(self, *, pause_s: float, now: float) -> None:
        """They sent too much: tell them, as it may be an honest mistake, and end the link."""
        if self.is_proven:
            self._seal(FloodNotice(math.ceil(pause_s)), now=now)
        self.close("flooded")

    def close(self, reason: str) -> None:
        """End the link; may be called twice."""
        if not self.is_closed:
            self.state = ChannelState.CLOSED
            self.ended_by = reason
            self._handshake = None
            self._epochs = None
            self._outputs.append(CloseLink(self.link, reason))

    def _seal(self, frame: Frame, *, now: float) -> None:
        assert self._epochs is not None
        channel = _channel_of(frame)
        try:
            data = self._epochs.seal(channel.label, self._encode(frame))
        except CryptoError as error:
            self.close(type(error).__name__)
            return
        self._transmit(channel, [data], now=now)
        self._transmit(Channel.EVENTS, self._epochs.outputs(), now=now)

    def _encode(self, frame: Frame) -> bytes:
        plaintext = frames.encode(frame)
        return (
            pad(plaintext)
            if self._config.pad_messages and isinstance(frame, MessageEvents | TypingNotice)
            else plaintext
        )

    def _transmit(self, channel: Channel, ready: list[bytes], *, now: float) -> None:
        if ready:
            self._liveness.spoke_at = now
            self._outputs.extend(Transmit(self.link, channel, data) for data in ready)

    # ---- time

    def next_deadline(self) -> float | None:
        return earliest(self._state_deadline(), self._epochs.next_deadline() if self._epochs else None)

    def _state_deadline(self) -> float | None:
        match self.state:
            case ChannelState.CLOSED:
                return None
            case ChannelState.LOBBY | ChannelState.OPEN:
                return self._liveness.next_deadline()
            case _:
                return self._give_up_at

    def handle_timeout(self, *, now: float) -> None:
        """Give up, declare the link lost, renew its keys, or show that we are still here."""
        if self._epochs is not None:
            self._renew_keys(self._epochs, now=now)
        if self.state in (ChannelState.LOBBY, ChannelState.OPEN):
            self._keep_alive(now=now)
        elif not self.is_closed and now >= self._give_up_at:
            self.close("timeout" if self._fingerprints is None or self._is_path_open else "unreachable")

    def _renew_keys(self, epochs: Epochs, *, now: float) -> None:
        try:
            epochs.handle_timeout(now=now)
        except CryptoError as error:
            self.close(type(error).__name__)
        self._transmit(Channel.EVENTS, epochs.outputs(), now=now)

    def _keep_alive(self, *, now: float) -> None:
        self._liveness.handle_timeout(now=now)
        if self._liveness.is_lost(now=now):
            self.close("lost")
        elif self._liveness.is_beat_due(now=now):
            self._seal(Heartbeat(), now=now)

    def probe(self, *, now: float) -> None:
        """Something happened to us or to our network: beat at once, and expect a sign of life soon."""
        if self.state in (ChannelState.LOBBY, ChannelState.OPEN):
            self._liveness.probe(now=now)
            self._seal(Heartbeat(), now=now)

    def forgive(self, *, now: float) -> None:
        """We were not there to hear anything."""
        self._liveness.forgive(now=now)


def _channel_of(frame: Frame) -> Channel:
    if isinstance(frame, StreamFrame):
        return Channel.BULK
    return Channel.EPHEMERAL if isinstance(frame, TypingNotice | Heartbeat) else Channel.EVENTS
