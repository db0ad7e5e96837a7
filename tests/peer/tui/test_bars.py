from typing import Any

from peer.events import Member, RoomState
from peer.tui.bars import Activity, RoomRow, room_list, status_bar, topic_bar, typing_line
from peer.tui.lines import Line, line_width

from .values import member

ME = member("alice", is_me=True)


def text(line: Line) -> str:
    return "".join(span.text for span in line)


def topic(*others: Member, width: int = 120, state: RoomState = RoomState.JOINED, kind: str = "private") -> str:
    line = topic_bar("Deck", [ME, *others], state, kind=kind, width=width)
    assert line_width(line) <= width
    return text(line)


def test_the_topic_tells_who_is_here_and_how_safe_it_is() -> None:
    shown = topic(member("bob", verified=True), member("eve", presence="offline"))
    assert shown == "Deck │ 2 of 3 here │ connected │ private │ end-to-end encrypted │ 1 of 2 verified"
    assert topic(kind="public room") == "Deck │ 1 here │ connected │ public room │ end-to-end encrypted"


def test_a_lost_server_and_an_exchanged_key_are_told() -> None:
    changed: Any = object()
    shown = topic(member("eve", changed_from=changed), state=RoomState.SIGNALING_LOST)
    assert "server lost, links live on │ 1 with another key than before" in shown


def test_on_narrow_screens_the_least_needed_is_left_out() -> None:
    assert topic(width=24) == "Deck │ 1 here │ private"
    assert topic(width=3) == "…"


def test_rooms_are_numbered_and_counted() -> None:
    rooms = [
        RoomRow(number=1, name="Deck", is_current=True),
        RoomRow(number=2, name="a long name of a room", unread=12, activity=Activity.MESSAGES),
        RoomRow(number=3, name="bob", unread=1, activity=Activity.HIGHLIGHT),
        RoomRow(number=4, name="old", is_entered=False),
    ]
    lines = room_list(rooms, width=16)
    assert [text(line) for line in lines] == [
        " 1 Deck         ",
        " 2 a long na… 12",
        " 3 bob        1!",
        " 4 old          ",
    ]
    assert [line[-1].style for line in lines] == ["current", "busy", "highlight", "faint"]


def test_typists_are_named() -> None:
    assert typing_line([]) == ()
    assert text(typing_line(["bob"])) == "bob is typing ..."
    assert text(typing_line(["bob", "carol", "✓eve"])) == "bob, carol and eve are typing ..."
    assert text(typing_line(["a", "b", "c", "d"])) == "4 are typing ..."


def test_the_status_line_tells_where_something_happened() -> None:
    rooms = [
        RoomRow(number=1, name="Deck", is_current=True, activity=Activity.MESSAGES),
        RoomRow(number=2, name="Lobby", unread=2, activity=Activity.MESSAGES),
        RoomRow(number=3, name="bob", unread=1, activity=Activity.HIGHLIGHT),
        RoomRow(number=4, name="quiet", activity=Activity.EVENTS),
    ]
    shown = text(status_bar(ME, rooms, doing="", width=80))
    assert shown == "[alice] │ news in 2:Lobby(2) 3:bob(1!) │ room 1 of 4"
    away = member("alice", is_me=True, presence="away")
    assert text(status_bar(away, [], doing="editing", width=80)) == "[alice: away] │ editing"
