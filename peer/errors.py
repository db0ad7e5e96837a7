"""What can go wrong, sorted by whose fault it is.

    PeerError
      UsageError             the caller must change something
        NotJoined              the room was left, or never entered
        NotAllowed             others may do this in the room, not we
        MessageTooLarge        the text is over the limit
        Closed                 the peer object was closed
        OutboxFull             too many messages wait for somebody to come
        FellBehind             events were read too slowly, and some were dropped
        BadInvite              the invite link cannot be one of ours
        BadSetting             a setting or argument is outside its range
        BadArgument            a word behind a bot's command is not what it takes
      RemoteError            the other side broke the rules
        MalformedFrame         bytes that we would not have sent
        UnexpectedFrame        a good frame at the wrong moment
        Replayed               a frame that was here before, or is too old
        Flooded                more than anybody honest sends
      CryptoError            we will not trust these bytes
        BadCiphertext          the tag does not fit
        HandshakeFailed        the other side could not prove what it must
        KeyExhausted           a key has sealed all that it may
        BadIdentity            an identity key or file that we refuse
        BadAttestation         a server's word for a key that we do not take
        VerificationFailed     what somebody shows is not the key that we were told
      ConnectivityError      try again later
        SignalingUnreachable   no answer from the signaling server
        TokenUnavailable       the callable that supplies our JWT gave none
        JoinRefused            the signaling server said no
          InviteRefused          the members of a private room take this invite no more, or not from us
        LinkFailed             no path to that peer
        StreamBroken           a stream ended before all of it was read
      StoreError             what this machine keeps cannot be read or written
        WrongPassphrase        the identity is sealed, and this does not open it
        StoreDamaged           what was sealed was altered, exchanged or damaged
        StoreBusy              another process uses the folder

Remote and crypto errors never reach a bot's handler: they are counted, logged, and close the link.
"""

from __future__ import annotations

__all__ = [
    "BadArgument",
    "BadAttestation",
    "BadCiphertext",
    "BadIdentity",
    "BadInvite",
    "BadSetting",
    "Closed",
    "ConnectivityError",
    "CryptoError",
    "FellBehind",
    "Flooded",
    "HandshakeFailed",
    "InviteRefused",
    "JoinRefused",
    "KeyExhausted",
    "LinkFailed",
    "MalformedFrame",
    "MessageTooLarge",
    "NotAllowed",
    "NotJoined",
    "OutboxFull",
    "PeerError",
    "RemoteError",
    "Replayed",
    "SignalingUnreachable",
    "StoreBusy",
    "StoreDamaged",
    "StoreError",
    "StreamBroken",
    "TokenUnavailable",
    "UnexpectedFrame",
    "UsageError",
    "VerificationFailed",
    "WrongPassphrase",
]


class PeerError(Exception):
    """Everything this library raises on purpose."""


class UsageError(PeerError):
    """The caller must change something."""


class NotJoined(UsageError):
    """The room was left, or never entered."""

    def __init__(self, room: str) -> None:
        super().__init__(f"not in room {room!r} any more: join it again to send")
        self.room = room


class NotAllowed(UsageError):
    """Others may do this in the room; nothing was done."""

    def __init__(self, action: str, *, who: str) -> None:
        super().__init__(f"you may not {action}: {who} can")
        self.action = action
        self.who = who


class MessageTooLarge(UsageError):
    """The text is over the limit; nothing was sent."""

    def __init__(self, *, actual_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"the message takes {actual_bytes} bytes, {limit_bytes} are allowed: shorten or split it")
        self.actual_bytes = actual_bytes
        self.limit_bytes = limit_bytes


class Closed(UsageError):
    """The peer object was closed, or not yet opened."""

    def __init__(self) -> None:
        super().__init__("this peer is not open: use it inside `async with peer.Peer(...) as me:`")


class OutboxFull(UsageError):
    """Too many messages wait for somebody to come; this one was not taken."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"{limit} messages wait already and nobody is here: wait for MemberJoined, then send again")
        self.limit = limit


class FellBehind(UsageError):
    """Events were read too slowly, and some were dropped."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"more than {limit} events wait to be read: read them faster, or raise max_queued_events")
        self.limit = limit


