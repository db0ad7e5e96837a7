"""Rooms over the network in memory, for tests of the public API: who is in, and what they hear next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from peer import Config, Event, EventStream, FellBehind, Member, MemberJoined, Peer, Room
from peer.testing import Network

__all__ = ["QUICK", "WATCHFUL", "all_kept", "linked", "next_of", "pair", "read", "start_pair"]

QUICK = Config(retry_base_s=0.001, link_timeout_s=0.2)
"""For tests that wait for a retry: real time, but little of it."""

WATCHFUL = replace(QUICK, heartbeat_s=0.05, suspect_after_s=0.15, lost_after_s=0.3)
"""For tests that wait until somebody is lost."""

E = TypeVar("E", bound=Event)


async def next_of(stream: EventStream, kind: type[E]) -> E:
    """The next event of this kind; others on the way are passed over."""
    async with asyncio.timeout(2):
        async for event in stream:
            if isinstance(event, kind):
                return event
    raise AssertionError(f"the stream ended without {kind.__name__}")


def _is_here(member: Member) -> bool:
    return member.is_me or member.connection == "linked"


async def linked(*rooms: Room) -> None:
    """Until each of them sees all the others."""
    async with asyncio.timeout(2):
        while any(sum(_is_here(member) for member in room.members) < len(rooms) for room in rooms):  # noqa: ASYNC110
            await asyncio.sleep(0)


async def start_pair(network: Network, *, config: Config | None = None) -> tuple[Peer, Peer]:
    return await network.peer("ann", config=config), await network.peer("bob", config=config)


async def pair(network: Network, *, config: Config | None = None) -> tuple[Room, Room]:
    """Ann's private room, and bob in it, linked."""
    ann, bob = await start_pair(network, config=config)
    deck = await ann.create_room("Deck")
    assert deck.invite is not None
    guest = await bob.join_room(deck.invite)
    await linked(deck, guest)
    return deck, guest


async def all_kept(stream: EventStream, *, kind: type[Event] = MemberJoined) -> Sequence[Event]:
    """What a stream that has ended still holds of this kind."""
    return [event async for event in stream if isinstance(event, kind)]


async def read(stream: EventStream) -> list[Event | str]:
    """All there is; FellBehind as a word."""
    heard: list[Event | str] = []
    stream.end()
    while True:
        try:
            heard.append(await anext(stream))
        except FellBehind as error:
            heard.append(f"fell behind {error.limit}")
        except StopAsyncIteration:
            return heard
