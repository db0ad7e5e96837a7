"""What every engine promises; one suite, run over each."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from signaling.ids import PeerId, PeerKey, RoomId
from signaling.store.port import Cursor, Entered, Limits, Mail, Refusal, Store

from ..support import FakeClock
from .support import a_guest, a_key, a_peer, a_room, make_redis, make_store

LIMITS = Limits(
    max_rooms=20,
    user_rooms=12,
    room_peers=10,
    user_seats=4,
    address_seats=5,
    mailbox_entries=8,
    mailbox_bytes=100,
    sender_entries=6,
    sender_bytes=70,
)


REDIS = [pytest.param(name, marks=pytest.mark.redis, id=name) for name in ("redis_url", "cluster_url")]


@pytest.fixture(params=["memory", "diskcache", *REDIS])
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    engine = request.param
    if engine.endswith("_url"):
        store: Store = make_redis(request.getfixturevalue(engine), LIMITS, clock)
    else:
        store = make_store(engine, tmp_path, LIMITS, clock)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def pair(store: Store) -> tuple[PeerKey, PeerKey]:
    """Two peers in one room."""
    await store.create(a_room(), a_peer("p"))
    await store.join(RoomId("room"), a_peer("q"))
    return a_key("p"), a_key("q")


async def post(store: Store, sender: PeerKey, to: PeerKey, frame: bytes, kind: str = "offer") -> Refusal | None:
    return await store.post(sender, to.peer_id, Mail(kind, frame))  # type: ignore[arg-type]


async def test_capacity_holds_against_200_joins_at_once(store: Store) -> None:
    """Exactly as many get in as there are places; all others hear that it is full."""
    await store.create(a_room(), a_peer("p"))
    joins = [store.join(RoomId("room"), a_peer(f"p{number}", user=f"u{number}")) for number in range(200)]
    outcomes = await asyncio.gather(*joins)
    assert sum(isinstance(each, Entered) for each in outcomes) == 9
    assert sum(each is Refusal.ROOM_FULL for each in outcomes) == 191


async def test_seats_of_one_user_in_a_room_are_bounded(store: Store) -> None:
    """Also against joins at once; others get in, who is present comes back, and who leaves makes place."""
    await store.create(a_room(), a_peer("p"))
    outcomes = await asyncio.gather(*(store.join(RoomId("room"), a_peer(f"p{number}")) for number in range(50)))
    seated = [each for each in outcomes if isinstance(each, Entered)]
    assert len(seated) == 3
    assert sum(each is Refusal.USER_SEATS_TAKEN for each in outcomes) == 47
    again = await store.join(RoomId("room"), seated[0].peer)
    assert isinstance(again, Entered)
    assert not again.is_new
    assert isinstance(await store.join(RoomId("room"), a_peer("q", user="v")), Entered)
    assert isinstance(await store.create(a_room("another"), a_peer("p")), Entered)
    await store.leave(a_key("p"))
    assert isinstance(await store.join(RoomId("room"), a_peer("new")), Entered)
    assert await store.join(RoomId("room"), a_peer("newer")) is Refusal.USER_SEATS_TAKEN


async def test_seats_of_guests_of_one_origin_in_a_room_are_bounded(store: Store) -> None:
    """A guest is a new user each time; users and guests from elsewhere get in, and who is present comes back."""
    await store.create(a_room(is_by_guest=True), a_guest("p", "here"))
    joins = [store.join(RoomId("room"), a_guest(f"p{number}", "here")) for number in range(20)]
    outcomes = await asyncio.gather(*joins)
    assert sum(isinstance(each, Entered) for each in outcomes) == 4
    assert sum(each is Refusal.ADDRESS_SEATS_TAKEN for each in outcomes) == 16
    again = await store.join(RoomId("room"), a_guest("p", "by another way"))
    assert isinstance(again, Entered)
    assert again.peer.origin == "here", "the seat stays what it was"
    assert isinstance(await store.join(RoomId("room"), a_guest("far", "there")), Entered)
    assert isinstance(await store.join(RoomId("room"), a_peer("q")), Entered)
    await store.leave(a_key("p"))
    assert isinstance(await store.join(RoomId("room"), a_guest("new", "here")), Entered)


async def test_seats_whose_lease_ended_are_free(store: Store, clock: FakeClock) -> None:
    """Once they are told of, as the room's places are."""
    await store.create(a_room(), a_peer("other", user="v"))
    for number in range(4):
        await store.join(RoomId("room"), a_peer(f"p{number}"))
    clock.advance(70)
    await store.renew([a_key("other")])
    clock.advance(6)
    assert len(await store.expire()) == 4
    for number in range(4):
        assert isinstance(await store.join(RoomId("room"), a_peer(f"q{number}")), Entered)
    assert await store.join(RoomId("room"), a_peer("q4")) is Refusal.USER_SEATS_TAKEN