class BadInvite(UsageError):
    """The invite link cannot be one of ours; the sentence says what is wrong with it, never what is in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"this invite link is not complete: {reason}; copy it again, all of it")
        self.reason = reason


class BadSetting(UsageError):
    """A setting or argument is outside its range."""


class BadArgument(UsageError):
    """A word behind a bot's command is not what it takes; whoever wrote it is answered with this sentence.

    For commands to raise as well: `raise peer.BadArgument("at must be a time such as 14:30")`.
    """


class RemoteError(PeerError):
    """The other side broke the rules."""


class MalformedFrame(RemoteError):
    """Bytes that we would not have sent."""


class UnexpectedFrame(RemoteError):
    """A good frame at the wrong moment."""


class Replayed(RemoteError):
    """A frame that was here before, or is too old to tell."""


class Flooded(RemoteError):
    """More frames than anybody honest sends."""


class CryptoError(PeerError):
    """We will not trust these bytes."""


class BadCiphertext(CryptoError):
    """The tag does not fit."""


class HandshakeFailed(CryptoError):
    """The other side could not prove what it must."""


class KeyExhausted(CryptoError):
    """A key has sealed all that it may."""


class BadIdentity(CryptoError):
    """An identity key, or a file that should hold one, that we refuse."""


class BadAttestation(CryptoError):
    """What a server attests, or a JWT of ours, cannot be taken for that; the reason quotes neither."""


class VerificationFailed(CryptoError):
    """Somebody's code does not show the key that we were told is theirs, or not ours; the sentence says which."""


class ConnectivityError(PeerError):
    """Try again later."""


class SignalingUnreachable(ConnectivityError):
    """No answer from the signaling server."""

    def __init__(self, server: str, reason: str) -> None:
        super().__init__(
            f"no signaling server answers at {server} ({reason}): is it running, and is the address right?"
        )
        self.server = server
        self.reason = reason


class TokenUnavailable(ConnectivityError):
    """The callable that was passed as `token` gave no JWT; what it raised is the cause."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the callable that supplies the token gave no JWT ({reason}): see the cause of this error")
        self.reason = reason


class JoinRefused(ConnectivityError):
    """The signaling server said no; `code` is its stable name for the reason."""

    def __init__(self, code: str, message: str, *, hint: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(f"{message.rstrip('.')}: {hint}" if hint else message)
        self.code = code
        self.hint = hint
        self.retry_after_s = retry_after_s


_REFUSALS = {
    "unknown": ("no member who is here knows this invite", "ask whoever sent it for a new one"),
    "expired": ("this invite has expired", "ask a member for a new one"),
    "revoked": ("this invite was withdrawn", "ask a member for a new one"),
    "used": ("this invite was for one guest and has been used", "ask a member for a new one"),
    "banned": ("you were removed from this room", "one of its admins can let you in again"),
}


class InviteRefused(JoinRefused):
    """The members of a private room do not let us in; `code` is unknown, expired, revoked, used or banned."""

    def __init__(self, code: str) -> None:
        message, hint = _REFUSALS[code]
        super().__init__(code, message, hint=hint)


class LinkFailed(ConnectivityError):
    """No path to that peer could be opened."""


_BREAKS = {
    "lost": "the link was lost: open another stream when the member is back",
    "left": "one side left the room",
    "removed": "the member was removed from the room",
    "refused": "the other side does not want it",
    "timeout": "nobody on the other side began to read it in time: try again, or ask there",
    "idle": "it brought nothing while others waited for its place: open it when there is something to send",
    "full": "too many streams to this member are open: wait until one has ended",
}


class StreamBroken(ConnectivityError):
    """A stream ended before all of it was read; a later one may go on behind `acknowledged_bytes`."""

    def __init__(self, reason: str, *, acknowledged_bytes: int) -> None:
        super().__init__(f"the stream broke after {acknowledged_bytes} bytes: {_BREAKS.get(reason, reason)}")
        self.reason = reason
        """`lost`, `left`, `removed`, `refused`, `timeout`, `idle`, `full`, or what the side that ended it said."""
        self.acknowledged_bytes = acknowledged_bytes
        """So many were read by the other side's program, at least; of an incoming stream, by ours."""


class StoreError(PeerError):
    """What this machine keeps of identities and rooms cannot be read or written; the sentence says what to do."""


class WrongPassphrase(StoreError):
    """The identity is sealed, and this passphrase does not open it; or it was altered, which looks the same."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"this passphrase does not open {path}: type it again; if it is the right one, the file was altered: "
            "restore it from a backup"
        )
        self.path = path


class StoreDamaged(StoreError):
    """Something that we sealed does not open, or is missing."""

    def __init__(self, path: str, what: str, *, copy: str | None = None) -> None:
        """`copy`: where the file was put aside as it was found."""
        super().__init__(
            f"{path} was altered, exchanged or damaged ({what}): restore it from a backup, together with its "
            "identity.key, or move it away to start without the rooms and people in it"
            + (f"; a copy of it as it was found is {copy}" if copy else "")
        )
        self.path = path
        self.what = what
        self.copy = copy


class StoreBusy(StoreError):
    """Two processes that continue the same logs would tear them apart."""

    def __init__(self, folder: str) -> None:
        super().__init__(f"another process uses {folder}: stop it, or give this one a data_dir of its own")
        self.folder = folder
