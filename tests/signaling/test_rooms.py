"""Decisions: from a request and who asks to records and answers."""

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import errors, wire
from signaling.ids import Resume, RoomId, User, UserId, derive_peer_id
from signaling.rooms import (
    check_room,
    clean_name,
    decode_cursor,
    encode_cursor,
    guest,
    plan_peer,
    plan_room,
    refuse,
    room_to_join,
    view_page,
    view_peers,
    view_room,
)
from signaling.store.port import Limits, Page, PeerRecord, Refusal, RoomRecord, RoomView

from .store.support import a_peer, a_room
from .support import zeros

ALICE = User(UserId("alice"), "Alice", is_guest=False)
NAMELESS = User(UserId("auth0|1234567890"), None, is_guest=False)


@pytest.mark.parametrize(
    ("user", "asked", "shown"),
    [
        (ALICE, "Mallory", "Alice"),
        (NAMELESS, " Bob ", "Bob"),
        (NAMELESS, None, "auth0|123456"),
        (User(UserId("u"), "  A\nlice\x00 ", is_guest=False), None, "Alice"),
        (User(UserId("u"), "x" * 70, is_guest=False), None, "x" * 64),
        (User(UserId("u"), "\x00", is_guest=False), "Bob", "Bob"),
    ],
)
def test_display_name_comes_from_the_jwt_first(user: User, asked: str | None, shown: str) -> None:
    """Then from the body; a provider's odd name is mended, a client's is refused."""
    assert plan_peer(user, wire.CreateRoom(display_name=asked), random_bytes=zeros).peer.display_name == shown


def test_guest_is_somebody_new_each_time() -> None:
    """`guest-` and 16 characters; the name falls back on it."""
    newcomer = plan_peer(guest(zeros), wire.JoinRoom(room_id="r"), random_bytes=zeros)
    assert newcomer.peer.user_id == "guest-" + "A" * 16
    assert newcomer.peer.display_name == "guest-AAAAAA"
    assert newcomer.peer.is_guest


def test_peer_id_comes_from_the_resume_secret() -> None:
    """Given, or generated."""
    given = plan_peer(ALICE, wire.CreateRoom(resume="B" * 43), random_bytes=zeros)
    made = plan_peer(ALICE, wire.CreateRoom(), random_bytes=zeros)
    assert (given.resume, given.peer.peer_id) == ("B" * 43, derive_peer_id(Resume("B" * 43)))
    assert made.peer.peer_id == derive_peer_id(made.resume)


def test_room_is_planned_with_and_without_names() -> None:
    """A server that is given no id makes one."""
    peer = a_peer("p")
    plain = plan_room(wire.CreateRoom(), peer, now=5.0, random_bytes=zeros)
    named = plan_room(
        wire.CreateRoom(room_id="deck", custom_name=" The deck ", is_public=True), peer, now=5.0, random_bytes=zeros
    )
    assert (plain.room_id, plain.custom_name, plain.is_public) == ("A" * 22, None, False)
    assert (named.room_id, named.custom_name, named.is_public) == ("deck", "The deck", True)
    assert (named.broadcaster_id, named.broadcaster_name, named.created_at) == ("u", "p", 5.0)


def test_room_says_whether_a_guest_made_it() -> None:
    """The store finds users' rooms first."""
    for is_guest in (True, False):
        peer = a_peer(is_guest=is_guest)
        assert plan_room(wire.CreateRoom(), peer, now=5.0, random_bytes=zeros).is_by_guest is is_guest


def test_peer_id_comes_from_the_resume_secret_exactly_one_thing() -> None:
    """A room id or a broadcaster."""
    assert room_to_join(wire.JoinRoom(room_id="r")) == "r"
    assert room_to_join(wire.JoinRoom(broadcaster_name=" b ")) == "b"
    for request in (wire.JoinRoom(), wire.JoinRoom(room_id="r", broadcaster_name="b")):
        with pytest.raises(errors.InvalidBody):
            room_to_join(request)


