"""Speaktube's peer library: rooms whose members talk directly, end-to-end encrypted.

    async with peer.Peer("http://127.0.0.1:8080", name="alice") as me:
        room = await me.create_room("Deck")
        await room.send("ahoy")

`Bot` is the short way for programs that answer; `peer.testing` has a network in memory for their tests.

Names are loaded from where they live when they are first used, since all of it costs some tenths of a second, and a
command that only shows its help should not pay for that.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bot import Bot
    from .bots.handlers import Next
    from .bots.serving import Place
    from .bots.state import State
    from .config import Config
    from .conversation_list import Conversation, FoundMessage, Preview
    from .core.names import clean_text
    from .core.safety import safety_number
    from .errors import (
        BadArgument,
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
        AuthorForked,
        Claim,
        ClaimChanged,
        ConnectionChanged,
        ConnectionState,
        Event,
        KeyChanged,
        Member,
        MemberAdded,
        MemberJoined,
        MemberLeft,
        MemberRemoved,
        MemberWaiting,
        Message,
        MessageDeleted,
        MessageEdited,
        MessagePinned,
        MessageStatus,
        MessageVanished,
        Notice,
        Presence,
        PresenceChanged,
        Reaction,
        ReactionChanged,
        Role,
        RoleChanged,
        RoomFull,
        RoomState,
        SlowModeChanged,
        StateChanged,
        StatusChanged,
        StreamOpened,
        StreamReader,
        TitleChanged,
        TypingChanged,
        UnreadChanged,
        VerificationChanged,
    )
    from .ids import MemberId, MessageId, PeerId, RoomId, Topic, short
    from .message import Arrival
    from .peer import Peer, server_of
    from .peer_events import DirectOpened, Invited, MessageArrived, PeerEvent, PeerEventStream
    from .ports import RoomInfo, Route, TokenSource
    from .qr import qr_svg, qr_terminal
    from .room import Room
    from .stream import OutgoingStream

__all__ = [
    "Acquaintance",
    "Arrival",
    "AuthorForked",
    "BadArgument",
    "BadIdentity",
    "BadInvite",
    "BadSetting",
    "Bot",
    "Claim",
    "ClaimChanged",
    "Closed",
    "Config",
    "ConnectionChanged",
    "ConnectionState",
    "ConnectivityError",
    "Conversation",
    "CryptoError",
    "DirectOpened",
    "Event",
    "EventStream",
    "FellBehind",
    "FoundMessage",
    "InviteRefused",
    "Invited",
    "JoinRefused",
    "KeyChanged",
    "LinkFailed",
    "Member",
    "MemberAdded",
    "MemberId",
    "MemberJoined",
    "MemberLeft",
    "MemberRemoved",
    "MemberWaiting",
    "Message",
    "MessageArrived",
    "MessageDeleted",
    "MessageEdited",
    "MessageId",
    "MessagePinned",
    "MessageStatus",
    "MessageTooLarge",
    "MessageVanished",
    "Next",
    "NotAllowed",
    "NotJoined",
    "Notice",
    "OutboxFull",
    "OutgoingStream",
    "Peer",
    "PeerError",
    "PeerEvent",
    "PeerEventStream",
    "PeerId",
    "Place",
    "Presence",
    "PresenceChanged",
    "Preview",
    "Reaction",
    "ReactionChanged",
    "RemoteError",
    "Role",
    "RoleChanged",
    "Room",
    "RoomFull",
    "RoomId",
    "RoomInfo",
    "RoomState",
    "Route",
    "SignalingUnreachable",
    "SlowModeChanged",
    "State",
    "StateChanged",
    "StatusChanged",
    "StoreBusy",
    "StoreDamaged",
    "StoreError",
    "StreamBroken",
    "StreamOpened",
    "StreamReader",
    "TitleChanged",
    "TokenSource",
    "TokenUnavailable",
    "Topic",
    "TypingChanged",
    "UnreadChanged",
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

_HOMES = {
    ".bot": ("Bot",),
    ".config": ("Config",),
    ".conversation_list": ("Conversation", "FoundMessage", "Preview"),
    ".core.names": ("clean_text",),
    ".core.safety": ("safety_number",),
    ".errors": (
        "BadArgument",
        "BadIdentity",
        "BadInvite",
        "BadSetting",
        "Closed",
        "ConnectivityError",
        "CryptoError",
        "FellBehind",
        "InviteRefused",
        "JoinRefused",
        "LinkFailed",
        "MessageTooLarge",
        "NotAllowed",
        "NotJoined",
        "OutboxFull",
        "PeerError",
        "RemoteError",
        "SignalingUnreachable",
        "StoreBusy",
        "StoreDamaged",
        "StoreError",
        "StreamBroken",
        "TokenUnavailable",
        "UsageError",
        "VerificationFailed",
        "WrongPassphrase",
    ),
    ".event_stream": ("EventStream",),
    ".events": (
        "Acquaintance",
        "AuthorForked",
        "Claim",
        "ClaimChanged",
        "ConnectionChanged",
        "ConnectionState",
        "Event",
        "KeyChanged",
        "Member",
        "MemberAdded",
        "MemberJoined",
        "MemberLeft",
        "MemberRemoved",
        "MemberWaiting",
        "Message",
        "MessageDeleted",
        "MessageEdited",
        "MessagePinned",
        "MessageStatus",
        "MessageVanished",
        "Notice",
        "Presence",
        "PresenceChanged",
        "Reaction",
        "ReactionChanged",
        "Role",
        "RoleChanged",
        "RoomFull",
        "RoomState",
        "SlowModeChanged",
        "StateChanged",
        "StatusChanged",
        "StreamOpened",
        "StreamReader",
        "TitleChanged",
        "TypingChanged",
        "UnreadChanged",
        "VerificationChanged",
    ),
    ".bots.handlers": ("Next",),
    ".ids": ("MemberId", "MessageId", "PeerId", "RoomId", "Topic", "short"),
    ".message": ("Arrival",),
    ".peer": (
        "Peer",
        "server_of",
    ),
    ".peer_events": ("DirectOpened", "Invited", "MessageArrived", "PeerEvent", "PeerEventStream"),
    ".ports": (
        "RoomInfo",
        "Route",
        "TokenSource",
    ),
    ".qr": (
        "qr_svg",
        "qr_terminal",
    ),
    ".room": ("Room",),
    ".bots.serving": ("Place",),
    ".bots.state": ("State",),
    ".stream": ("OutgoingStream",),
}
"""Module, and what is passed on from it."""

if not TYPE_CHECKING:  # else a misspelt name would be one more late one for the type checker

    def __getattr__(name: str) -> object:
        """PEP 562: a public name, or a module of ours, at its first use."""
        from importlib import import_module
        from importlib.util import find_spec

        home = next((module for module, names in _HOMES.items() if name in names), None)
        if home is not None:
            found = getattr(import_module(home, __name__), name)
            globals()[name] = found
            return found
        if not name.startswith("_") and find_spec(f"{__name__}.{name}") is not None:
            return import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
