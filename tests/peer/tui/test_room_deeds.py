from peer.events import RoomState

from .stage import stage, until


async def test_rooms_are_entered_made_and_left() -> None:
    async with stage() as s:
        await s.type("/create Galley")
        assert s.view.name == "Galley"
        await s.type("/public Lobby")
        assert "Lobby  (1 here)" in await s.type("/rooms")
        await s.type("/win deck")
        assert s.view.name == "Deck"
        assert "there is no room 9" in await s.type("/win 9")
        await s.type("/part")
        assert [view.name for view in s.desk.views] == ["Galley", "Lobby"]
        await s.type("/join Lobby")
        assert s.view.name == "Lobby"
        assert "usage: /join" in await s.type("/join")


async def test_a_server_without_rooms_says_so() -> None:
    async with stage() as s:
        assert "there is no public room" in await s.type("/rooms")


async def test_titles_and_pace_are_set_by_who_may() -> None:
    async with stage() as s:
        assert await s.type("/topic") == "this room is called Deck"
        assert "you may not" in await s.type("/topic Galley")
        assert "usage: /slow" in await s.type("/slow soon")
        await s.bobs.promote(s.view.room.me, "admin")
        await until(lambda: s.view.room.me.role == "admin")
        await s.type("/topic Galley")
        await until(lambda: s.bobs.name == "Galley")
        await s.type("/slow 5")
        await until(lambda: s.bobs.slow_mode_s == 5)


async def test_invites_are_shown() -> None:
    async with stage() as s:
        await s.type("/invite")
        assert s.screen.shown[-1][:2] == ("invite", s.view.room.invite)
        assert "you may not" in await s.type("/invite one")
        await s.bobs.promote(s.view.room.me, "admin")
        await until(lambda: s.view.room.me.role == "admin")
        await s.type("/invite one")
        guest = s.screen.shown[-1][1]
        assert guest != s.view.room.invite
        await s.type("/part")
        await s.desk.join(guest)
        assert s.view.room.state is RoomState.JOINED


async def test_who_waits_is_listed() -> None:
    async with stage() as s:
        assert await s.type("/lobby") == "nobody waits"


async def test_the_screen_does_what_it_is_asked() -> None:
    async with stage() as s:
        await s.type("/help")
        await s.type("/quit")
        assert s.screen.shown == [("help",), ("end",)]
        assert await s.type("/help kick") == "usage: /kick NICK - remove a member for good"
        assert "there is no command nope" in await s.type("/help nope")
        assert await s.type("/theme light") == "the theme is light"
        await s.type("ahoy")
        await s.type("/clear")
        assert s.texts() == []
