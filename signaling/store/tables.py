"""Rooms, leases and mailboxes as plain tables with all their rules; no clock, no disk, no waiting.

Both embedded engines hold one of these, so expiry, capacity and once-only hand-out are the same by construction.
`now` is an argument of every operation. Nothing is ever scanned: each peer and each room has one valid entry in the
heap of alarms, a renewal only moves its deadline, and the alarm is set again when it goes off too early. Entries of
those who left stay in the heap until it has doubled; then it is made anew.

Rows that changed are noted in `journal` (key → record, or None for removed) for an engine that keeps them. Leases are
not rows: after a restart each peer gets a full lease, since it was the server that was away.
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Literal, TypeVar

from ..ids import PeerId, PeerKey, RoomId, UserId
from ..wire import Kind
from .directory import Directory
from .mailbox import Mailbox
from .port import (
    Attached,
    CreateRefusal,
    Cursor,
    Departure,
    Entered,
    JoinRefusal,
    Limits,
    Mail,
    Page,
    PeerRecord,
    PostRefusal,
    Refusal,
    RoomRecord,
    RoomView,
)
from .rows import Letter, Row, mail_key, peer_key, room_key

__all__ = ["Tables"]

T = TypeVar("T")

NO_PEER = PeerId("")
"""Stands in the heap for the room itself."""

LETTER_BYTES = 256
"""What a letter costs besides its frame: its fields, its places in mailbox and journal."""

SPARE_ALARMS = 1000
"""Below this, stale alarms cost less than making the heap anew."""


ENDINGS_AT_ONCE = 500
"""About 5 ms; after that the others have their turn."""


@dataclass(slots=True)
class _Peer:
    record: PeerRecord
    lease_until: float
    mailbox: Mailbox = field(default_factory=Mailbox)
    alarm_at: float = inf


@dataclass(slots=True)
class _Room:
    record: RoomRecord
    idle_at: float
    peers: dict[PeerId, _Peer] = field(default_factory=dict)
    seats: Counter[str] = field(default_factory=Counter)
    """By holder."""
    alarm_at: float = inf


class Tables:
    """The state of one store."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.journal: dict[str, Row | None] = {}
        self._rooms: dict[RoomId, _Room] = {}
        self._directory = Directory()
        self._rooms_of: Counter[UserId] = Counter()
        self._alarms: list[tuple[float, RoomId, PeerId]] = []
        self._max_alarms = SPARE_ALARMS
        self._next_serial = 0
        self._mail_bytes = 0
        """In all mailboxes."""

    # Coming and going

    def create(self, room: RoomRecord, peer: PeerRecord, *, now: float) -> Entered | CreateRefusal:
        """See Store.create."""
        if present := self._rooms.get(room.room_id):
            if peer.peer_id not in present.peers:
                return Refusal.ROOM_EXISTS
            return self._welcome_back(present, peer, now=now)
        if not room.is_by_guest and self._rooms_of[room.broadcaster_id] >= self.limits.user_rooms:
            return Refusal.TOO_MANY_OWN_ROOMS
        if len(self._rooms) >= self.limits.max_rooms:
            return Refusal.TOO_MANY_ROOMS
        return self._enter(self.add_room(room, now=now), peer, now=now)

    def join(self, room_id: RoomId, peer: PeerRecord, *, now: float) -> Entered | JoinRefusal:
        """See Store.join."""
        room = self._rooms.get(room_id)
        if room is None:
            return Refusal.NO_SUCH_ROOM
        if peer.peer_id in room.peers:
            return self._welcome_back(room, peer, now=now)
        if len(room.peers) >= self.limits.room_peers:
            return Refusal.ROOM_FULL
        if room.seats[peer.holder] >= (self.limits.address_seats if peer.is_guest else self.limits.user_seats):
            return Refusal.ADDRESS_SEATS_TAKEN if peer.is_guest else Refusal.USER_SEATS_TAKEN
        return self._enter(room, peer, now=now)

    def leave(self, key: PeerKey, *, now: float) -> tuple[PeerId, ...] | None:
        """See Store.leave."""
        if self._peer(key, now=now) is None:
            return None
        self._remove_peer(key)
        room = self._rooms.get(key.room_id)
        return tuple(room.peers) if room else ()

    def _enter(self, room: _Room, peer: PeerRecord, *, now: float) -> Entered:
        self.add_peer(room.record.room_id, peer, now=now)
        return self._entered(room, peer, is_new=True)

    def _welcome_back(self, room: _Room, peer: PeerRecord, *, now: float) -> Entered | Literal[Refusal.NOT_THEIRS]:
        kept = room.peers[peer.peer_id].record
        both_guests = kept.is_guest and peer.is_guest  # a guest is a new user each time it asks
        if not both_guests and (kept.user_id, kept.is_guest) != (peer.user_id, peer.is_guest):
            return Refusal.NOT_THEIRS
        self._renew(room, room.peers[peer.peer_id], now=now)
        return self._entered(room, kept, is_new=False)

    def _entered(self, room: _Room, peer: PeerRecord, *, is_new: bool) -> Entered:
        others = tuple(each.record for each in room.peers.values() if each.record.peer_id != peer.peer_id)
        return Entered(RoomView(room.record, len(room.peers)), peer, others, is_new)

    # Leases

    def renew(self, keys: Sequence[PeerKey], *, now: float) -> tuple[PeerKey, ...]:
        """See Store.renew."""
        return tuple(key for key in keys if not self._revived(key, now=now))

    def _revived(self, key: PeerKey, *, now: float) -> bool:
        room = self._rooms.get(key.room_id)
        peer = room.peers.get(key.peer_id) if room else None
        if room and peer:
            self._renew(room, peer, now=now)
        return peer is not None

    def others(self, key: PeerKey, *, now: float) -> tuple[PeerRecord, ...] | None:
        """See Store.others."""
        if self._renewed(key, now=now) is None:
            return None
        peers = self._rooms[key.room_id].peers
        return tuple(peer.record for peer_id, peer in peers.items() if peer_id != key.peer_id)

    def attach(self, key: PeerKey, *, now: float) -> Attached | None:
        """See Store.attach."""
        others = self.others(key, now=now)
        return None if others is None else Attached(others, self.take(key, None, now=now) or ())

    def shorten(self, key: PeerKey, *, now: float) -> None:
        """See Store.shorten."""
        if peer := self._peer(key, now=now):
            peer.lease_until = min(peer.lease_until, now + self.limits.grace_s)
            self._arm_peer(key, peer)

    def _peer(self, key: PeerKey, *, now: float) -> _Peer | None:
        room = self._rooms.get(key.room_id)
        peer = room.peers.get(key.peer_id) if room else None
        # a lease may end some moments before `expire` tells the others
        return peer if peer and peer.lease_until > now else None

    def _renewed(self, key: PeerKey, *, now: float) -> _Peer | None:
        if peer := self._peer(key, now=now):
            self._renew(self._rooms[key.room_id], peer, now=now)
        return peer

    def _renew(self, room: _Room, peer: _Peer, *, now: float) -> None:
        peer.lease_until = now + self.limits.peer_ttl_s
        room.idle_at = now + self.limits.room_idle_s

    # Mail

    def post(self, sender: PeerKey, to: PeerId, mail: Mail, *, now: float) -> PostRefusal | None:
        """See Store.post."""
        if self._renewed(sender, now=now) is None:
            return Refusal.SENDER_GONE
        key = PeerKey(sender.room_id, to)
        peer = self._peer(key, now=now)
        if peer is None:
            return Refusal.NO_SUCH_PEER
        self._drop_old_mail(key, peer, now=now)
        return self._put_mail(key, peer, mail, now=now, sender=sender.peer_id)

    def tell(self, room_id: RoomId, recipients: Sequence[PeerId], frame: bytes, *, now: float) -> int:
        """See Store.tell."""
        full, notice = 0, Mail("notice", frame)
        for peer_id in recipients:
            key = PeerKey(room_id, peer_id)
            if peer := self._peer(key, now=now):
                self._drop_old_mail(key, peer, now=now)
                full += self._put_mail(key, peer, notice, now=now) is not None
        return full

    def take(self, key: PeerKey, kind: Kind | None, *, now: float) -> tuple[bytes, ...] | None:
        """See Store.take."""
        peer = self._renewed(key, now=now)
        if peer is None:
            return None
        self._drop_old_mail(key, peer, now=now)
        taken = peer.mailbox.take(kind)
        self._forget_mail(key, taken)
        return tuple(letter.frame for letter in taken)

    def _put_mail(
        self, key: PeerKey, peer: _Peer, mail: Mail, *, now: float, sender: PeerId = NO_PEER
    ) -> Literal[Refusal.MAILBOX_FULL, Refusal.SHARE_FULL] | None:
        free = self.limits.mail_bytes - self._mail_bytes - LETTER_BYTES
        refusal = peer.mailbox.check(mail, sender, self.limits, free=free)
        if refusal is None:
            self._next_serial += 1
            letter = Letter(self._next_serial, mail.kind, mail.frame, now + self.limits.envelope_ttl_s, sender)
            self.add_mail(key, letter)
            self.journal[mail_key(key, letter.serial)] = letter
        return refusal

    def _drop_old_mail(self, key: PeerKey, peer: _Peer, *, now: float) -> None:
        self._forget_mail(key, peer.mailbox.drop_old(now))

    def _forget_mail(self, key: PeerKey, letters: list[Letter]) -> None:
        for letter in letters:
            self._mail_bytes -= LETTER_BYTES + len(letter.frame)
            self.journal[mail_key(key, letter.serial)] = None

    # Looking around

    def count_rooms(self) -> int:
        """See Store.count_rooms."""
        return len(self._rooms)

    def find_public(self, broadcaster_name: str) -> RoomId | None:
        """See Store.find_public."""
        return self._directory.find(broadcaster_name)

    def page(self, after: Cursor | None, limit: int) -> Page:
        """See Store.page."""
        room_ids, has_more = self._directory.page(after, limit)
        found = [self._rooms[room_id] for room_id in room_ids]
        return Page(tuple(RoomView(room.record, len(room.peers)) for room in found), has_more)

    # Running out

    def expire(self, *, now: float) -> tuple[Departure, ...]:
        """See Store.expire."""
        departures: list[Departure] = []
        while self._alarms and self._alarms[0][0] <= now and len(departures) < ENDINGS_AT_ONCE:
            at, room_id, peer_id = heapq.heappop(self._alarms)
            if peer_id == NO_PEER:
                departures += self._handle_room_alarm(room_id, at, now=now)
            else:
                departures += self._handle_peer_alarm(PeerKey(room_id, peer_id), at, now=now)
        return tuple(departures)

    def _handle_peer_alarm(self, key: PeerKey, at: float, *, now: float) -> list[Departure]:
        room = self._rooms.get(key.room_id)
        peer = room.peers.get(key.peer_id) if room else None
        if room is None or peer is None or peer.alarm_at != at:
            return []
        peer.alarm_at = inf
        if peer.lease_until > now:
            self._drop_old_mail(key, peer, now=now)
            self._arm_peer(key, peer)
            return []
        self._remove_peer(key)
        return [Departure(key, tuple(room.peers))]

    def _handle_room_alarm(self, room_id: RoomId, at: float, *, now: float) -> list[Departure]:
        room = self._rooms.get(room_id)
        if room is None or room.alarm_at != at:
            return []
        room.alarm_at = inf
        if room.idle_at > now:
            self._arm_room(room)
            return []
        keys = [PeerKey(room_id, peer_id) for peer_id in room.peers]
        for key in keys:
            self._remove_peer(key)
        return [Departure(key, ()) for key in keys]

    def _arm_peer(self, key: PeerKey, peer: _Peer) -> None:
        mail_at = peer.mailbox.ends_at
        wanted = peer.lease_until if mail_at is None else min(peer.lease_until, mail_at)
        if wanted < peer.alarm_at:
            peer.alarm_at = wanted
            self._add_alarm(wanted, *key)

    def _arm_room(self, room: _Room) -> None:
        room.alarm_at = room.idle_at
        self._add_alarm(room.idle_at, room.record.room_id, NO_PEER)

    def _add_alarm(self, at: float, room_id: RoomId, peer_id: PeerId) -> None:
        heapq.heappush(self._alarms, (at, room_id, peer_id))
        if len(self._alarms) > self._max_alarms:
            self._alarms = list(self._valid_alarms())
            heapq.heapify(self._alarms)
            self._max_alarms = 2 * len(self._alarms) + SPARE_ALARMS

    def _valid_alarms(self) -> Iterator[tuple[float, RoomId, PeerId]]:
        for room_id, room in self._rooms.items():
            yield room.alarm_at, room_id, NO_PEER
            for peer_id, peer in room.peers.items():
                yield peer.alarm_at, room_id, peer_id

    # Rows: the engines' way in at start, and ours in between

    def add_room(self, record: RoomRecord, *, now: float) -> _Room:
        """Add a room that has no peers yet."""
        room = self._rooms[record.room_id] = _Room(record, now + self.limits.room_idle_s)
        self._arm_room(room)
        if not record.is_by_guest:
            self._rooms_of[record.broadcaster_id] += 1
        if record.is_public:
            self._directory.add(record)
        self.journal[room_key(record.room_id)] = record
        return room

    def add_peer(self, room_id: RoomId, record: PeerRecord, *, now: float) -> None:
        """Add a peer, with a full lease, to a room that is there."""
        room, key = self._rooms[room_id], PeerKey(room_id, record.peer_id)
        peer = room.peers[record.peer_id] = _Peer(record, 0.0)
        if record.holder:
            room.seats[record.holder] += 1
        self._renew(room, peer, now=now)
        self._arm_peer(key, peer)
        self.journal[peer_key(key)] = record

    def add_mail(self, key: PeerKey, letter: Letter) -> None:
        """Add a letter behind those that wait; its peer is there."""
        peer = self._rooms[key.room_id].peers[key.peer_id]
        peer.mailbox.add(letter)
        self._mail_bytes += LETTER_BYTES + len(letter.frame)
        self._next_serial = max(self._next_serial, letter.serial)
        self._arm_peer(key, peer)

    def _remove_peer(self, key: PeerKey) -> None:
        room = self._rooms[key.room_id]
        peer = room.peers.pop(key.peer_id)
        if peer.record.holder:
            _give_back(room.seats, peer.record.holder)
        self.journal[peer_key(key)] = None
        self._forget_mail(key, peer.mailbox.take())
        if not room.peers:
            self._remove_room(room.record)

    def _remove_room(self, record: RoomRecord) -> None:
        del self._rooms[record.room_id]
        self.journal[room_key(record.room_id)] = None
        if not record.is_by_guest:
            _give_back(self._rooms_of, record.broadcaster_id)
        if record.is_public:
            self._directory.remove(record)


def _give_back(counts: Counter[T], name: T) -> None:
    """One fewer; who has none left is forgotten."""
    counts[name] -= 1
    if not counts[name]:
        del counts[name]
