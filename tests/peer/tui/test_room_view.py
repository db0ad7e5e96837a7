from peer.tui.bars import Activity
from peer.tui.room_view import RoomView

from .stage import stage, until


async def test_what_others_say_is_shown() -> None:
    async with stage() as s:
        await s.hear("ahoy")
        assert s.view.room.unread == 1
        await s.view.mark_read()
        assert s.view.room.unread == 0


async def test_a_room_that_is_not_watched_tells_how_urgent_it_is() -> None:
    """Events, then messages, then our name; looking at it settles it."""
    rung: list[RoomView] = []
    async with stage() as s:
        s.desk.on_highlight = rung.append
        s.view.look_away()
        assert s.view.row(1, is_current=False).activity is Activity.NONE
        await s.bobs.set_presence("away")
        await until(lambda: s.view.activity is Activity.EVENTS)
        await s.hear("ahoy")
        assert s.view.row(1, is_current=False).activity is Activity.MESSAGES
        await s.hear("alice: come")
        assert s.view.row(1, is_current=False).activity is Activity.HIGHLIGHT
        assert rung == [s.view]
        s.view.look_at()
        assert s.view.row(1, is_current=True).activity is Activity.NONE


async def test_our_messages_show_how_far_they_got() -> None:
    """Even where that is known before the message is shown."""
    async with stage() as s:
        await s.type("ahoy")
        await until(lambda: s.view.transcript.messages()[-1].status == "sent")
        await s.bobs.mark_read()
        s.network.cut_links()


async def test_typing_is_shown_until_it_stops() -> None:
    async with stage() as s:
        await s.bobs.set_typing(True)
        await until(lambda: [each.name for each in s.view.typists.values()] == ["bob"])
        await s.bobs.set_typing(False)
        await until(lambda: not s.view.typists)
        await s.bobs.set_typing(True)
        await until(lambda: s.view.typists)
        await s.hear("ahoy")
        assert not s.view.typists


async def test_changes_of_others_show_at_the_message() -> None:
    async with stage() as s:
        message = await s.bobs.send("ahoy")
        await until(lambda: s.texts() == ["ahoy"])
        await message.edit("hello")
        await until(lambda: s.texts() == ["hello"])
        await message.react("👍")
        await until(lambda: s.view.transcript.messages()[0].reactions)
        await message.delete()
        await until(lambda: s.view.transcript.messages()[0].is_deleted)


async def test_older_messages_come_by_pages() -> None:
    async with stage() as s:
        for number in range(60):
            await s.bobs.send(str(number))
        await until(lambda: len(s.texts()) == 60)
        s.view.clear()
        assert s.texts() == []
        await s.view.load_older()
        assert s.texts() == [str(number) for number in range(10, 60)]
        await s.view.load_older()
        assert len(s.texts()) == 60
        assert not s.view.has_older
        await s.view.load_older()


async def test_a_marker_stands_where_we_looked_away() -> None:
    async with stage() as s:
        await s.hear("before")
        s.view.look_away()
        s.view.look_away()
        await s.hear("after")
        assert s.view.transcript.read_upto == s.view.transcript.messages()[0].sent_at


async def test_a_member_that_leaves_types_no_more() -> None:
    async with stage() as s:
        await s.bobs.set_typing(True)
        await until(lambda: s.view.typists)
        await s.bobs.leave()
        await until(lambda: any("bob left" in text for text in s.notices()))
        assert not s.view.typists


async def test_what_was_dropped_on_the_way_is_told() -> None:
    async with stage() as s:
        s.view.fall_behind()
        assert "PgUp shows the messages" in s.notices()[-1]
        s.view.end()


async def test_messages_are_chosen_one_by_one() -> None:
    async with stage() as s:
        await s.hear("one")
        await s.hear("two")
        ids = [message.id for message in s.view.transcript.messages()]
        chosen = []
        for step in (-1, -1, -1, 1, 1):
            s.view.choose(step)
            chosen.append(s.view.chosen)
        assert chosen == [ids[1], ids[0], ids[0], ids[1], None]


async def test_our_own_messages_are_gone_through() -> None:
    async with stage() as s:
        await s.type("one")
        await s.hear("between")
        await s.type("two")
        two = s.view.neighbour(None, earlier=True)
        assert two is not None
        assert two.text == "two"
        one = s.view.neighbour(two, earlier=True)
        assert one is not None
        assert one.text == "one"
        assert s.view.neighbour(one, earlier=True) == one
        assert s.view.neighbour(two, earlier=False) is None


async def test_names_are_completed_last_speaker_first() -> None:
    async with stage() as s:
        carol = await s.network.peer("carol")
        assert s.bobs.invite is not None
        await carol.join_room(s.bobs.invite)
        await until(lambda: len(s.view.room.members) == 3)
        await s.hear("ahoy")
        assert s.view.nicks() == ["bob", "carol"]


async def test_few_lines_are_kept_and_older_ones_found_again() -> None:
    async with stage() as s:
        s.view.transcript.limit = 2
        s.view.has_older = False
        for text in ("one", "two", "three"):
            await s.hear(text)
        s.view.trim()
        s.view.trim()
        assert s.texts() == ["two", "three"]
        assert s.view.has_older
        await s.view.load_older()
        assert s.texts() == ["one", "two", "three"]
        assert s.view.kind == "private"


async def test_a_muted_room_rings_for_nothing() -> None:
    """What waits is still counted."""
    rung: list[RoomView] = []
    async with stage() as s:
        s.desk.on_highlight = rung.append
        await s.type("/mute")
        s.view.look_away()
        await s.hear("alice!")
        assert (s.view.room.unread, s.view.activity, rung) == (1, Activity.NONE, [])
        await s.type("/unmute")
        await s.hear("alice?")
        assert rung == [s.view]
