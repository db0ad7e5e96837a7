"""Speaktube's peer library: rooms whose members talk directly, end-to-end encrypted.

    async with peer.Peer("http://127.0.0.1:8080", name="alice") as me:
        room = await me.create_room("Deck")
        await room.send("ahoy")

`Bot` is the short way for programs that answer; `peer.testing` has a network in memory for their tests.
"""

from .bot import Bot
from .config import Config
from .core.names import clean_text
from .core.safety import safety_number
from .errors import (
    BadIdentity,
    BadInvite,
    BadSetting,
    Closed,
    ConnectivityError,
    CryptoError,
    FellBehind,
    InviteRefused,
    JoinRefused,
    LinkFailed,
    MessageTooLarge,
    NotAllowed,
    NotJoined,
    OutboxFull,
    PeerError,
    RemoteError,
    SignalingUnreachable,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StreamBroken,
    TokenUnavailable,
    UsageError,
    VerificationFailed,
    WrongPassphrase,
)
from .event_stream import EventStream
from .events import (
    Acquaintance,
    Claim,
    ClaimChanged,
    Event,
    KeyChanged,
    Member,
    MemberJoined,
    MemberLeft,
    MemberWaiting,
    Message,
    MessageStatus,
    Presence,
    PresenceChanged,
    Role,
    RoleChanged,
    RoomFull,
    RoomState,
    StateChanged,
    StatusChanged,
    StreamOpened,
    StreamReader,
    TypingChanged,
    VerificationChanged,
)
from .ids import short
from .peer import Peer, server_of
from .ports import Route, TokenSource
from .qr import qr_svg, qr_terminal
from .room import Room
from .stream import OutgoingStream

__all__ = [
    "Acquaintance",
    "BadIdentity",
    "BadInvite",
    "BadSetting",
    "Bot",
    "Claim",
    "ClaimChanged",
    "Closed",
    "Config",
    "ConnectivityError",
    "CryptoError",
    "Event",
    "EventStream",
    "FellBehind",
    "InviteRefused",
    "JoinRefused",
    "KeyChanged",
    "LinkFailed",
    "Member",
    "MemberJoined",
    "MemberLeft",
    "MemberWaiting",
    "Message",
    "MessageStatus",
    "MessageTooLarge",
    "NotAllowed",
    "NotJoined",
    "OutboxFull",
    "OutgoingStream",
    "Peer",
    "PeerError",
    "Presence",
    "PresenceChanged",
    "RemoteError",
    "Role",
    "RoleChanged",
    "Room",
    "RoomFull",
    "RoomState",
    "Route",
    "SignalingUnreachable",
    "StateChanged",
    "StatusChanged",
    "StoreBusy",
    "StoreDamaged",
    "StoreError",
    "StreamBroken",
    "StreamOpened",
    "StreamReader",
    "TokenSource",
    "TokenUnavailable",
    "TypingChanged",
    "UsageError",
    "VerificationChanged",
    "VerificationFailed",
    "WrongPassphrase",
    "clean_text",
    "qr_svg",
    "qr_terminal",
    "safety_number",
    "server_of",
    "short",
]
