from peer.events import RoomState

from .stage import stage, until


async def test_people_are_described() -> None:
    async with stage() as s:
        assert "bob: online, owner" in await s.type("/names")
        shown = await s.type("/whois bob")
        assert f"key: {s.bob.id}" in shown
        assert "not verified: /verify" in shown
        await s.bobs.leave()
        await until(lambda: s.view.room.members[1].presence == "offline")
        assert "last seen" in await s.type("/whois bob")


async def test_keys_are_verified_by_comparing() -> None:
    async with stage() as s:
        await s.type("/verify bob")
        assert s.screen.shown[0][:3] == ("code", "bob", s.view.room.safety_number(s.view.room.members[1]))
        await s.type("/verify bob yes")
        await until(lambda: s.view.room.members[1].verified)
        assert "verified by you" in await s.type("/whois bob")
        await s.type("/unverify bob")
        await until(lambda: not s.view.room.members[1].verified)
        assert "usage: /verify" in await s.type("/verify")


async def test_whom_we_ignore_we_do_not_hear() -> None:
    async with stage() as s:
        assert await s.type("/ignore") == "you ignore nobody"
        assert "nothing more of bob" in await s.type("/ignore bob")
        assert await s.type("/ignore") == "you ignore bob"
        assert await s.type("/unignore bob") == "you hear bob again"
        assert "you do not ignore bob" in await s.type("/unignore bob")


async def test_presence_is_told() -> None:
    async with stage() as s:
        await s.type("/away")
        await until(lambda: s.bobs.members[1].presence == "away")
        await s.type("/back")
        await until(lambda: s.bobs.members[1].presence == "online")


async def test_those_who_may_let_in_raise_and_remove() -> None:
    async with stage() as s:
        assert "usage: /promote" in await s.type("/promote bob")
        assert "you may not" in await s.type("/kick bob")
        await s.type("/create Galley")
        carol = await s.network.peer("carol")
        assert s.view.room.invite is not None
        hers = await carol.join_room(s.view.room.invite)
        await until(lambda: len(s.view.room.members) == 2)
        await s.type("/promote carol moderator")
        await until(lambda: hers.me.role == "moderator")
        assert "nobody here is called carol" in await s.type("/admit carol")
        assert "removed" in await s.type("/kick carol")
        await until(lambda: hers.state is RoomState.LEFT)


async def test_one_member_is_talked_with_alone() -> None:
    async with stage() as s:
        await s.type("/msg bob a word")
        assert (s.view.name, s.texts()) == ("bob", ["a word"])
        await s.desk.visit(0)
        await s.type("/msg bob")
        assert s.view.name == "bob"
        assert len(s.desk.views) == 2


async def test_members_are_brought_from_another_room() -> None:
    async with stage() as s:
        await s.type("/create Galley")
        assert await s.type("/add bob") == "bob was asked to come"
        assert "nobody here is called zoe" in await s.type("/add zoe")
        assert "nobody has invited you" in await s.type("/accept")


async def test_a_name_is_chosen_at_the_start() -> None:
    async with stage() as s:
        assert "your name is set" in await s.type("/nick captain")
