"""What a room tells of the people we know."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from peer.core.people import People
from peer.core.presence import Presences
from peer.core.recognition import Recognition, news_of
from peer.events import Acquaintance, Event, KeyChanged, Member, VerificationChanged
from peer.ids import RoomId

from ...support.keys import identity

LOBBY = RoomId(b"L" * 32)


def member(key: str, name: str = "") -> Member:
    return Member(id=identity(key).member_id, name=name or key)


class Room:
    """Its people and presences."""

    def __init__(self, people: People, *, public: bool = True) -> None:
        self.presences = Presences(Member(id=identity("me").member_id, name="me", is_me=True))
        self.recognition = Recognition(people, public_room=LOBBY if public else None, wall_ms=lambda: 86_400_000 * 7)

    def enter(self, who: Member) -> Member:
        met = self.recognition.meet(who)
        self.presences.arrive(met)
        return met

    def review(self) -> list[Event]:
        return self.recognition.review(self.presences)


def test_verifying_somebody_is_told_once_in_every_room() -> None:
    """And shown from then on."""
    people = People(limit=10)
    lobby, deck = Room(people), Room(people, public=False)
    ann = lobby.enter(member("ann"))
    deck.enter(member("ann"))
    people.verify(ann.id, ann.name)
    for room in (lobby, deck):
        [event] = room.review()
        assert isinstance(event, VerificationChanged)
        assert (event.member.verified, room.presences.get(ann.id)) == (True, event.member)
        assert room.review() == []


def test_who_left_is_shown_as_verified_and_not_told() -> None:
    """Nobody waits for events of somebody who is not here."""
    people = People(limit=10)
    room = Room(people)
    ann = room.enter(member("ann"))
    room.presences.depart(ann.id, at=datetime(2026, 1, 31, tzinfo=UTC))
    people.verify(ann.id, ann.name)
    assert room.review() == []
    assert room.presences.members[1].verified


def test_second_key_is_told_until_it_is_verified() -> None:
    """As who it comes."""
    people = People(limit=10)
    room = Room(people)
    room.enter(member("ann"))
    eve = room.enter(member("eve", "ann"))
    known = Acquaintance(id=identity("ann").member_id, name="ann", verified=False)
    assert news_of(None, eve) == [KeyChanged(eve, known)]
    assert room.review() == []
    people.verify(eve.id, eve.name)
    [event] = room.review()
    assert isinstance(event, VerificationChanged)
    assert event.member.changed_from is None


def test_first_key_is_doubted_once_the_second_is_verified() -> None:
    """It may be that of a device which was stolen."""
    people = People(limit=10)
    room = Room(people)
    ann, eve = room.enter(member("ann")), room.enter(member("eve", "ann"))
    people.verify(eve.id, eve.name)
    room.enter(eve)
    doubts = [event for event in room.review() if isinstance(event, KeyChanged)]
    assert [(event.member.id, event.known.id, event.known.verified) for event in doubts] == [(ann.id, eve.id, True)]


def test_people_are_remembered_by_the_day_they_were_met() -> None:
    """The clock is the room's."""
    people = People(limit=10)
    Room(people).enter(member("ann"))
    before = people.encode()
    people.meet(member("ann"), public_room=LOBBY, today=7)
    assert people.encode() == before


def test_nobody_is_looked_at_again_without_a_reason() -> None:
    """It is asked at every timer of the room."""
    looks: list[str] = []

    class Watched(Presences):
        def regard(self, view: Callable[[Member], Member]) -> list[tuple[Member, Member]]:
            looks.append("look")
            return super().regard(view)

    people = People(limit=10)
    room = Room(people)
    room.presences = Watched(room.presences.me)
    room.enter(member("ann"))
    for _ in range(3):
        room.review()
    assert looks == ["look"]
    people.verify(identity("ben").member_id, "ben")
    room.review()
    assert looks == ["look"] * 2


def test_nothing_new_is_no_news() -> None:
    assert news_of(None, member("ann")) == []
    assert news_of(member("ann"), member("ann")) == []