async def test_number_of_rooms_is_bounded(store: Store) -> None:
    """Also against creates at once."""
    creates = [store.create(a_room(f"r{number}", owner=f"u{number}"), a_peer()) for number in range(40)]
    outcomes = await asyncio.gather(*creates)
    assert sum(each is Refusal.TOO_MANY_ROOMS for each in outcomes) == 20


async def test_rooms_of_one_user_are_bounded(store: Store) -> None:
    """Also against creates at once; a room that has ended makes place, and others are not held to it."""
    outcomes = await asyncio.gather(*(store.create(a_room(f"r{number}"), a_peer()) for number in range(19)))
    assert sum(each is Refusal.TOO_MANY_OWN_ROOMS for each in outcomes) == 7
    assert isinstance(await store.create(a_room("other's", owner="v"), a_peer()), Entered)
    one_of_them = next(number for number, each in enumerate(outcomes) if isinstance(each, Entered))
    await store.leave(a_key(room_id=f"r{one_of_them}"))
    assert isinstance(await store.create(a_room("new"), a_peer()), Entered)
    assert await store.create(a_room("newer"), a_peer()) is Refusal.TOO_MANY_OWN_ROOMS
    assert await store.create(a_room("new"), a_peer("q")) is Refusal.ROOM_EXISTS
    assert isinstance(await store.create(a_room("new"), a_peer()), Entered), "who is present comes back"


async def test_rooms_that_ran_out_are_their_users_no_longer(store: Store, clock: FakeClock) -> None:
    """Expiry frees their places as leaving does."""
    for number in range(12):
        await store.create(a_room(f"r{number}"), a_peer())
    clock.advance(76)
    await store.expire()
    assert isinstance(await store.create(a_room("new"), a_peer()), Entered)


async def test_rooms_of_guests_are_nobodys(store: Store) -> None:
    """A guest is a new user each time: only the number of all rooms holds."""
    creates = [store.create(a_room(f"r{number}", is_by_guest=True), a_peer()) for number in range(22)]
    outcomes = await asyncio.gather(*creates)
    assert sum(isinstance(each, Entered) for each in outcomes) == 20
    assert outcomes[-1] is Refusal.TOO_MANY_ROOMS
    await store.leave(a_key(room_id="r0"))
    assert isinstance(await store.create(a_room("user's"), a_peer()), Entered)


async def test_room_id_is_taken_once(store: Store) -> None:
    """Of many creates of one id by different peers, one wins."""
    outcomes = await asyncio.gather(*(store.create(a_room(), a_peer(f"p{number}")) for number in range(20)))
    assert sum(isinstance(each, Entered) for each in outcomes) == 1


async def test_each_envelope_is_handed_out_once(store: Store, pair: tuple[PeerKey, PeerKey]) -> None:
    """Many takers at once share the mail without overlap, and none is lost."""
    left, right = pair
    for number in range(6):
        await post(store, left, right, b"%d" % number)
    taken = await asyncio.gather(*(store.take(right) for _ in range(50)))
    assert sorted(frame for frames in taken for frame in frames or ()) == [b"%d" % number for number in range(6)]


async def test_order_is_kept_and_kinds_are_chosen(store: Store, pair: tuple[PeerKey, PeerKey]) -> None:
    """By kind first, then the rest, each in the order of posting."""
    left, right = pair
    for number, kind in enumerate(("offer", "answer", "offer", "bye")):
        await post(store, left, right, b"%d" % number, kind)
    assert await store.take(right, "offer") == (b"0", b"2")
    assert await store.take(right) == (b"1", b"3")
    assert await store.take(right) == ()


async def test_mailbox_is_bounded_in_entries_and_bytes(store: Store, pair: tuple[PeerKey, PeerKey]) -> None:
    """Room comes back with taking."""
    left, right = pair
    await store.join(RoomId("room"), a_peer("third"))
    assert [await post(store, left, right, b"x") for _ in range(4)] == [None] * 4
    assert [await post(store, a_key("third"), right, b"x") for _ in range(5)] == [None] * 4 + [Refusal.MAILBOX_FULL]
    assert await post(store, right, left, b"x" * 60) is None
    assert await post(store, a_key("third"), left, b"x" * 60) is Refusal.MAILBOX_FULL
    await store.take(right)
    assert await post(store, left, right, b"x") is None


