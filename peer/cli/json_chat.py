"""A room as JSON lines for programs: requests in, answers and events out.

> {"type":"send","text":"ahoy","ref":1}
< {"type":"done","ref":1,"message":{...}}
< {"type":"message","id":"...","sender":{...},"text":"ahoy yourself",...}
> {"type":"react","id":"...","emoji":"nothing of the kind"}
< {"type":"failed","ref":null,"error":"BadSetting","message":"..."}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from ..errors import FellBehind, PeerError
from ..events import ConnectionChanged
from ..room import Room
from .json_lines import json_line
from .json_requests import Leave, Ref, decode_request, ref_of

__all__ = ["JsonChat"]


class JsonChat:
    """One room."""

    def __init__(self, room: Room, say: Callable[[str], None], *, shows_invite: bool = False) -> None:
        """`shows_invite`: the link that lets others in is told at once, since the room is new."""
        self.has_failed = False
        self._room = room
        self._say = say
        self._events = room.events()
        invite = {"invite": room.invite} if shows_invite else {}
        self._answer("entered", {"room": room.id, "name": room.name, "state": room.state, "me": room.me, **invite})

    async def hear(self) -> None:
        """Print what happens until the room was left."""
        while True:
            try:
                event = await anext(self._events, None)
            except FellBehind as gap:
                self._answer("fell-behind", {"message": str(gap)})
                continue
            if event is None:
                return
            if not isinstance(event, ConnectionChanged):  # for whoever looks into links, not for a program that talks
                self._say(json_line(None, event))

    async def take(self, line: str) -> bool:
        """Do what a request asks for, and answer; False to leave."""
        if not line.strip():
            return True
        try:
            request = decode_request(line)
            if isinstance(request, Leave):
                return False
            self._answer("done", {"ref": request.ref, **await request.do(self._room)})
        except msgspec.DecodeError as error:
            self._fail(ref_of(line), "BadRequest", f"this line is no request ({error}): docs/terminal.md lists them")
        except PeerError as error:
            self._fail(ref_of(line), type(error).__name__, str(error))
        return True

    def _answer(self, kind: str, content: Mapping[str, object]) -> None:
        self._say(json_line(kind, content))

    def _fail(self, ref: Ref, error: str, sentence: str) -> None:
        self.has_failed = True
        self._answer("failed", {"ref": ref, "error": error, "message": sentence})
