"""Decisions about rooms: from a request and who asks to the records to keep, the answer to give, or a refusal.

Pure: time and chance are arguments, and the store's outcomes are values. What a client may be told about a room or a
peer is decided here alone; nothing else builds `wire.Room` or `wire.Peer`.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from . import wire
from .errors import (
    AddressSeatsTaken,
    InvalidBody,
    InvalidQuery,
    InvalidToken,
    MailboxFull,
    NoSuchPeer,
    NoSuchRoom,
    PeerGone,
    Refused,
    RoomExists,
    RoomFull,
    ShareFull,
    TooManyOwnRooms,
    TooManyRooms,
    UserSeatsTaken,
    WrongRoom,
)
from .http.query import CURSOR
from .ids import (
    RandomBytes,
    Resume,
    RoomId,
    User,
    derive_peer_id,
    generate_guest_id,
    generate_resume,
    generate_room_id,
    has_control,
    is_control,
)
from .store.port import Cursor, Limits, Page, PeerRecord, Refusal, RoomRecord, RoomView

__all__ = [
    "Newcomer",
    "check_room",
    "clean_name",
    "decode_cursor",
    "encode_cursor",
    "guest",
    "plan_peer",
    "plan_room",
    "refuse",
    "room_to_join",
    "user_name",
    "view_page",
    "view_peer",
    "view_peers",
    "view_room",
]

MAX_NAME_LENGTH = 64
END_OF_TIME = 1e12
"""No room was made so late; stores need not take what only looks like a time, such as infinity."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A peer about to enter, its secret and its end."""

    peer: PeerRecord
    resume: Resume
    until: float | None
    """When its user's JWT expires."""


def guest(random_bytes: RandomBytes) -> User:
    """Somebody without a JWT."""
    return User(generate_guest_id(random_bytes), None, is_guest=True)


def plan_peer(user: User, request: wire.CreateRoom | wire.JoinRoom, *, random_bytes: RandomBytes) -> Newcomer:
    """The record of a peer that comes, or comes back with its resume secret."""
    resume = Resume(request.resume) if request.resume else generate_resume(random_bytes)
    name = _display_name(user, request.display_name)
    peer = PeerRecord(peer_id=derive_peer_id(resume), user_id=user.user_id, display_name=name, is_guest=user.is_guest)
    return Newcomer(peer, resume, user.until)


def plan_room(request: wire.CreateRoom, peer: PeerRecord, *, now: float, random_bytes: RandomBytes) -> RoomRecord:
    """The record of a room that `peer` makes."""
    custom_name = request.custom_name
    return RoomRecord(
        room_id=RoomId(request.room_id) if request.room_id else generate_room_id(random_bytes),
        broadcaster_id=peer.user_id,
        broadcaster_name=peer.display_name,
        created_at=now,
        is_public=request.is_public,
        custom_name=None if custom_name is None else clean_name(custom_name, field="customName"),
        is_by_guest=peer.is_guest,
    )


def room_to_join(request: wire.JoinRoom) -> RoomId | str:
    """The one thing a join names: a RoomId, or a broadcaster's name when `roomId` is missing."""
    if (request.room_id is None) == (request.broadcaster_name is None):
        raise InvalidBody("it takes either `roomId` or `broadcasterName`")
    return RoomId(request.room_id) if request.room_id else str(request.broadcaster_name).strip()


def clean_name(text: str, *, field: str) -> str:
    """A name as it is kept: 1-64 characters after stripping, without control characters."""
    name = text.strip()
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        raise InvalidBody(f"1 to {MAX_NAME_LENGTH} characters are wanted - at `$.{field}`")
    if has_control(name):
        raise InvalidBody(f"control characters are not allowed - at `$.{field}`")
    return name


def user_name(user: User) -> str | None:
    """The name that the provider gives a user, as far as it can be shown."""
    return _mended(user.name or "") or None


def _display_name(user: User, asked: str | None) -> str:
    wanted = None if asked is None else clean_name(asked, field="displayName")
    return user_name(user) or wanted or _mended(user.user_id)[:12]


def _mended(name: str) -> str:
    """A provider's name is not the client's fault: it is made to fit instead of refused."""
    kept = "".join(each for each in name if not is_control(each)) if has_control(name) else name
    return kept.strip()[:MAX_NAME_LENGTH].strip()


def check_room(token_room: RoomId, asked: str | None) -> None:
    """A call may repeat its token's room, and name no other."""
    if asked is not None and asked != token_room:
        raise WrongRoom


REFUSALS: dict[Refusal, Callable[[Limits], Refused]] = {
    Refusal.NO_SUCH_ROOM: lambda _: NoSuchRoom(),
    Refusal.ROOM_EXISTS: lambda _: RoomExists(),
    Refusal.ROOM_FULL: lambda limits: RoomFull(limits.room_peers),
    Refusal.USER_SEATS_TAKEN: lambda limits: UserSeatsTaken(limits.user_seats),
    Refusal.ADDRESS_SEATS_TAKEN: lambda limits: AddressSeatsTaken(limits.address_seats),
    Refusal.TOO_MANY_ROOMS: lambda _: TooManyRooms(),
    Refusal.TOO_MANY_OWN_ROOMS: lambda limits: TooManyOwnRooms(limits.user_rooms),
    Refusal.NOT_THEIRS: lambda _: InvalidToken("the resume secret belongs to another user"),
    Refusal.SENDER_GONE: lambda _: PeerGone(),
    Refusal.NO_SUCH_PEER: lambda _: NoSuchPeer(),
    Refusal.MAILBOX_FULL: lambda _: MailboxFull(),
    Refusal.SHARE_FULL: lambda _: ShareFull(),
}
"""What the client hears of each decision of the store."""


def refuse(refusal: Refusal, limits: Limits) -> NoReturn:
    """Tell the client what the store decided."""
    raise REFUSALS[refusal](limits)


def view_room(view: RoomView) -> wire.Room:
    """What clients see of a room."""
    record = view.record
    return wire.Room(
        room_id=record.room_id,
        broadcaster_id=record.broadcaster_id,
        broadcaster_name=record.broadcaster_name,
        created_at=f"{datetime.fromtimestamp(int(record.created_at), UTC):%Y-%m-%dT%H:%M:%SZ}",
        participant_count=view.peers,
        is_public=record.is_public,
        custom_name=record.custom_name,
    )


def view_peer(record: PeerRecord) -> wire.Peer:
    """What the others see of a peer."""
    return wire.Peer(record.peer_id, record.user_id, record.display_name)


def view_peers(records: tuple[PeerRecord, ...]) -> tuple[wire.Peer, ...]:
    """The same for many."""
    return tuple(map(view_peer, records))


def view_page(page: Page) -> wire.Rooms:
    """One page of the public rooms, with the way to the next."""
    cursor = encode_cursor(page.rooms[-1].record) if page.has_more else None
    return wire.Rooms(tuple(map(view_room, page.rooms)), cursor)


def encode_cursor(record: RoomRecord) -> str:
    """Opaque to clients; base64url keeps it one word in a URL."""
    return base64.urlsafe_b64encode(f"{record.created_at!r} {record.room_id}".encode()).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """Read a cursor that we wrote; raise InvalidQuery for others."""
    try:
        created_at, room_id = base64.b64decode(text + "==", altchars=b"-_").decode().split(" ")
        cursor = Cursor(float(created_at), RoomId(room_id))
    except (binascii.Error, ValueError) as error:
        raise InvalidQuery("cursor", CURSOR.wanted) from error
    if not 0 <= cursor.created_at < END_OF_TIME:
        raise InvalidQuery("cursor", CURSOR.wanted)
    return cursor