@given(st.text(max_size=80))
def test_clean_name_gives_a_good_name_or_refuses(text: str) -> None:
    """1-64 characters after stripping, no control characters, and cleaning again changes nothing."""
    with contextlib.suppress(errors.InvalidBody):
        name = clean_name(text, field="displayName")
        assert 1 <= len(name) <= 64
        assert not any(each in name for each in "\x00\n\r\t\x7f\u2028")
        assert clean_name(name, field="displayName") == name


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "a\x00b", "a\nb", "a\x7fb", "a\u2028b", "a\ud800b"])
def test_bad_names_are_refused(name: str) -> None:
    """The sentence names the field."""
    with pytest.raises(errors.InvalidBody, match="customName"):
        clean_name(name, field="customName")


def test_a_call_may_only_name_its_tokens_room() -> None:
    """Or none."""
    check_room(RoomId("r"), None)
    check_room(RoomId("r"), "r")
    with pytest.raises(errors.WrongRoom):
        check_room(RoomId("r"), "s")


REFUSALS = {
    Refusal.NO_SUCH_ROOM: errors.NoSuchRoom,
    Refusal.ROOM_EXISTS: errors.RoomExists,
    Refusal.ROOM_FULL: errors.RoomFull,
    Refusal.USER_SEATS_TAKEN: errors.UserSeatsTaken,
    Refusal.ADDRESS_SEATS_TAKEN: errors.AddressSeatsTaken,
    Refusal.TOO_MANY_ROOMS: errors.TooManyRooms,
    Refusal.TOO_MANY_OWN_ROOMS: errors.TooManyOwnRooms,
    Refusal.NOT_THEIRS: errors.InvalidToken,
    Refusal.SENDER_GONE: errors.PeerGone,
    Refusal.NO_SUCH_PEER: errors.NoSuchPeer,
    Refusal.MAILBOX_FULL: errors.MailboxFull,
    Refusal.SHARE_FULL: errors.ShareFull,
}


@pytest.mark.parametrize("refusal", Refusal)
def test_each_refusal_of_the_store_has_its_error(refusal: Refusal) -> None:
    """The table is complete."""
    with pytest.raises(REFUSALS[refusal]):
        refuse(refusal, Limits())


def test_bound_of_a_full_room_is_named() -> None:
    """S21: the error says what the most is."""
    with pytest.raises(errors.RoomFull, match="7"):
        refuse(Refusal.ROOM_FULL, Limits(room_peers=7))


def test_views_show_what_clients_may_see() -> None:
    """Seconds in UTC; no guest mark, no origin."""
    room = view_room(RoomView(a_room(created_at=1_769_860_800.9), 3))
    assert (room.created_at, room.participant_count) == ("2026-01-31T12:00:00Z", 3)
    assert view_peers((a_peer("p", is_guest=True),)) == (wire.Peer("p", "u", "p"),)
    assert {each.name for each in PeerRecord.__dataclass_fields__.values()} == {
        "peer_id", "user_id", "display_name", "is_guest", "origin"
    }  # fmt: skip


def test_page_has_a_cursor_only_when_more_follows() -> None:
    """And the cursor leads behind its last room."""
    rooms = (RoomView(a_room("r", created_at=1.25), 1),)
    assert view_page(Page(rooms, has_more=False)).cursor is None
    cursor = view_page(Page(rooms, has_more=True)).cursor
    assert cursor is not None
    assert decode_cursor(cursor) == (1.25, "r")


@given(st.floats(0, 1e11), st.from_regex(r"\A[A-Za-z0-9_-]{1,64}\Z"))
def test_cursor_survives_the_round_trip(created_at: float, room_id: str) -> None:
    """To the last bit of the time."""
    record = RoomRecord(
        room_id=RoomId(room_id), broadcaster_id=UserId("u"), broadcaster_name="b", created_at=created_at, is_public=True
    )
    assert decode_cursor(encode_cursor(record)) == (created_at, room_id)


@pytest.mark.parametrize("time", ["nan", "inf", "-inf", "-1.0", "1e300"])
def test_cursor_of_no_time_is_refused(time: str) -> None:
    """It would be no position in any order."""
    text = base64.urlsafe_b64encode(f"{time} deck".encode()).decode().rstrip("=")
    with pytest.raises(errors.InvalidQuery, match="cursor"):
        decode_cursor(text)


@given(st.text(max_size=60))
def test_foreign_cursor_is_an_invalid_query_or_a_position(text: str) -> None:
    """Nothing else, whatever the text."""
    with contextlib.suppress(errors.InvalidQuery):
        decode_cursor(text)