async def test_share_of_one_sender_in_a_mailbox_is_bounded(store: Store, pair: tuple[PeerKey, PeerKey]) -> None:
    """In entries and in bytes; others still find place, and the share comes back with taking."""
    left, right = pair
    await store.join(RoomId("room"), a_peer("third"))
    third = a_key("third")
    assert [await post(store, left, right, b"x") for _ in range(7)] == [None] * 6 + [Refusal.SHARE_FULL]
    assert await post(store, third, right, b"y") is None
    assert [await post(store, right, left, b"x" * 40) for _ in range(2)] == [None, Refusal.SHARE_FULL]
    assert await post(store, right, left, b"x" * 30) is None
    assert await post(store, third, left, b"y" * 30) is None
    await store.take(right)
    assert [await post(store, left, right, b"x") for _ in range(7)] == [None] * 6 + [Refusal.SHARE_FULL]


async def test_share_shrinks_with_what_is_taken_of_a_kind_and_with_time(
    store: Store, pair: tuple[PeerKey, PeerKey], clock: FakeClock
) -> None:
    """It is of what waits, however that came to be."""
    left, right = pair
    for kind in ("offer", "offer", "candidate", "candidate", "candidate", "candidate"):
        assert await post(store, left, right, b"x", kind) is None
    assert await store.take(right, "offer") == (b"x", b"x")
    clock.advance(20)
    assert [await post(store, left, right, b"y") for _ in range(3)] == [None, None, Refusal.SHARE_FULL]
    clock.advance(11)
    assert [await post(store, left, right, b"z") for _ in range(5)] == [None] * 4 + [Refusal.SHARE_FULL]
    assert await store.take(right) == (b"y", b"y", b"z", b"z", b"z", b"z")
    assert [await post(store, left, right, b"x" * 70) for _ in range(2)] == [None, Refusal.SHARE_FULL]


async def test_notices_have_no_share(store: Store, pair: tuple[PeerKey, PeerKey]) -> None:
    """They are the server's own, and what a sender has waiting is none of theirs."""
    left, right = pair
    for _ in range(6):
        await post(store, left, right, b"x")
    assert await store.tell(RoomId("room"), [right.peer_id], b"n" * 30) == 0
    assert await store.tell(RoomId("room"), [right.peer_id], b"n" * 30) == 0
    assert await store.take(right) == (b"x",) * 6 + (b"n" * 30,) * 2


async def test_mail_expires(store: Store, pair: tuple[PeerKey, PeerKey], clock: FakeClock) -> None:
    """After 30 s it is gone and its place is free."""
    left, right = pair
    await post(store, left, right, b"x" * 70)
    clock.advance(31)
    assert await post(store, left, right, b"y" * 70) is None
    assert await store.take(right) == (b"y" * 70,)


async def test_post_needs_a_sender_and_an_addressee(store: Store, pair: tuple[PeerKey, PeerKey]) -> None:
    """Each refusal is its own."""
    left, right = pair
    assert await post(store, left, a_key("nobody"), b"x") is Refusal.NO_SUCH_PEER
    await store.leave(left)
    assert await post(store, left, right, b"x") is Refusal.SENDER_GONE


async def test_notices_pass_over_who_is_gone(store: Store, pair: tuple[PeerKey, PeerKey]) -> None:
    """The others get theirs."""
    _, right = pair
    assert await store.tell(RoomId("room"), [PeerId("nobody"), PeerId("q")], b"notice") == 0
    assert await store.take(right) == (b"notice",)


async def test_notices_pass_over_full_mailboxes(store: Store, pair: tuple[PeerKey, PeerKey]) -> None:
    """And say how many those were: an operator wants to know."""
    left, right = pair
    await store.join(RoomId("room"), a_peer("third"))
    for sender in (left, a_key("third")):
        for _ in range(4):
            await post(store, sender, right, b"x")
    assert await store.tell(RoomId("room"), [left.peer_id, right.peer_id], b"notice") == 1
    assert await store.take(left) == (b"notice",)
    assert await store.take(right) == (b"x",) * 8


async def test_rooms_are_counted(store: Store) -> None:
    """Private ones too, and not those that have ended."""
    for name in ("a", "b"):
        await store.create(a_room(name, is_public=name == "a"), a_peer())
    assert await store.count_rooms() == 2
    await store.leave(a_key(room_id="a"))
    assert await store.count_rooms() == 1


