"""Which seat at the signaling server a topic or a name leads to, and what to do where there is none.

The server knows nothing of invites and forgets rooms that nobody is in, while their members remember them.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ..errors import JoinRefused
from ..ids import RoomId, Topic
from ..keys.room_keys import RoomKeys, derive_public_room
from ..ports import Seat, Signaling

__all__ = ["PublicSeat", "seat_in_private", "seat_in_public", "seat_in_public_again"]

_TOPIC = re.compile(r"[A-Za-z0-9_-]{22}")

PublicSeat = tuple[Seat, str, RoomId, RoomKeys]
"""The seat, and the room's name, id and keys, which follow from each other."""


async def seat_in_private(signaling: Signaling, topic: Topic, *, was_member: bool) -> Seat:
    """In a room that the server knows, or, since its members outlive that, in one that we open again.

    Raises JoinRefused, SignalingUnreachable, TokenUnavailable.
    """
    try:
        return await signaling.join_room(topic=topic)
    except JoinRefused as error:
        if error.code != "no_such_room" or not was_member:
            raise _explain(error) from error
    return await _open_again(signaling, topic, custom_name=None)


async def seat_in_public(signaling: Signaling, where: str) -> PublicSeat:
    """The first that the server knows: a room of this name, of this id, or of this broadcaster.

    Raises JoinRefused, SignalingUnreachable, TokenUnavailable.
    """
    room_id, keys = derive_public_room(where)
    if seat := await _maybe_seat(signaling, keys.topic):
        return seat, where, room_id, keys  # whatever the server calls it
    seat = await _maybe_seat(signaling, Topic(where)) if _TOPIC.fullmatch(where) else None
    seat = seat or await signaling.join_room(broadcaster_name=where)
    if not seat.room.is_public:
        await seat.leave()
        raise JoinRefused("invite_required", "this room is private", hint="ask a member for its invite link")
    name = seat.room.custom_name or seat.room.topic
    room_id, keys = derive_public_room(name)
    return seat, name, room_id, replace(keys, topic=seat.room.topic)


async def seat_in_public_again(signaling: Signaling, name: str) -> PublicSeat:
    """In a room that we were in before, which is opened again where nobody is in it.

    Raises JoinRefused, SignalingUnreachable, TokenUnavailable.
    """
    room_id, keys = derive_public_room(name)
    seat = await _maybe_seat(signaling, keys.topic) or await _open_again(signaling, keys.topic, custom_name=name)
    return seat, name, room_id, keys


async def _open_again(signaling: Signaling, topic: Topic, *, custom_name: str | None) -> Seat:
    """A public room has a name."""
    try:
        return await signaling.create_room(topic=topic, custom_name=custom_name, is_public=custom_name is not None)
    except JoinRefused as error:
        if error.code != "room_exists":
            raise
        return await signaling.join_room(topic=topic)  # another member was quicker


async def _maybe_seat(signaling: Signaling, topic: Topic) -> Seat | None:
    try:
        return await signaling.join_room(topic=topic)
    except JoinRefused as error:
        if error.code != "no_such_room":
            raise
        return None


def _explain(error: JoinRefused) -> JoinRefused:
    """What the server cannot say of a private room."""
    if error.code != "no_such_room":
        return error
    hint = "its members may all have left, or the link may be mistyped: copy it again, or ask for a new one"
    return JoinRefused(error.code, "nobody is in the room of this invite", hint=hint)
