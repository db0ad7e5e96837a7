"""Taking a seat again, on a server that may have forgotten the room.

Whoever comes back first makes the room anew; the others find it made. Join and create therefore alternate, a few
times: between any two calls somebody else may have been quicker, or the last one may have left.
"""

from __future__ import annotations

from ..errors import JoinRefused, SignalingUnreachable
from ..ports import RoomInfo
from .calls import Calls
from .frames import Admission
from .path import Credentials

__all__ = ["claim_seat"]

_TRIES = 4


async def claim_seat(calls: Calls, credentials: Credentials, room: RoomInfo) -> Admission:
    """The seat that our resume secret gives, under the same peer id; raise a `ConnectivityError` if there is none."""
    for _ in range(_TRIES):
        admission = await _join(calls, credentials) or await _create(calls, credentials, room)
        if admission is not None:
            return _checked(admission, credentials, calls.http.server)
    raise SignalingUnreachable(calls.http.server, "the room comes and goes")


async def _join(calls: Calls, credentials: Credentials) -> Admission | None:
    try:
        return await calls.join_room(topic=credentials.topic, resume=credentials.resume)
    except JoinRefused as error:
        if error.code != "no_such_room":
            raise
        return None


async def _create(calls: Calls, credentials: Credentials, room: RoomInfo) -> Admission | None:
    try:
        return await calls.create_room(
            topic=credentials.topic,
            custom_name=room.custom_name,
            is_public=room.is_public,
            resume=credentials.resume,
        )
    except JoinRefused as error:
        if error.code != "room_exists":
            raise
        return None


def _checked(admission: Admission, credentials: Credentials, server: str) -> Admission:
    if (admission.peer_id, admission.room.topic) != (credentials.peer_id, credentials.topic):
        raise SignalingUnreachable(server, "it gave us the seat of somebody else")
    return admission
