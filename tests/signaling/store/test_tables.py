"""The tables against a simple model, and the corners that the model does not see."""

from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from signaling.ids import PeerId, PeerKey, RoomId
from signaling.store.port import Entered, Limits, Mail, PeerRecord, Refusal
from signaling.store.rows import Letter, Row
from signaling.store.tables import ENDINGS_AT_ONCE, LETTER_BYTES, Tables

from .support import a_key, a_peer, a_room

LIMITS = Limits(
    max_rooms=3,
    user_rooms=2,
    room_peers=3,
    user_seats=2,
    mailbox_entries=3,
    mailbox_bytes=20,
    sender_entries=2,
    sender_bytes=15,
    peer_ttl_s=75,
    grace_s=10,
    envelope_ttl_s=30,
)

ROOMS = st.sampled_from([RoomId(name) for name in "abcd"])
PEERS = st.sampled_from([PeerId(name) for name in "pqrs"])


@dataclass
class ModelPeer:
    lease_until: float
    mail: list[tuple[str, bytes, float, PeerId]] = field(default_factory=list)


def of_somebody(peer: PeerId) -> PeerRecord:
    """The last is another user's."""
    return a_peer(peer, user="v" if peer == "s" else "u")


class TablesModel(RuleBasedStateMachine):
    """Scans everything at each step, which the tables never do."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.tables = Tables(LIMITS)
        self.rooms: dict[RoomId, dict[PeerId, ModelPeer]] = defaultdict(dict)
        self.owners: dict[RoomId, str] = {}
        self.rows: dict[str, Row] = {}

    def alive(self, room: RoomId, peer: PeerId) -> ModelPeer | None:
        found = self.rooms.get(room, {}).get(peer)
        return found if found and found.lease_until > self.now else None

    def owned(self, owner: str) -> int:
        return sum(bool(peers) and self.owners[room] == owner for room, peers in self.rooms.items())

    @rule(room=ROOMS, peer=PEERS, owner=st.sampled_from("uv"))
    def create(self, room: RoomId, peer: PeerId, owner: str) -> None:
        outcome = self.tables.create(a_room(room, name=room, owner=owner), of_somebody(peer), now=self.now)
        if self.rooms.get(room) and peer not in self.rooms[room]:
            assert outcome is Refusal.ROOM_EXISTS
        elif not self.rooms.get(room) and self.owned(owner) >= LIMITS.user_rooms:
            assert outcome is Refusal.TOO_MANY_OWN_ROOMS
        elif not self.rooms.get(room) and sum(map(bool, self.rooms.values())) >= LIMITS.max_rooms:
            assert outcome is Refusal.TOO_MANY_ROOMS
        else:
            if not self.rooms.get(room):
                self.owners[room] = owner
            self.entered(outcome, room, peer)

    @rule(room=ROOMS, peer=PEERS)
    def join(self, room: RoomId, peer: PeerId) -> None:
        outcome = self.tables.join(room, of_somebody(peer), now=self.now)
        if not self.rooms.get(room):
            assert outcome is Refusal.NO_SUCH_ROOM
        elif peer not in self.rooms[room] and len(self.rooms[room]) >= LIMITS.room_peers:
            assert outcome is Refusal.ROOM_FULL
        elif peer not in self.rooms[room] and peer != "s" and len(self.rooms[room].keys() - {"s"}) >= LIMITS.user_seats:
            assert outcome is Refusal.USER_SEATS_TAKEN
        else:
            self.entered(outcome, room, peer)

    def entered(self, outcome: Entered | Refusal, room: RoomId, peer: PeerId) -> None:
        assert isinstance(outcome, Entered)
        assert outcome.is_new == (peer not in self.rooms[room])
        self.rooms[room].setdefault(peer, ModelPeer(0)).lease_until = self.now + LIMITS.peer_ttl_s
        assert {each.peer_id for each in outcome.others} == set(self.rooms[room]) - {peer}

    @rule(room=ROOMS, peer=PEERS)
    def leave(self, room: RoomId, peer: PeerId) -> None:
        remaining = self.tables.leave(PeerKey(room, peer), now=self.now)
        assert (remaining is None) == (self.alive(room, peer) is None)
        if remaining is not None:
            del self.rooms[room][peer]
            assert set(remaining) == set(self.rooms[room])

    @rule(room=ROOMS, peer=PEERS)
    def shorten(self, room: RoomId, peer: PeerId) -> None:
        self.tables.shorten(PeerKey(room, peer), now=self.now)
        if model := self.alive(room, peer):
            model.lease_until = min(model.lease_until, self.now + LIMITS.grace_s)

    @rule(room=ROOMS, sender=PEERS, to=PEERS, kind=st.sampled_from(["offer", "bye"]), frame=st.binary(max_size=12))
    def post(self, room: RoomId, sender: PeerId, to: PeerId, kind: str, frame: bytes) -> None:
        mail = Mail(kind, frame)  # type: ignore[arg-type]
        outcome = self.tables.post(PeerKey(room, sender), to, mail, now=self.now)
        sending, receiving = self.alive(room, sender), self.alive(room, to)
        if sending is None:
            assert outcome is Refusal.SENDER_GONE
            return
        sending.lease_until = self.now + LIMITS.peer_ttl_s
        if receiving is None:
            assert outcome is Refusal.NO_SUCH_PEER
            return
        waiting = self.waiting(receiving)
        share = [each[1] for each in waiting if each[3] == sender]
        if len(share) >= LIMITS.sender_entries or sum(map(len, share)) + len(frame) > LIMITS.sender_bytes:
            assert outcome is Refusal.SHARE_FULL
        elif len(waiting) >= LIMITS.mailbox_entries or sum(len(each[1]) for each in waiting) + len(frame) > 20:
            assert outcome is Refusal.MAILBOX_FULL
        else:
            assert outcome is None
            receiving.mail.append((kind, frame, self.now + LIMITS.envelope_ttl_s, sender))

    def waiting(self, peer: ModelPeer) -> list[tuple[str, bytes, float, PeerId]]:
        peer.mail = [each for each in peer.mail if each[2] > self.now]
        return peer.mail

    @rule(room=ROOMS, peer=PEERS, kind=st.sampled_from(["offer", None]))
    def take(self, room: RoomId, peer: PeerId, kind: str | None) -> None:
        taken = self.tables.take(PeerKey(room, peer), kind, now=self.now)  # type: ignore[arg-type]
        model = self.alive(room, peer)
        assert (taken is None) == (model is None)
        if model:
            model.lease_until = self.now + LIMITS.peer_ttl_s
            waiting = self.waiting(model)
            assert taken == tuple(frame for each, frame, *_ in waiting if kind in (None, each))
            model.mail = [each for each in waiting if kind not in (None, each[0])]

    @rule(seconds=st.sampled_from([0.5, 9, 20, 31, 76]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        departed = {departure.key for departure in self.tables.expire(now=self.now)}
        ended = {
            PeerKey(room, peer)
            for room, peers in self.rooms.items()
            for peer, model in peers.items()
            if model.lease_until <= self.now
        }
        assert departed == ended
        for key in ended:
            del self.rooms[key.room_id][key.peer_id]

    @invariant()
    def listing_counts_what_is_there(self) -> None:
        page = self.tables.page(None, 10)
        assert {view.record.room_id: view.peers for view in page.rooms} == {
            room: len(peers) for room, peers in self.rooms.items() if peers
        }

    @invariant()
    def rows_are_the_state(self) -> None:
        """What an engine keeps by the journal is rooms, peers and waiting mail: no row is lost or left."""
        for key, row in self.tables.journal.items():
            if row is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = row
        self.tables.journal.clear()
        letters = sum(isinstance(row, Letter) and row.expires_at > self.now for row in self.rows.values())
        assert letters == sum(
            each[2] > self.now for peers in self.rooms.values() for peer in peers.values() for each in peer.mail
        )
        kept = [len(row.frame) + LETTER_BYTES for row in self.rows.values() if isinstance(row, Letter)]
        assert self.tables._mail_bytes == sum(kept)
        assert len([key for key in self.rows if key.startswith("peer:")]) == sum(map(len, self.rooms.values()))


TestTablesAgainstModel = TablesModel.TestCase
TestTablesAgainstModel.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def test_idle_room_ends_with_all_its_peers() -> None:
    """One hour without a sign of life, even where leases are longer."""
    tables = Tables(Limits(peer_ttl_s=10_000, room_idle_s=3600))
    tables.create(a_room(), a_peer("p"), now=0)
    tables.join(RoomId("room"), a_peer("q"), now=1)
    assert tables.expire(now=3600) == ()
    tables.renew([a_key("p")], now=3600.5)
    assert tables.expire(now=3602) == ()
    departures = tables.expire(now=3600.5 + 3600)
    assert [(each.key, each.remaining) for each in departures] == [(a_key("p"), ()), (a_key("q"), ())]
    assert tables.join(RoomId("room"), a_peer(), now=7300) is Refusal.NO_SUCH_ROOM
    assert tables.expire(now=99_999) == ()


def test_many_who_end_at_once_end_in_steps() -> None:
    """So that nobody else waits for them; each ends once, public rooms are off the list, and the last step is empty."""
    tables = Tables(Limits(user_rooms=10_000))
    names = [f"room{number}" for number in range(2 * ENDINGS_AT_ONCE + 1)]
    for name in names:
        tables.create(a_room(RoomId(name), name="one name"), a_peer("p"), now=0)
    steps = []
    while departures := tables.expire(now=100):
        steps.append([departure.key.room_id for departure in departures])
    assert [len(step) for step in steps] == [ENDINGS_AT_ONCE, ENDINGS_AT_ONCE, 1]
    assert sorted(room for step in steps for room in step) == sorted(names)
    assert (tables.page(None, 10).rooms, tables.find_public("one name")) == ((), None)


def test_alarms_of_one_peer_do_not_multiply() -> None:
    """Coming and going for hours leaves one alarm a peer, or memory would grow with each reconnect."""
    tables = Tables(Limits())
    tables.create(a_room(), a_peer("p"), now=0)
    for now in range(0, 10_000, 5):
        tables.shorten(a_key("p"), now=now)
        tables.renew([a_key("p")], now=now)
        tables.expire(now=now)
    assert len(tables._alarms) <= 30


@pytest.mark.parametrize("is_expired", [True, False])
def test_old_mail_goes_without_anybody_asking(is_expired: bool) -> None:
    """The sweep frees it, so a silent peer holds no memory."""
    tables = Tables(Limits())
    tables.create(a_room(), a_peer("p"), now=0)
    tables.post(a_key("p"), PeerId("p"), Mail("offer", b"x"), now=1)
    tables.journal.clear()
    tables.expire(now=31 if is_expired else 30)
    assert list(tables.journal.values()) == ([None] if is_expired else [])


def test_alarm_of_a_room_that_came_back_is_not_its_own() -> None:
    """An old alarm finds a new room of the same id and lets it be."""
    tables = Tables(Limits(room_idle_s=100, peer_ttl_s=1000))
    for now in (0, 50):
        tables.create(a_room(), a_peer("p"), now=now)
        if now == 0:
            tables.leave(a_key("p"), now=1)
    assert tables.expire(now=100) == ()
    assert len(tables.expire(now=151)) == 1


def test_two_rooms_of_one_name_are_forgotten_one_by_one() -> None:
    """The name stays as long as one of them does."""
    tables = Tables(Limits())
    for name in ("r", "s"):
        tables.create(a_room(name), a_peer("p"), now=0)
    tables.leave(a_key("p", "s"), now=1)
    assert tables.find_public("b") == "r"
    tables.create(a_room("t", is_public=False), a_peer("p"), now=0)
    tables.leave(a_key("p", "t"), now=1)
    assert tables.tell(RoomId("r"), [PeerId("p"), PeerId("x")], b"n", now=1) == 0
    assert tables.count_rooms() == 1
    assert tables.attach(a_key("p", "r"), now=1) is not None
    assert tables.attach(a_key("x", "r"), now=1) is None


def test_resume_of_another_user_is_not_theirs() -> None:
    """Nothing changes: the lease is not even renewed."""
    tables = Tables(Limits())
    tables.create(a_room(), a_peer("p", user="alice"), now=0)
    assert tables.join(RoomId("room"), a_peer("p", user="bob"), now=70) is Refusal.NOT_THEIRS
    assert len(tables.expire(now=76)) == 1


def test_bounds_refuse_and_leave_the_tables_as_they_were() -> None:
    """The model finds these by chance; here they are by name."""
    tables = Tables(LIMITS)
    tables.create(a_room(), a_peer("p"), now=0)
    assert tables.leave(a_key("x"), now=0) is None
    assert tables.take(a_key("x"), None, now=0) is None
    assert tables.post(a_key("x"), PeerId("p"), Mail("offer", b""), now=0) is Refusal.SENDER_GONE
    assert tables.post(a_key("p"), PeerId("x"), Mail("offer", b""), now=0) is Refusal.NO_SUCH_PEER
    assert tables.post(a_key("p"), PeerId("p"), Mail("offer", b"x" * 16), now=0) is Refusal.SHARE_FULL
    assert tables.post(a_key("p"), PeerId("p"), Mail("offer", b"x"), now=0) is None
    tables.shorten(a_key("x"), now=0)
    tables.join(RoomId("room"), a_peer("q"), now=0)
    assert tables.join(RoomId("room"), a_peer("r"), now=0) is Refusal.USER_SEATS_TAKEN
    tables.join(RoomId("room"), a_peer("r", user="v"), now=0)
    assert tables.post(a_key("q"), PeerId("p"), Mail("offer", b"x" * 15), now=0) is None
    assert tables.post(a_key("r"), PeerId("p"), Mail("offer", b"x" * 15), now=0) is Refusal.MAILBOX_FULL
    assert tables.join(RoomId("room"), a_peer("s", user="w"), now=0) is Refusal.ROOM_FULL
    assert tables.leave(a_key("r"), now=0) == ("p", "q")
    assert tables.leave(a_key("q"), now=0) == ("p",)
    assert tables.leave(a_key("p"), now=31) == ()


def test_mail_that_has_expired_makes_room() -> None:
    """Before any sweep."""
    tables = Tables(LIMITS)
    tables.create(a_room(), a_peer("p"), now=0)
    for now in (0, 0, 31):
        assert tables.post(a_key("p"), PeerId("p"), Mail("offer", b"x"), now=now) is None
    assert tables.take(a_key("p"), "bye", now=31) == ()
    assert tables.take(a_key("p"), "offer", now=31) == (b"x",)


def test_mailboxes_together_are_bounded() -> None:
    """Two that hoard get a third each, and a tenth that wants little gets it; what is fetched is free again."""
    size, limits = 1000 - LETTER_BYTES, Limits(mail_bytes=30_000)
    tables = Tables(limits)
    tables.create(a_room(), a_peer("p"), now=0)
    tables.join(RoomId("room"), a_peer("q"), now=0)
    for peer in ("p", "q") * 30:
        tables.post(a_key("p"), PeerId(peer), Mail("offer", bytes(size)), now=0)
    assert tables._mail_bytes <= limits.mail_bytes
    assert tables.post(a_key("p"), PeerId("q"), Mail("offer", bytes(size)), now=0) is Refusal.MAILBOX_FULL
    for number in range(8):
        tables.join(RoomId("room"), a_peer(f"r{number}"), now=0)
        assert tables.post(a_key("p"), PeerId(f"r{number}"), Mail("offer", b"x"), now=0) is None
    hoarded = [len(tables.take(a_key(peer), None, now=0) or ()) for peer in ("p", "q")]
    assert hoarded == [pytest.approx(10, abs=4)] * 2
    assert tables.post(a_key("p"), PeerId("p"), Mail("offer", bytes(size)), now=0) is None


def test_renewal_revives_what_was_not_told_yet() -> None:
    """A server that was suspended finds those alive who are still connected; the rest is gone."""
    tables = Tables(Limits())
    tables.create(a_room(), a_peer("p"), now=0)
    assert tables.renew([a_key("p"), a_key("x"), a_key("p", "elsewhere")], now=500) == (
        a_key("x"),
        a_key("p", "elsewhere"),
    )
    assert tables.expire(now=501) == ()


def test_no_count_is_kept_of_users_whose_rooms_have_ended() -> None:
    """Or each user who ever made a room would stay in memory."""
    tables = Tables(LIMITS)
    for name in ("r", "s"):
        tables.create(a_room(name), a_peer(), now=0)
    assert tables.create(a_room("t"), a_peer(), now=0) is Refusal.TOO_MANY_OWN_ROOMS
    tables.create(a_room("t", is_by_guest=True), a_peer(), now=0)
    assert tables.create(a_room("x", owner="v"), a_peer(), now=0) is Refusal.TOO_MANY_ROOMS
    for name in ("r", "s", "t"):
        tables.leave(a_key(room_id=name), now=1)
    assert not tables._rooms_of


def test_alarms_of_those_who_left_do_not_pile_up() -> None:
    """Each room would stay in the heap for its hour otherwise; those who are there keep their alarms."""
    tables = Tables(Limits())
    tables.create(a_room("kept"), a_peer("p"), now=0)
    tables.shorten(a_key("p", "kept"), now=0)
    for number in range(5000):
        tables.create(a_room(f"r{number}"), a_peer(), now=1)
        tables.leave(a_key(room_id=f"r{number}"), now=1)
    assert len(tables._alarms) < 1100
    assert [departure.key for departure in tables.expire(now=11)] == [a_key("p", "kept")]
    assert tables.expire(now=4000) == ()
