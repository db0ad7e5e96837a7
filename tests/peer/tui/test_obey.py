from peer.tui.commands import VERBS
from peer.tui.obey import DEEDS

from .stage import stage, until


def test_every_command_has_a_deed() -> None:
    assert set(DEEDS) == {verb.name for verb in VERBS} - {"me"}


async def test_words_are_said() -> None:
    async with stage() as s:
        assert await s.type("ahoy") == ""
        await until(lambda: s.bobs.unread == 1)
        assert s.texts() == ["ahoy"]


async def test_what_is_wrong_is_told_and_nothing_is_sent() -> None:
    async with stage() as s:
        assert "there is no /jion" in await s.type("/jion x")
        assert "you may not remove" in await s.type("/kick bob")
        assert "shorten or split it" in await s.type("x" * 9000)
        assert s.texts() == []
