"""The calls of docs/protocol.md, part 1, for one user at one server.

Knows addresses, and which of two tokens each call takes: the user's own for what is done before one has a seat, the
room token after. Keeps no state.
"""

from __future__ import annotations

import logging
from urllib.parse import quote

from ..errors import MalformedFrame
from ..ids import Topic
from ..ports import Attestation, Prove, Signal
from .frames import Admission, Beat, Frame, RoomPage
from .http import Http
from .tokens import UserToken
from .wire import (
    check_done,
    decode_admission,
    decode_attested,
    decode_beat,
    decode_frame,
    decode_inbox,
    decode_nonce,
    decode_rooms,
    encode_attest,
    encode_create_room,
    encode_join_room,
    encode_signal,
)

__all__ = ["Calls", "maybe_frame"]

_log = logging.getLogger("peer")

_POLL_S = 25
"""How long the server may hold a poll: the longest that the contract allows."""

_ROOMS_A_PAGE = 100


class Calls:
    """What one user can ask of one server."""

    def __init__(self, http: Http, *, display_name: str, user_token: UserToken) -> None:
        self.http = http
        self._display_name = display_name
        self._user_token = user_token

    async def create_room(
        self, *, topic: Topic | None, custom_name: str | None, is_public: bool, resume: str | None = None
    ) -> Admission:
        """Make a room and take the first seat; with `resume` under the peer id that it gives."""
        body = encode_create_room(
            topic=topic,
            custom_name=custom_name,
            is_public=is_public,
            display_name=self._display_name,
            resume=resume,
        )
        return await self._enter("create-room", body)

    async def join_room(
        self, *, topic: Topic | None = None, broadcaster_name: str | None = None, resume: str | None = None
    ) -> Admission:
        """Take a seat in a room that is there."""
        body = encode_join_room(
            topic=topic,
            broadcaster_name=broadcaster_name,
            display_name=self._display_name,
            resume=resume,
        )
        return await self._enter("join-room", body)

    async def list_rooms(self, *, cursor: str | None) -> RoomPage:
        """One page of public rooms."""
        query = {"limit": str(_ROOMS_A_PAGE)} | ({} if cursor is None else {"cursor": cursor})
        data = await self.http.get("/signaling/rooms", token=await self._user_token.get(), query=query)
        with self.http.translated():
            return decode_rooms(data)

    async def fetch_keys(self) -> bytes:
        """What attestations are checked with; anybody may ask, so no token is shown."""
        return await self.http.get("/signaling/keys", token=None)

    async def attest(self, prove: Prove) -> Attestation | None:
        """Fetch a nonce and present its signature, both under one JWT; None for a guest."""
        token = await self._user_token.get()
        if token is None:
            return None
        data = await self.http.post("/signaling/nonce", token=token)
        with self.http.translated():
            nonce = decode_nonce(data)
        body = encode_attest(prove(nonce=nonce, token=token), nonce=nonce)
        data = await self.http.post("/signaling/attest", token=token, body=body)
        with self.http.translated():
            return decode_attested(data)

    async def pass_on(self, signal: Signal, *, token: str) -> None:
        """Send one envelope."""
        await self._tell(signal.kind, token=token, body=encode_signal(signal))

    async def inbox(self, topic: Topic, *, token: str) -> tuple[Frame, ...]:
        """Wait for envelopes and notices; what cannot be read is left out."""
        path = f"/signaling/inbox/{quote(topic, safe='')}"
        data = await self.http.get(path, token=token, query={"wait": str(_POLL_S)}, patience_s=_POLL_S)
        with self.http.translated():
            found = [maybe_frame(frame) for frame in decode_inbox(data)]
        return tuple(frame for frame in found if frame is not None)

    async def heartbeat(self, *, token: str) -> Beat:
        """Renew the lease, and hear who is present."""
        data = await self.http.post("/signaling/heartbeat", token=token)
        with self.http.translated():
            return decode_beat(data)

    async def leave_room(self, *, token: str) -> None:
        """Give the seat up."""
        await self._tell("leave-room", token=token, body=None)

    async def _enter(self, call: str, body: bytes) -> Admission:
        data = await self.http.post(f"/signaling/{call}", token=await self._user_token.get(), body=body)
        with self.http.translated():
            return decode_admission(data)

    async def _tell(self, call: str, *, token: str, body: bytes | None) -> None:
        data = await self.http.post(f"/signaling/{call}", token=token, body=body)
        with self.http.translated():
            check_done(data)


def maybe_frame(data: bytes | str) -> Frame | None:
    """Read a frame; one that is unknown or malformed is logged by size and dropped."""
    try:
        frame = decode_frame(data)
    except MalformedFrame as error:
        _log.debug("! dropped a frame of %d bytes: %s", len(data), error)
        return None
    if frame is None:
        _log.debug("< a frame of a type we do not know")
    return frame
