"""`send`: one message, told when it has got as far as was asked for, and out again."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TextIO, get_args

from ..errors import BadSetting
from ..events import Event, Message, MessageStatus, StatusChanged
from ..ids import MessageId
from ..peer import Peer
from ..room import Room
from .account import choose_account
from .json_lines import json_line
from .output import complain, say
from .place import Watch, enter, named_place
from .running import NOT_IN_TIME, run_loop

__all__ = ["Progress", "run", "send", "text_of"]

_ORDER: tuple[MessageStatus, ...] = get_args(MessageStatus)


class Progress:
    """How far one of our messages has got."""

    def __init__(self) -> None:
        self.id = MessageId("")
        self.status: MessageStatus = "draft"
        self._early: list[StatusChanged] = []

    def follow(self, message: Message) -> None:
        """It is this one; what was heard of it before we knew its name counts."""
        self.id, self.status = message.id, message.status
        for event in self._early:
            self.put(event)

    def put(self, event: Event) -> None:
        if not isinstance(event, StatusChanged):
            return
        if not self.id:
            self._early.append(event)
        elif self.id in (event.message_id, event.draft_id):
            self.id, self.status = event.message_id, event.status

    def has_reached(self, wanted: MessageStatus) -> bool:
        """Or failed, which is an end too."""
        return _ORDER.index(self.status) >= _ORDER.index(wanted)


def run(options: Namespace) -> int:
    where = named_place(options.where)
    text = text_of(options.text, sys.stdin)
    account = choose_account(options, where)
    return run_loop(_send(account.peer(), where or "", text, options))


def text_of(words: list[str], source: TextIO) -> str:
    """What stands on the command line, else all that comes in. Raises BadSetting."""
    text = " ".join(words)
    if not words and not source.isatty():
        text = source.buffer.read().decode(errors="replace").rstrip("\n")
    if not text.strip():
        raise BadSetting("what is to be sent? write it behind the room, or pipe it in")
    return text


async def _send(peer: Peer, where: str, text: str, options: Namespace) -> int:
    async with peer as me:
        progress = await send(await enter(me, where), text, until=options.wait, timeout_s=options.timeout)
    if options.json:
        say(json_line("sent", {"id": progress.id, "status": progress.status}))
    if progress.status == "failed":
        complain("send: the message was not taken: you may not speak in this room now")
        return 1
    if not progress.has_reached(options.wait):
        complain(_too_late(progress.status, options))
        return NOT_IN_TIME
    return 0


async def send(room: Room, text: str, *, until: MessageStatus, timeout_s: float | None) -> Progress:
    """Wait until it has got so far, and no longer than that. Raises what `Room.send` raises."""
    progress = Progress()
    watch = Watch(room, progress.put)
    progress.follow(await room.send(text))
    await watch.until(lambda: progress.has_reached(until), timeout_s=timeout_s)
    return progress


def _too_late(status: MessageStatus, options: Namespace) -> str:
    if status != "draft":
        return f"send: it was sent, but is not {options.wait} by all yet: whoever has it passes it on"
    if options.temporary:
        return "send: nobody was there to take it, and nothing is kept: send it again, or without --temporary"
    return "send: nobody was there to take it: it is kept, and goes out when you enter this room the next time"
