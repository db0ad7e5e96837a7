"""Two write to each other beside the room where they met: over real data channels, a real server, and restarts."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

import peer

from ..support.directs import until

pytestmark = pytest.mark.rtc

QUICK = peer.Config(receipts_after_s=0.1, compare_every_s=0.5)


class Pair:
    """Both, each with a folder of their own, and the room where they meet."""

    def __init__(self, server: str, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._stack = AsyncExitStack()
        self._common: peer.RoomId | None = None
        self.me: list[peer.Peer] = []

    async def come(self, *names: str) -> list[peer.Peer]:
        self._stack = AsyncExitStack()
        self.me = [
            await self._stack.enter_async_context(
                peer.Peer(self._server, name=name, data_dir=self._folder / name, config=QUICK)
            )
            for name in names
        ]
        return self.me

    async def meet(self) -> None:
        """In the common room, which is made at the first time."""
        one, other = self.me
        if self._common is None:
            deck = await one.create_room("Deck")
            self._common = deck.room_id
            await other.join_room(str(deck.invite))
        else:
            await asyncio.gather(*(each.enter(self._common) for each in self.me))

    async def go(self) -> None:
        await self._stack.aclose()


async def read(me: peer.Peer, other: peer.MemberId) -> list[str]:
    [line] = [each for each in await me.conversations() if each.member == other]
    return [message.text async for message in me.history(line)][::-1]


async def has_read(me: peer.Peer, other: peer.MemberId, count: int) -> list[str]:
    async with asyncio.timeout(15):
        while True:
            lines = [each for each in await me.conversations() if each.member == other]
            if lines and len(texts := await read(me, other)) >= count:
                return texts
            await asyncio.sleep(0.02)


async def test_two_keep_one_conversation_across_restarts_of_both(server: str, tmp_path: Path) -> None:
    """Both write first while the other is away; then there is one room, and all that was said, on both disks."""
    pair = Pair(server, tmp_path)
    try:
        alice, bob = await pair.come("alice", "bob")
        await pair.meet()
        await until(lambda: alice.rooms[0].is_linked_to(bob.id) and bob.rooms[0].is_linked_to(alice.id))
        ids = [alice.id, bob.id]
        await pair.go()
        for name, other in (("alice", ids[1]), ("bob", ids[0])):
            [one] = await pair.come(name)
            sent = await (await one.direct(other)).send(f"{name} was here")
            assert sent.status == "draft"
            await pair.go()

        alice, bob = await pair.come("alice", "bob")
        news = bob.events()
        await pair.meet()
        expected = {"alice was here", "bob was here"}
        assert set(await has_read(alice, ids[1], 2)) == set(await has_read(bob, ids[0], 2)) == expected
        direct, there = await alice.direct(bob.id), await bob.direct(alice.id)
        assert (direct.id, direct.room_id) == (there.id, there.room_id)
        async with asyncio.timeout(10):
            arrived = await anext(news)
            while not isinstance(arrived, peer.MessageArrived):
                arrived = await anext(news)
        assert (arrived.room, arrived.message.text) == (there, "alice was here")
        await pair.go()

        alice, bob = await pair.come("alice", "bob")
        assert set(await read(alice, ids[1])) == expected
        await (await alice.direct(bob.id)).send("and again")
        await pair.meet()
        assert (await has_read(bob, ids[0], 3))[-1] == "and again"
        assert len([line for line in await bob.conversations() if line.kind == "direct"]) == 1
    finally:
        await pair.go()


async def test_member_is_brought_into_a_group(server: str, tmp_path: Path) -> None:
    """Over the link of another room; no link was copied by anybody."""
    pair = Pair(server, tmp_path)
    try:
        alice, bob = await pair.come("alice", "bob")
        await pair.meet()
        await until(lambda: alice.rooms[0].is_linked_to(bob.id) and bob.rooms[0].is_linked_to(alice.id))
        crew = await alice.create_room("Crew", approve=True)
        await crew.send("welcome aboard")
        news = bob.events()
        await crew.add(bob.id)
        invited = await anext(news)
        assert isinstance(invited, peer.Invited)
        inside = await bob.join_room(invited.invite)
        async with asyncio.timeout(10):
            while not [message async for message in inside.history()]:  # noqa: ASYNC110 - it may be there already
                await asyncio.sleep(0.02)
        assert (inside.state, inside.name) == (peer.RoomState.JOINED, "Crew")
    finally:
        await pair.go()
