"""A room as its user sees it: send, listen, look around, leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import TypeVar
from weakref import ref

from .config import Config
from .core.claims import Standing
from .core.governance import Governance
from .core.pace import Pace
from .core.safety import safety_number
from .entering.idle_seat import NOWHERE
from .entering.site import Beside, Site
from .errors import BadSetting, LinkFailed, StoreError
from .event_stream import EventSink, EventStream
from .events import Event, Member, Message, Presence, Role, RoomState
from .ids import MemberId, MessageId, RoomId, Topic
from .invite import Invite, parse_invite
from .log.record import LogChanges, LogRecord
from .ports import LinkFactory, MessageStore, RoomNotes, Route
from .runtime import Driver, Runtime, wall_ms
from .stream import IncomingStream, OutgoingStream
from .talking import Talking
from .wire.aside_frames import AsideFrame, RoomInvite
from .wire.frames import MAX_NAME_CHARS, MAX_STREAM_LABEL_CHARS

__all__ = ["Room"]


T = TypeVar("T")

_LONGEST_S = 100 * 365 * 86_400
_KEPT_AFTER_S = 0.02
"""So long a note of what was dealt with may wait for something else to be kept; else each message is written twice."""


class Room(Talking):
    """A room that we are in. Made by `Peer.create_room` and `Peer.join_room`."""

    notes: RoomNotes
    """What a bot keeps of the room: `Bot.state`."""

    def __init__(
        self, site: Site, *, open_link: LinkFactory, runtime: Runtime, config: Config, store: MessageStore,
        beside: Beside[Room], on_return: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._config = config
        self._open_link = open_link
        self._runtime = runtime
        self._beside = beside
        self._on_return = on_return
        self._sinks: list[ref[EventSink]] = []
        self._at_work: set[MessageId] = set()
        """Messages that a reader of ours was given, and may not be done with."""
        self._keeping: asyncio.TimerHandle | None = None
        self._untold: dict[MessageId, bool] = {}
        """Messages that were told, and with which nobody is known to be done."""
        self._known_by_now: dict[MessageId, bool] = {}
        """Of these, those that are told again where the room has moved to."""
        self._is_over = False
        self._early: EventStream | None = self._new_stream()
        self._sinks.append(ref(self._early))
        self._store = store
        self._commits = 0
        """Begun so far."""
        self._settle_in(site)
        self._pace = Pace(burst=config.send_burst, per_s=config.send_per_s, now=self._driver.now)

    def _settle_in(self, site: Site) -> None:
        """Be there from now on; whatever still happens where we were before is no matter of ours."""
        self._topic, self._links, self._mesh = site.topic, site.links, site.mesh
        self._has_seat = site.seat.peer_id != NOWHERE
        site.mesh.messages.actions = self
        driver = self._driver = Driver(
            site.mesh,
            seat=site.seat,
            open_link=self._open_link,
            runtime=self._runtime,
            config=self._config,
            on_event=lambda event: self._on_event(event) if driver is self._driver else None,
            on_return=self._on_return,
            keep=lambda: site.keep() if driver is self._driver else None,
            commit=self._commit,
        )
        site.mesh.transfers.read_with = lambda stream: IncomingStream(stream, driver)
        site.mesh.asides.on_heard = lambda member, frame: self._beside.hear(self, member, frame)
        driver.start()

    def _commit(self, changes: LogChanges, on_done: Callable[[StoreError | None], None]) -> None:
        self._commits += 1
        self._store.commit(self.room_id, changes, on_done=on_done)

    def __repr__(self) -> str:
        return f"<Room {self.name!r} {self.state}>"

    @property
    def id(self) -> Topic:
        """What the signaling server calls the room."""
        return self._topic

    @property
    def room_id(self) -> RoomId:
        """What its members know it by: a hash of its founding, so that no server can swap it for another room."""
        return self._mesh.membership.room_id

    @property
    def is_direct(self) -> bool:
        """Whether it is that of ourselves and one other, for good."""
        return self.other is not None

    @property
    def is_public(self) -> bool:
        return self._mesh.membership.is_public

    @property
    def other(self) -> MemberId | None:
        """With whom we share a direct room, be it here or away; None for any other room."""
        return self._mesh.membership.other

    @property
    def name(self) -> str:
        """Its title; in a private room known once the first member is linked, until then the id.

        A direct room is called as the other one is.
        """
        return self._heading or self._topic

    @property
    def invite(self) -> str | None:
        """The link that lets any number of others in: as secret as what is said in a private room.

        None where we came by a link for one guest, or where ours was withdrawn: an admin's `create_invite` makes one.
        """
        return self._links.write(self._mesh.open_invite)

    @property
    def members(self) -> tuple[Member, ...]:
        """Ourselves first, then who is here, then who left; then who else belongs to the room, if it is private."""
        return self._mesh.members

    @property
    def lobby(self) -> tuple[Member, ...]:
        """Who came by an invite and waits to be admitted, in the order they came; their names are what they say."""
        return self._mesh.waiting

    @property
    def me(self) -> Member:
        return self._mesh.messages.company.me

    @property
    def state(self) -> RoomState:
        return self._mesh.state

    def events(self) -> EventStream:
        """What happens from now on; the first stream also has what happened since the room was entered."""
        stream = self._new_stream()
        self.attach(stream)
        return stream

    def attach(self, sink: EventSink) -> None:
        """Hear events without a queue of ours in between; the room forgets a sink that nobody else holds.

        `acknowledge` is to be called once an event was dealt with, or its message is told again after a restart.
        """
        early, self._early = self._early, None
        if early is not None:
            early.pour_into(sink)
        if self.state is RoomState.LEFT:
            sink.end()
        self._sinks = [*(kept for kept in self._sinks if kept() is not None), ref(sink)]

    def acknowledge(self, event: Event) -> None:
        """Somebody is done with this event: its message is not told again after a restart. Streams do it themselves."""
        if isinstance(event, Message) and not event.sender.is_me:
            self._finish([event.id])

    def _finish(self, done: Collection[MessageId]) -> None:
        """It is kept with whatever is kept next, or a moment later."""
        for message in done:
            self._mesh.messages.finish(message)
        self._at_work.difference_update(done)
        for message in done:
            self._untold.pop(message, None)
        if self._keeping is None and not self._is_over:
            self._keeping = asyncio.get_running_loop().call_later(_KEPT_AFTER_S, self._keep_finished)

    def _keep_finished(self) -> None:
        if self._keeping is not None and not self._is_over:
            self._keeping.cancel()
            self._keeping = None
            self._driver.settle()

    async def open_stream(
        self, member: Member | MemberId, *, label: str = "", size: int | None = None
    ) -> OutgoingStream:
        """Begin to send bytes to one member, who hears `StreamOpened`; nothing is sent before it reads.

        `label` and `size` tell it what comes. Raises NotJoined, LinkFailed, BadSetting.
        """
        if len(label) > MAX_STREAM_LABEL_CHARS or (size is not None and not 0 <= size < 2**53):
            raise BadSetting(f"a stream's label has {MAX_STREAM_LABEL_CHARS} characters, its size is 0 to 2^53 - 1")
        stream = self._mesh.open_stream(_id_of(member), label=label, size=size, now=self._driver.now)
        self._driver.drain()
        return OutgoingStream(stream, self._driver, buffer_bytes=self._config.stream_buffer_bytes)

    async def set_typing(self, typing: bool) -> None:
        """Call it at each key: the pace of notices is kept here. It goes stale by itself. Raises NotJoined."""
        self._mesh.set_typing(typing, now=self._driver.now)
        self._driver.drain()

    async def set_presence(self, presence: Presence) -> None:
        """`online`, `away` or `offline`; paced as messages are. Raises NotJoined, BadSetting."""
        await self._wait_turn()
        self._mesh.set_presence(presence, now=self._driver.now)
        self._driver.drain()

    async def create_invite(self, *, open: bool = False, expires_s: float | None = 86_400) -> str:  # noqa: A002
        """A link for one guest, or, `open`, for any number of them; it is good for `expires_s`, or for ever with None.

        For admins and owners: raises NotAllowed, BadSetting.
        """
        if expires_s is not None and not 0 < expires_s <= _LONGEST_S:
            raise BadSetting(f"an invite is good for more than 0 and at most {_LONGEST_S} seconds, or for ever: None")
        expires_ms = 0 if expires_s is None else wall_ms() + round(expires_s * 1000)
        made = self._govern(lambda room, now: room.invite(is_open=open, expires_ms=expires_ms, now=now))
        link = self._links.write(made)
        assert link is not None, "an invite without a link"
        return link

    async def revoke_invite(self, link: str) -> None:
        """Withdraw a link; who came by it stays. Raises NotAllowed, BadInvite, BadSetting for that of another room."""
        seed = self._links.read(link)
        self._govern(lambda room, now: room.uninvite(seed, now=now))

    async def admit(self, member: Member | MemberId) -> None:
        """Let somebody in who waits in the lobby, or who was removed before. Admins only: raises NotAllowed."""
        self._govern(lambda room, now: room.admit(_id_of(member), now=now))

    async def kick(self, member: Member | MemberId) -> None:
        """Remove a member for good: its links are cut at once and open invites end. Raises NotAllowed.

        Where there was an open invite, `invite` is a new one from then on.
        """
        self._govern(lambda room, now: room.kick(_id_of(member), now=now))

    async def promote(self, member: Member | MemberId, role: Role) -> None:
        """Make a member an `admin`, a `moderator`, or a plain `member` again. Raises NotAllowed, BadSetting."""
        self._govern(lambda room, now: room.promote(_id_of(member), role, now=now))

    async def add(self, member: Member | MemberId) -> None:
        """Bring somebody into this private room with whom we share another one: it hears `Invited`, and may join.

        Admins make it a member beforehand; others hand on the open invite, if there is one. Raises NotAllowed;
        LinkFailed where it is in no room of ours now; BadSetting for a public room.
        """
        who = _id_of(member)
        if self.is_public:
            raise BadSetting("a public room is open to everybody: tell them its name, or the link that is `invite`")
        if not self._beside.can_tell(who):
            raise LinkFailed("this member is in none of our rooms now: add it when it is, or send it `invite`")
        seed = self._govern(lambda room, now: room.add(who, now=now))
        invite = parse_invite(self._links.write(seed) or "")
        assert isinstance(invite, Invite), "a private room with a public link"
        self._beside.tell(who, RoomInvite(self.name[:MAX_NAME_CHARS], invite.room_id, invite.secret, invite.seed))

    async def demote(self, member: Member | MemberId, role: Role = "member") -> None:
        """Give a member a lower role, by default that of a plain member. Raises NotAllowed, BadSetting."""
        self._govern(lambda room, now: room.demote(_id_of(member), role, now=now))

    def _govern(self, act: Callable[[Governance, float], T]) -> T:
        """Do it, then what follows from it."""
        try:
            return act(self._mesh.govern(), self._driver.now)
        finally:
            self._mesh.settle(now=self._driver.now)
            self._driver.drain()

    def found(self) -> None:
        """For `Peer`: the first acts of a new room, an open invite and its title."""
        self._govern(lambda room, now: room.found(now=now))
        self._mesh.messages.set_title(self._mesh.title[:MAX_NAME_CHARS], now=self._driver.now)
        self._driver.settle()

    async def wait_entered(self) -> None:
        """For `Peer`: until we are let in or have to wait for a human. Raises InviteRefused."""
        self._mesh.is_handed_over = False
        await self._driver.wait_while(lambda: self._mesh.can_enter_soon, timeout_s=self._config.admission_timeout_s)
        self._mesh.is_handed_over = True
        if self._mesh.refusal is not None:
            raise self._mesh.refusal

    async def leave(self, *, for_good: bool = False) -> None:
        """Say goodbye, flush, close; the event streams end. May be called twice.

        `for_good`: be no member any more, as whoever is linked is told; owners cannot: raises NotAllowed.
        """
        if for_good:
            self._govern(lambda room, now: room.resign(now=now))
        self._finish(list(self._at_work))
        self._keep_finished()
        try:
            await self._driver.stop()
        finally:
            self._is_over = True

    def route(self, member: Member | MemberId) -> Route | None:
        """Which pair of ICE candidates our link to a member uses; None while there is no link, as to ourselves."""
        return self._driver.route_to(_id_of(member))

    def safety_number(self, member: Member) -> str:
        """60 digits that this member sees as well, if nobody sits between you: compare them by voice or face to face.

        Raises UsageError for ourselves.
        """
        return safety_number(self.me.id, member.id)

    def has_seat_at(self, topic: Topic) -> bool:
        """For `Peer`: whether others can come to us there."""
        return self._topic == topic and self._has_seat

    async def move(self, make: Callable[[LogRecord], Site]) -> bool:
        """For `Peer`: go on where the other is, with all that was said here; drafts go along. False if we have left."""
        while True:
            commits = self._commits
            await self._driver.wait_kept()
            record = await self._store.load(self.room_id)
            if commits == self._commits:
                break
        if self.state is RoomState.LEFT:
            return False
        before, presence = self._driver, self.me.presence
        self._known_by_now = dict(self._untold)
        self._settle_in(make(record))
        if presence != "online":
            self._mesh.set_presence(presence, now=self._driver.now)
        await before.stop()
        return True

    def is_linked_to(self, member: MemberId) -> bool:
        """For `Peer`: whether what we tell it here gets there."""
        return self._mesh.link_to(member) is not None

    def tell(self, member: MemberId, frame: AsideFrame) -> bool:
        """For `Peer`: something that concerns another room; whether the member is linked here."""
        is_told = self._mesh.asides.tell(member, frame, now=self._driver.now)
        self._mesh.settle(now=self._driver.now)
        self._driver.drain()
        return is_told

    def review_people(self) -> None:
        """For `Peer`: we verified somebody, or took that back."""
        self._mesh.review_people()
        self._driver.drain()

    def receive_standing(self, standing: Standing) -> None:
        """For `Peer`: what the server says of us, and how others are checked."""
        self._driver.receive_standing(standing)

    def probe(self) -> None:
        """For `Peer`: something happened to this machine or its network."""
        self._driver.probe()

    def _on_event(self, event: Event) -> None:
        if self.is_direct and isinstance(event, Message) and self._is_known(event):
            return
        self._beside.notice(self, event)
        for reference in self._sinks:
            sink = reference()
            if sink is not None:
                sink.put(event)

    def _is_known(self, message: Message) -> bool:
        """Told before the room moved, and nobody has said yet that they are done with it."""
        if self._known_by_now.pop(message.id, False):
            return True
        self._untold[message.id] = True
        if len(self._untold) > self._config.max_queued_events:
            del self._untold[next(iter(self._untold))]
        return False

    def _new_stream(self) -> EventStream:
        return EventStream(limit=self._config.max_queued_events, on_given=self._note_given, on_done=self.acknowledge)

    def _note_given(self, event: Event) -> None:
        if isinstance(event, Message):
            self._at_work.add(event.id)


def _id_of(member: Member | MemberId) -> MemberId:
    return member.id if isinstance(member, Member) else member
