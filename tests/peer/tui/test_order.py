import pytest

from peer.errors import UsageError
from peer.tui.order import Order

from .stage import Stage, stage, until


def order(s: Stage, rest: str = "", name: str = "kick") -> Order:
    return Order(name=name, rest=rest, desk=s.desk, view=s.view, screen=s.screen)


async def test_an_order_finds_whom_it_is_about() -> None:
    async with stage() as s:
        bob = s.view.room.members[1]
        assert order(s, "@BOB").member().id == bob.id
        assert order(s).member(bob.id[:8]).id == bob.id
        with pytest.raises(UsageError, match="nobody here is called zoe"):
            order(s, "zoe").member()
        with pytest.raises(UsageError, match="nobody"):
            order(s, "bob").member(among=())


async def test_an_order_without_what_it_needs_tells_how() -> None:
    async with stage() as s:
        with pytest.raises(UsageError, match="usage: /kick NICK"):
            order(s).need()
        with pytest.raises(UsageError, match="choose one"):
            order(s).message(mine=True)


async def test_an_order_is_about_the_chosen_message_else_the_last() -> None:
    async with stage() as s:
        await s.hear("one")
        await s.hear("two")
        assert order(s).message(mine=False).text == "two"
        s.view.chosen = s.view.transcript.messages()[0].id
        assert order(s).message(mine=False).text == "one"
        await s.type("mine")
        await until(lambda: "mine" in s.texts())
        s.view.chosen = None
        assert order(s).message(mine=True).text == "mine"
