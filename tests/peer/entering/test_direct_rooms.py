"""Direct messages: one room a pair, whoever starts, whoever is away, across restarts; on the network in memory."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest

from peer import Closed, Config, DirectOpened, MessageArrived, Peer, Room, RoomState, UsageError
from peer.ids import MemberId
from peer.testing import Network

from ...support.directs import HASTY, meet, opened, texts, until


def direct_of(one: Peer, other: MemberId) -> Room | None:
    rooms = [room for room in one.rooms if room.other == other and room.state is not RoomState.LEFT]
    assert len(rooms) <= 1
    return rooms[0] if rooms else None


async def settled(one: Peer, other: Peer) -> tuple[Room, Room]:
    """Both are in their room, and linked there."""

    def are_linked() -> bool:
        here, there = direct_of(one, other.id), direct_of(other, one.id)
        return bool(here and there and here.is_linked_to(other.id) and there.is_linked_to(one.id))

    await until(are_linked)
    here, there = direct_of(one, other.id), direct_of(other, one.id)
    assert here is not None
    assert there is not None
    assert here.room_id == there.room_id
    assert here.id == there.id
    return here, there


async def heard(room: Room, *expected: str) -> None:
    kept: list[str] = []
    async with asyncio.timeout(3):
        while kept != list(expected):
            kept = await texts(room)
            await asyncio.sleep(0.001)


async def test_message_goes_to_one_alone() -> None:
    """Who hears of it is in the room by itself, and told who opened it; the third in the common room sees nothing."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        cy = await network.peer("cy", config=HASTY)
        deck, *_ = await meet(ann, bob, cy)
        news = bob.events()
        bob_there = next(member for member in deck.members if member.id == bob.id)
        direct = await ann.direct(bob_there)
        await direct.send("psst")
        here, there = await settled(ann, bob)
        assert here is direct
        assert (here.name, there.name, here.is_direct, here.invite) == ("bob", "ann", True, None)
        told = [await anext(news), await anext(news)]
        assert told[0] == DirectOpened(there, next(each for each in bob.rooms[0].members if each.id == ann.id))
        assert isinstance(told[1], MessageArrived)
        assert (told[1].room, told[1].message.text, told[1].unread) == (there, "psst", 1)
        assert [room.name for room in cy.rooms] == ["Deck"]
        assert await texts(deck) == []


async def test_written_out_it_bears_the_name_of_the_other() -> None:
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        deck, *_ = await meet(ann, bob)
        direct = await ann.direct(deck.members[1])
        written = io.StringIO()
        await direct.export(written, format="markdown")
        assert written.getvalue() == "# bob\n"


async def test_there_is_one_room_whoever_asks_and_however_often() -> None:
    """By a member, by its id, or out of the list."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        await meet(ann, bob)
        one, two = await asyncio.gather(ann.direct(bob.id), ann.direct(bob.id))
        here, there = await settled(ann, bob)
        assert one is two is here
        assert await bob.direct(ann.id) is there
        [line] = [each for each in await ann.conversations() if each.kind == "direct"]
        assert (line.title, line.member, line.is_open) == ("bob", bob.id, True)
        assert await ann.enter(line) is here


async def test_room_is_there_at_once_though_the_server_lets_nobody_in() -> None:
    """However often it is asked for: what was said there before is at hand, and what is said now waits."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        await meet(ann, bob)
        await ann.direct(bob.id)
        here, _ = await settled(ann, bob)
        await here.leave()
        network.stop_server()
        async with asyncio.timeout(1):
            again = await ann.direct(bob.id)
            await asyncio.sleep(0.02)
            assert await ann.direct(bob.id) is again


async def test_both_who_start_at_once_meet_in_one_room() -> None:
    """Each has drawn a secret; what both said is there, once."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        await meet(ann, bob)
        one, other = await asyncio.gather(ann.direct(bob.id), bob.direct(ann.id))
        await asyncio.gather(one.send("ahoy"), other.send("aye"))
        here, there = await settled(ann, bob)
        await until(lambda: here.unread == there.unread == 1)
        assert sorted(await texts(here)) == sorted(await texts(there)) == ["ahoy", "aye"]
        assert len(network.rooms) == 2


async def test_each_who_starts_while_the_other_is_away_meets_it_later(tmp_path: Path) -> None:
    """What both have written meanwhile waits, survives their restarts, and is told once."""
    async with Network() as network:
        async with opened(network, "ann", tmp_path) as ann, opened(network, "bob", tmp_path) as bob:
            [deck, _] = await meet(ann, bob)
            where = deck.room_id
        for name, other, text in (("ann", bob.id, "ahoy"), ("bob", ann.id, "aye")):
            async with opened(network, name, tmp_path) as one:
                assert (await (await one.direct(other)).send(text)).status == "draft"
        async with opened(network, "ann", tmp_path) as ann, opened(network, "bob", tmp_path) as bob:
            await asyncio.gather(ann.enter(where), bob.enter(where))
            here, there = await settled(ann, bob)
            await until(lambda: here.unread == there.unread == 1)
            assert sorted(await texts(here)) == sorted(await texts(there)) == ["ahoy", "aye"]


async def test_room_that_was_agreed_is_entered_when_there_is_something_to_say(tmp_path: Path) -> None:
    """After restarts nobody enters it for nothing; one who has written while the other was away does."""
    async with Network() as network:
        async with opened(network, "ann", tmp_path) as ann, opened(network, "bob", tmp_path) as bob:
            [deck, _] = await meet(ann, bob)
            await (await ann.direct(bob.id)).send("one")
            _, there = await settled(ann, bob)
            await heard(there, "one")
        async with opened(network, "ann", tmp_path) as ann, opened(network, "bob", tmp_path) as bob:
            for one in (ann, bob):
                await one.enter(deck.room_id)
            await until(lambda: ann.rooms[0].is_linked_to(bob.id) and bob.rooms[0].is_linked_to(ann.id))
            await asyncio.sleep(0.01)
            assert direct_of(ann, bob.id) is direct_of(bob, ann.id) is None
        async with opened(network, "bob", tmp_path) as bob:
            await (await bob.direct(ann.id)).send("two")
        async with opened(network, "ann", tmp_path) as ann, opened(network, "bob", tmp_path) as bob:
            for one in (ann, bob):
                await one.enter(deck.room_id)
            here, _ = await settled(ann, bob)
            await heard(here, "one", "two")


async def test_room_that_was_left_is_entered_when_the_other_calls() -> None:
    """As a window that was closed opens again; what was said is there."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        await meet(ann, bob)
        await (await ann.direct(bob.id)).send("one")
        here, there = await settled(ann, bob)
        await heard(there, "one")
        await there.leave()
        news = bob.events()
        await ann.direct(bob.id)
        again = await anext(news)
        assert isinstance(again, DirectOpened)
        assert again.room is not there
        await settled(ann, bob)
        await here.send("two")
        await heard(again.room, "one", "two")


