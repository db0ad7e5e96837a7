"""A typed line, done: words are said, a command is carried out, and whatever goes wrong is a sentence in the room."""

from __future__ import annotations

from ..errors import PeerError
from .commands import Command, Say, Typed, Unknown
from .desk import Desk
from .message_deeds import MESSAGE_DEEDS
from .order import Deed, Order, Screen
from .people_deeds import PEOPLE_DEEDS
from .room_deeds import ROOM_DEEDS
from .room_view import RoomView

__all__ = ["DEEDS", "obey"]

DEEDS: dict[str, Deed] = ROOM_DEEDS | MESSAGE_DEEDS | PEOPLE_DEEDS
"""By the names of `commands.VERBS`, but /me, which is words."""


async def obey(typed: Typed, *, desk: Desk, view: RoomView, screen: Screen) -> None:
    """Do what was typed in this room."""
    try:
        match typed:
            case Say(text):
                await view.send(text)
            case Unknown(sentence):
                view.tell(sentence, "warning")
            case Command(name, rest):
                order = Order(name=name, rest=rest, desk=desk, view=view, screen=screen)
                if answer := await DEEDS[name](order):
                    view.tell(answer)
    except PeerError as error:
        view.tell(str(error), "warning")
