import pytest

from peer.tui.message_deeds import emoji_of

from .stage import stage, until


@pytest.mark.parametrize(
    ("typed", "emoji"), [("👍", "👍"), (":heart:", "❤"), ("heart", "❤"), ("+1", "👍"), ("nonesuch", "nonesuch")]
)
def test_emoji_have_names(typed: str, emoji: str) -> None:
    assert emoji_of(typed) == emoji


async def test_the_last_message_of_others_is_answered() -> None:
    async with stage() as s:
        await s.hear("who?")
        await s.type("/reply me")
        answer = s.view.transcript.messages()[-1]
        assert answer.reply_to == s.view.transcript.messages()[0].id
        assert "usage: /reply" in await s.type("/reply")


async def test_emoji_come_and_go() -> None:
    async with stage() as s:
        await s.hear("ahoy")
        await s.type("/react :+1:")
        await until(lambda: [each.emoji for each in s.view.transcript.messages()[0].reactions] == ["👍"])
        await s.type("/unreact 👍")
        await until(lambda: not s.view.transcript.messages()[0].reactions)


async def test_our_last_message_is_changed_and_taken_back() -> None:
    async with stage() as s:
        await s.type("ahoi")
        await until(lambda: s.view.transcript.messages()[0].status != "draft")
        await s.type("/edit ahoy")
        await until(lambda: s.texts() == ["ahoy"])
        await s.type("/delete")
        await until(lambda: s.view.transcript.messages()[0].is_deleted)


async def test_a_draft_is_changed_and_taken_back() -> None:
    async with stage() as s:
        await s.type("/create Galley")
        await s.type("ahoi")
        await s.type("/edit ahoy")
        assert s.texts() == ["ahoy"]
        await s.type("/delete")
        assert s.texts() == []


async def test_those_who_may_pin() -> None:
    async with stage() as s:
        await s.hear("ahoy")
        assert "you may not" in await s.type("/pin")
        await s.bobs.promote(s.view.room.me, "moderator")
        await until(lambda: s.view.room.me.role == "moderator")
        await s.type("/pin")
        await until(lambda: s.view.transcript.messages()[0].is_pinned)
        await s.type("/unpin")
        await until(lambda: not s.view.transcript.messages()[0].is_pinned)


async def test_messages_are_found() -> None:
    async with stage() as s:
        await s.hear("the parrot is dead")
        await s.hear("alice, look")
        assert "bob: the parrot is dead" in await s.type("/search PARROT")
        assert await s.type("/search cat") == "no messages with cat"
        assert "bob: the parrot is dead" in await s.type("/lastlog dead")
        assert "bob: alice, look" in await s.type("/lastlog")