async def test_server_that_is_away_is_tried_again() -> None:
    """What was written waits meanwhile."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        await meet(ann, bob)
        network.stop_server()
        await (await ann.direct(bob.id)).send("ahoy")
        await until(lambda: direct_of(bob, ann.id))
        network.start_server()
        _, there = await settled(ann, bob)
        await heard(there, "ahoy")


async def test_presence_goes_along_when_the_room_moves() -> None:
    """It moves to where both meet, and the user need not know."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        await meet(ann, bob)
        direct = await ann.direct(bob.id)
        await direct.set_presence("away")
        _, there = await settled(ann, bob)
        await until(lambda: [each.presence for each in there.members if each.id == ann.id] == ["away"])


async def test_forgotten_room_is_gone_until_the_other_calls(tmp_path: Path) -> None:
    """Ours to forget, and not the other's."""
    async with Network() as network, opened(network, "ann", tmp_path) as ann, opened(network, "bob") as bob:
        await meet(ann, bob)
        direct = await ann.direct(bob.id)
        _, there = await settled(ann, bob)
        await there.send("ahoy")
        await heard(direct, "ahoy")
        await ann.forget_room(direct)
        assert [each.kind for each in await ann.conversations()] == ["private"]
        await bob.direct(ann.id)
        again, _ = await settled(ann, bob)
        assert again is not direct
        await heard(again, "ahoy")


async def test_rooms_that_strangers_open_are_bounded_until_we_answer() -> None:
    """Whoever comes later is passed over without a word; one that we answered counts no more."""
    config = Config(max_unanswered_directs=1, receipts_after_s=0.01)
    async with Network() as network, opened(network, "ann", config=config) as ann, opened(network, "bob") as bob:
        cy = await network.peer("cy", config=HASTY)
        await meet(ann, bob, cy)
        await bob.direct(ann.id)
        here, _ = await settled(ann, bob)
        await cy.direct(ann.id)
        await asyncio.sleep(0.02)
        assert direct_of(ann, cy.id) is None
        await here.send("who are you?")
        await until(lambda: not ann._safe.vault.rooms.load(here.room_id).is_unanswered)  # type: ignore[union-attr]
        await cy.direct(ann.id)
        await settled(ann, cy)


async def test_strangers_of_public_rooms_are_refused_by_a_setting() -> None:
    """They wait, and hear nothing."""
    config = Config(direct_from_public=False)
    async with Network() as network, opened(network, "ann", config=config) as ann, opened(network, "bob") as bob:
        await meet(ann, bob, where="Lobby")
        assert (await (await bob.direct(ann.id)).send("ahoy")).status == "draft"
        await asyncio.sleep(0.02)
        assert direct_of(ann, bob.id) is None
        await ann.direct(bob.id)
        here, _ = await settled(ann, bob)
        await heard(here, "ahoy")


async def test_nobody_writes_to_themselves_or_to_no_key() -> None:
    """Each is told what to pass."""
    async with Network() as network, opened(network, "ann") as ann:
        with pytest.raises(UsageError, match="somebody else"):
            await ann.direct(ann.id)
        for text in ("bob", "", "A" * 43):
            with pytest.raises(UsageError, match=r"Member\.id"):
                await ann.direct(MemberId(text))
    with pytest.raises(Closed):
        await ann.direct(ann.id)


async def test_nobody_is_added_to_a_direct_room() -> None:
    """Not by its owners either."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        cy = await network.peer("cy", config=HASTY)
        await meet(ann, bob, cy)
        direct = await ann.direct(bob.id)
        with pytest.raises(UsageError, match="nobody"):
            await direct.add(cy.id)
        with pytest.raises(UsageError, match="nobody"):
            await direct.create_invite()
        with pytest.raises(UsageError):
            await direct.kick(bob.id)
        await settled(ann, bob)


async def test_link_up_with_somebody_we_forgot_says_nothing(tmp_path: Path) -> None:
    """There is no room to speak of."""
    async with Network() as network, opened(network, "ann", tmp_path) as ann, opened(network, "bob") as bob:
        await meet(ann, bob)
        direct = await ann.direct(bob.id)
        await settled(ann, bob)
        await ann.forget_room(direct.room_id)
        network.cut_links()
        await until(lambda: not ann.rooms[0].is_linked_to(bob.id))
        assert direct_of(ann, bob.id) is None