async def test_lease_ends_and_the_remaining_are_named(
    store: Store, pair: tuple[PeerKey, PeerKey], clock: FakeClock
) -> None:
    """Renewed ones stay; each departure is told once."""
    left, right = pair
    clock.advance(70)
    assert await store.renew([left, a_key("nobody")]) == (a_key("nobody"),)
    clock.advance(6)
    assert await store.take(right) is None
    (departure,) = await store.expire()
    assert (departure.key, departure.remaining) == (right, (left.peer_id,))
    assert await store.expire() == ()


async def test_shortened_lease_is_lengthened_by_coming_back(
    store: Store, pair: tuple[PeerKey, PeerKey], clock: FakeClock
) -> None:
    """Grace: 10 s, unless the peer shows up."""
    left, right = pair
    await store.shorten(left)
    await store.shorten(right)
    await store.others(left)
    clock.advance(11)
    assert [each.key for each in await store.expire()] == [right]
    await store.shorten(right)
    clock.advance(70)
    assert [each.key for each in await store.expire()] == [left]


async def test_last_one_out_removes_the_room(store: Store, pair: tuple[PeerKey, PeerKey]) -> None:
    """With its listing, its name and its mail."""
    left, right = pair
    assert await store.leave(left) == (right.peer_id,)
    assert await store.leave(left) is None
    assert await store.leave(right) == ()
    assert await store.join(RoomId("room"), a_peer()) is Refusal.NO_SUCH_ROOM
    assert await store.find_public("b") is None
    assert (await store.page(None, 10)).rooms == ()


async def test_present_peer_is_renewed_and_takes_no_second_place(store: Store) -> None:
    """By join and by create; as its first record; only for the same user."""
    await store.create(a_room(), a_peer("p", user="alice"))
    again = await store.join(RoomId("room"), a_peer("p", user="alice"))
    assert isinstance(again, Entered)
    assert (again.is_new, again.room.peers) == (False, 1)
    assert await store.create(a_room(), a_peer("p", user="bob")) is Refusal.NOT_THEIRS
    assert await store.join(RoomId("room"), a_peer("p", user="alice", is_guest=True)) is Refusal.NOT_THEIRS


async def test_returning_guest_keeps_its_first_user_id(store: Store) -> None:
    """A guest is given a new id at each call; the peer keeps the one the others know."""
    await store.create(a_room(), a_peer("p", user="guest-1", is_guest=True))
    again = await store.join(RoomId("room"), a_peer("p", user="guest-2", is_guest=True))
    assert isinstance(again, Entered)
    assert again.peer.user_id == "guest-1"


async def test_attach_answers_others_and_mail(store: Store, pair: tuple[PeerKey, PeerKey]) -> None:
    """And nothing for a peer that is gone."""
    left, right = pair
    await post(store, left, right, b"x")
    attached = await store.attach(right)
    assert attached is not None
    assert ([each.peer_id for each in attached.others], attached.frames) == (["p"], (b"x",))
    assert await store.attach(a_key("nobody")) is None


async def test_pages_walk_all_public_rooms_once(store: Store) -> None:
    """Also while rooms come and go behind the cursor."""
    for number in range(9):
        await store.create(a_room(f"r{number}", created_at=number // 2, is_public=number != 4), a_peer())
    found: list[str] = []
    page = await store.page(None, 3)
    while page.rooms:
        found += [view.record.room_id for view in page.rooms]
        last = page.rooms[-1].record
        await store.leave(a_key("p", found[-1]))
        page = await store.page(Cursor(last.created_at, last.room_id), 3)
    assert found == [f"r{number}" for number in range(9) if number != 4]


async def test_broadcasters_name_cannot_be_taken_over(store: Store) -> None:
    """A user's room comes before a guest's, else the oldest; when it ends, the next one is found."""
    await store.create(a_room("guest's", is_by_guest=True, created_at=1), a_peer())
    assert await store.find_public("b") == "guest's"
    await store.create(a_room("second", created_at=3), a_peer())
    await store.create(a_room("first", created_at=2), a_peer())
    await store.create(a_room("hidden", is_public=False, created_at=1), a_peer())
    for room_id in ("first", "second", "guest's"):
        assert await store.find_public("b") == room_id
        await store.leave(a_key("p", room_id))
    assert await store.find_public("b") is None


async def test_signing_key_is_made_once(store: Store) -> None:
    """32 bytes, always the same."""
    assert len(await store.signing_key()) == 32
    assert await store.signing_key() == await store.signing_key()


async def test_store_that_is_open_answers_a_ping(store: Store) -> None:
    """Nothing else happens."""
    await store.ping()


async def test_store_closes_twice(store: Store) -> None:
    """The second time is nothing."""
    await store.close()
