"""Two people in a room of a network in memory, each at a desk of a line chat; and options as the grammar gives them."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from peer import Config, Peer, Room
from peer.cli.desk import Desk
from peer.cli.grammar import parse
from peer.cli.style import Style
from peer.testing import Network

from ...support.rooms import linked

__all__ = ["Seat", "at_desks", "open_peer", "options"]


@dataclass(slots=True)
class Seat:
    """A desk, and what was printed at it."""

    desk: Desk
    said: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def options(*words: str) -> Namespace:
    return parse(list(words))


def open_peer(network: Network, name: str, folder: Path | None = None) -> Peer:
    """As an `Account` would make it; to be opened by what is tested."""
    return Peer("http://memory.invalid", name=name, transport=network.transport(name), data_dir=folder)


def _seat(me: Peer, room: Room) -> Seat:
    said: list[str] = []
    complaints: list[str] = []
    desk = Desk(me=me, room=room, style=Style(colours=False), say=said.append, complain=complaints.append)
    return Seat(desk, said, complaints)


@asynccontextmanager
async def at_desks(config: Config | None = None) -> AsyncIterator[tuple[Seat, Seat]]:
    """Ann, who owns the room, and bob."""
    async with Network() as network:
        ann, bob = await network.peer("ann", config=config), await network.peer("bob", config=config)
        deck = await ann.create_room("Deck")
        assert deck.invite is not None
        guest = await bob.join_room(deck.invite)
        await linked(deck, guest)
        yield _seat(ann, deck), _seat(bob, guest)
