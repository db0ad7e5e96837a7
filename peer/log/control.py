"""The kinds of control events: who may do what, and who came in by which invite (docs/protocol.md, part 3).

    1 grant     [member 32, level 1 member | 2 moderator | 3 admin, over [id 32, …]]     ref: the join it admits, or nil
    2 revoke    [cuts [[incarnation 8, plane, seq], …]]                  ref: the grant, join, revoke or ban it ends
    3 invite    [invite key 32, uses 0 single | 1 open, expires ms | 0]
    4 uninvite  []                                                       ref: the invite
    5 join      [signature 64]                    auth: the invite; author: the newcomer. Signed by the invite's key:
                                                  "speaktube v1 join" ‖ 00 ‖ room id ‖ newcomer's identity key
    6 ban       [member 32, cuts]

Knows shapes and sizes; `authority` knows what follows. Bodies are MessagePack arrays without a spare field.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, TypeAlias

import msgspec

from ..crypto.identity import Identity, verify
from ..crypto.labels import JOIN_SIGNATURE
from ..errors import MalformedFrame
from ..ids import RoomId
from .event import INCARNATION_BYTES, MAX_SEQ, Event, Plane, Verifier

__all__ = [
    "MAX_CUTS",
    "MAX_OVER",
    "Ban",
    "Control",
    "Cut",
    "Grant",
    "Invitation",
    "Join",
    "Kind",
    "Level",
    "Revoke",
    "Uninvite",
    "decode_control",
    "encode_control",
    "invite_signs",
    "kind_of",
    "sign_join",
]

MAX_CUTS = 64
"""Logs that one revoke or ban names: those that the removed wrote."""
MAX_OVER = 128
"""Removals that one grant overcomes."""

_Bytes32 = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class Level(IntEnum):
    """What a member may; whoever is higher may all that those below may."""

    NOBODY = 0
    MEMBER = 1
    """Speak, and leave."""
    MODERATOR = 2
    """Remove members."""
    ADMIN = 3
    """Admit, invite, make moderators, remove those below."""
    OWNER = 4
    """Stands in the genesis: make admins, remove everybody else. Never granted and never removed."""


class Kind(IntEnum):
    """The `kind` of a header on the control plane."""

    GRANT = 1
    REVOKE = 2
    INVITE = 3
    UNINVITE = 4
    JOIN = 5
    BAN = 6


class Cut(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """The last sequence number of one log of the removed that is still accepted."""

    incarnation: Annotated[bytes, msgspec.Meta(min_length=INCARNATION_BYTES, max_length=INCARNATION_BYTES)]
    plane: Plane
    seq: Annotated[int, msgspec.Meta(ge=1, le=MAX_SEQ)]


_Cuts = Annotated[tuple[Cut, ...], msgspec.Meta(max_length=MAX_CUTS)]


class Grant(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Makes somebody a member of some level."""

    member: _Bytes32
    level: Annotated[int, msgspec.Meta(ge=1, le=3)]
    """A `Level` below that of an owner."""
    over: Annotated[tuple[_Bytes32, ...], msgspec.Meta(max_length=MAX_OVER)] = ()
    """Removals of this member that the granter knows of and overcomes: a grant that does not name one loses to it."""


class Revoke(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Ends the event that it refers to: what its member wrote up to the cuts stands, nothing else."""

    cuts: _Cuts = ()
    """Logs that are not named are cut before their first event."""


class Invitation(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Lets those in who hold the link; they prove it by a signature of the key that derives from its seed."""

    key: _Bytes32
    uses: Annotated[int, msgspec.Meta(ge=0, le=1)]
    """0 single, 1 open."""
    expires_ms: Annotated[int, msgspec.Meta(ge=0, lt=2**47)] = 0
    """ms since 1970; 0 never."""

    @property
    def is_open(self) -> bool:
        return self.uses == 1


class Uninvite(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Ends an invite; who was granted membership through it stays."""


class Join(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A newcomer's first event: it holds the invite that `auth` names."""

    signature: Annotated[bytes, msgspec.Meta(min_length=64, max_length=64)]
    """By the invite's key."""


class Ban(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """Removes a key, whatever it was granted, and keeps it from joining again."""

    member: _Bytes32
    cuts: _Cuts = ()


Control: TypeAlias = Grant | Revoke | Invitation | Uninvite | Join | Ban

_TYPES: dict[Kind, type[Control]] = {
    Kind.GRANT: Grant,
    Kind.REVOKE: Revoke,
    Kind.INVITE: Invitation,
    Kind.UNINVITE: Uninvite,
    Kind.JOIN: Join,
    Kind.BAN: Ban,
}
_KINDS = {body: kind for kind, body in _TYPES.items()}
_REFERRING = {Kind.REVOKE, Kind.UNINVITE}
_decoders = {kind: msgspec.msgpack.Decoder(body) for kind, body in _TYPES.items()}


def kind_of(control: Control) -> Kind:
    """What the header of such an event says."""
    return _KINDS[type(control)]


def encode_control(control: Control) -> bytes:
    """The body to sign and send."""
    return msgspec.msgpack.encode(control)


def decode_control(event: Event) -> Control:
    """Read the body of a control event; raise MalformedFrame, also for a kind of a later version."""
    header = event.header
    decoder = _decoders.get(Kind(header.kind)) if header.kind in set(Kind) else None
    if header.plane is not Plane.CONTROL or decoder is None:
        raise MalformedFrame("not a control event that this version knows")
    if header.kind in _REFERRING and header.ref is None:
        raise MalformedFrame("this event does not say what it ends")
    try:
        return decoder.decode(event.body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedFrame(f"not a control event: {error}") from error


def sign_join(invite: Identity, *, room_id: RoomId, newcomer: bytes) -> Join:
    """The proof of `newcomer`, an identity key, that it holds the invite."""
    return Join(invite.sign(JOIN_SIGNATURE, room_id + newcomer))


def invite_signs(join: Join, *, invite_key: bytes, room_id: RoomId, newcomer: bytes, verify: Verifier = verify) -> bool:
    """Whether the holder of the invite's key let this newcomer in, to this room."""
    return verify(invite_key, JOIN_SIGNATURE, join.signature, room_id + newcomer)
