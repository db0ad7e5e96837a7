import asyncio

import pytest

from peer.errors import JoinRefused, UsageError
from peer.tui.bars import Activity

from .stage import stage, until


async def test_rooms_are_numbered_and_looked_at_one_by_one() -> None:
    async with stage() as s:
        await s.desk.create("Galley")
        await s.desk.create("Lobby", public=True)
        assert [(row.number, row.name, row.is_current) for row in s.desk.rows()] == [
            (1, "Deck", False),
            (2, "Galley", False),
            (3, "Lobby", True),
        ]
        assert s.view.kind == "public room"
        s.desk.step(1)
        assert s.view.name == "Deck"
        s.desk.step(-1)
        assert s.view.name == "Lobby"
        assert not s.desk.go(9)


async def test_a_room_is_found_by_number_or_name() -> None:
    async with stage() as s:
        await s.desk.create("Galley")
        assert [s.desk.find(text) for text in ("1", "gal", "2", "3", "0", "x")] == [0, 1, 1, None, None, None]


async def test_the_room_with_most_news_comes_first() -> None:
    """And without any, where we were before."""
    async with stage() as s:
        await s.desk.create("Galley")
        await s.bobs.send("alice!")
        await until(lambda: s.desk.views[0].activity)
        s.desk.go_to_news()
        assert s.view.name == "Deck"
        s.desk.go_to_news()
        assert s.view.name == "Galley"


async def test_a_room_is_on_the_desk_once() -> None:
    async with stage() as s:
        await s.desk.create("Galley")
        view = s.desk.views[0]
        assert s.bobs.invite is not None
        assert await s.desk.join(s.bobs.invite) is view
        assert s.view is view


async def test_leaving_the_last_room_empties_the_desk() -> None:
    async with stage() as s:
        await s.desk.create("Galley")
        await s.desk.part(s.desk.views[0])
        assert s.view.name == "Galley"
        await s.desk.part(s.view)
        assert s.desk.view is None
        s.desk.step(1)
        s.desk.go_to_news()
        assert [row.is_entered for row in s.desk.rows()] == [False, False]


async def test_a_room_that_was_left_elsewhere_is_replaced() -> None:
    async with stage() as s:
        await s.view.room.leave()
        assert s.bobs.invite is not None
        await s.desk.join(s.bobs.invite)
        assert len(s.desk.views) == 1


async def test_a_wrong_name_opens_nothing() -> None:
    async with stage() as s:
        with pytest.raises(JoinRefused):
            await s.desk.join("nowhere")
        assert len(s.desk.views) == 1


async def test_who_is_ignored_is_not_shown() -> None:
    async with stage() as s:
        await s.hear("ahoy")
        bob = s.view.room.members[1]
        s.desk.ignore(bob.id, "bob")
        assert s.texts() == []
        await s.bobs.send("unheard")
        s.desk.unignore(bob.id)
        await s.hear("heard")
        assert s.texts()[-1] == "heard"
        assert "unheard" not in s.texts()[:-2]


async def test_kept_rooms_stand_below_and_are_entered_by_number() -> None:
    async with stage() as s:
        await s.desk.create("Galley")
        await s.desk.part(s.view)
        assert [(row.number, row.name, row.is_entered) for row in s.desk.rows()] == [
            (1, "Deck", True),
            (2, "Galley", False),
        ]
        assert await s.desk.visit(1)
        assert s.view.name == "Galley"
        assert all(row.is_entered for row in s.desk.rows())
        assert await s.desk.visit(0)
        assert not await s.desk.visit(7)


async def test_a_kept_room_is_entered_by_its_title() -> None:
    """A private one needs no link then."""
    async with stage() as s:
        await s.desk.part(s.view)
        await s.desk.join("deck")
        assert s.view.room.id == s.bobs.id


async def test_who_opens_a_direct_room_is_on_the_desk() -> None:
    """Without taking the place of what is looked at; what is said there is for us."""
    async with stage() as s:
        following = asyncio.create_task(s.desk.follow())
        theirs = await s.bob.direct(s.bobs.members[1])
        await theirs.send("a word")
        await until(lambda: len(s.desk.views) == 2 and s.desk.views[1].activity is Activity.HIGHLIGHT)
        assert s.view.name == "Deck"
        assert s.desk.rows()[1].name == "bob"
        assert s.desk.views[1].kind == "you two alone"
        following.cancel()


async def test_who_is_invited_can_accept() -> None:
    async with stage() as s:
        following = asyncio.create_task(s.desk.follow())
        with pytest.raises(UsageError, match="nobody has invited you"):
            await s.desk.accept()
        galley = await s.bob.create_room("Galley")
        await galley.add(s.bobs.members[1])
        await until(lambda: "bob invites you to Galley: /accept enters it" in s.notices())
        await s.desk.accept()
        assert s.view.name == "Galley"
        following.cancel()
