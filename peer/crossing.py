"""What goes from one room of a peer to another, or from all of them to whoever listens to the peer.

A link in one room carries what concerns another: what opens a direct room, and invitations. Whatever a room reports is
dealt with on the loop's next turn, since a room must not be spoken to while it speaks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from weakref import ref

from .config import Config
from .core.names import clean_name
from .core.pace import Pace
from .entering.direct_rooms import DirectRooms
from .errors import PeerError
from .events import ConnectionChanged, Event, Member, Message, RoomState, StatusChanged
from .ids import MemberId, RoomId
from .invite import Invite
from .peer_events import DirectOpened, Invited, MessageArrived, PeerEvent, PeerEventStream
from .room import Room
from .runtime import Runtime
from .wire.aside_frames import AsideFrame, DirectGate, RoomInvite

__all__ = ["Crossing"]

_log = logging.getLogger("peer")


class Crossing:
    """Of one `Peer`; `peer.entering.site.Beside` for its rooms."""

    directs: DirectRooms
    """Set before the first room is entered."""

    def __init__(
        self,
        *,
        server: str,
        rooms: Callable[[], Sequence[Room]],
        join: Callable[[str], Awaitable[Room]],
        runtime: Runtime,
        config: Config,
    ) -> None:
        """`rooms` are all that were entered; `join` enters one by its link."""
        self._server = server
        self._rooms = rooms
        self._join = join
        self._runtime = runtime
        self._config = config
        self._invitations: Pace | None = None
        self._unasked: set[RoomId] = set()
        """Rooms that we entered, or are about to, since others invited us."""
        self._joining: set[RoomId] = set()
        self._streams: list[ref[PeerEventStream]] = []
        self._is_closed = False

    def close(self) -> None:
        """The peer leaves: nothing is entered any more, and the streams end."""
        self._is_closed = True
        self.directs.close()
        for stream in self._listeners():
            stream.end()

    # ---- whoever listens

    def events(self) -> PeerEventStream:
        """From now on; nothing is kept for a stream that nobody holds."""
        stream = PeerEventStream(limit=self._config.max_queued_events, on_done=_acknowledge)
        self._streams = [*(each for each in self._streams if each() is not None), ref(stream)]
        return stream

    def opened(self, room: Room, member: MemberId) -> None:
        """Somebody opened a direct room with us."""
        gone = Member(id=member, name=room.name, presence="offline", connection="closed")
        self._put(DirectOpened(room, self._maybe_member(member) or gone))

    def _put(self, event: PeerEvent) -> None:
        for stream in self._listeners():
            stream.put(event)

    def _listeners(self) -> list[PeerEventStream]:
        return [stream for each in self._streams if (stream := each()) is not None]

    # ---- what a room reports

    def notice(self, room: Room, event: Event) -> None:
        """Something happened there."""
        match event:
            case Message() if not event.sender.is_me and event.arrival != "history":
                self._soon(self._put, MessageArrived(room, event, room.unread))  # behind `DirectOpened`
            case ConnectionChanged(member=Member(id=member), state="linked") if not room.is_direct:
                self._soon(self.directs.meet, member)
            case StatusChanged() if room.is_direct:
                self._soon(self.directs.answer, room)
            case _:
                pass

    def hear(self, room: Room, member: MemberId, frame: AsideFrame) -> None:
        """A member told us something there."""
        if isinstance(frame, DirectGate):
            self._soon(lambda: self.directs.hear(member, frame, is_public=room.is_public))
        else:
            self._soon(self._be_invited, member, frame)

    def _soon(self, act: Callable[..., None], *arguments: object) -> None:
        asyncio.get_running_loop().call_soon(self._unless_closed, act, *arguments)

    def _unless_closed(self, act: Callable[..., None], *arguments: object) -> None:
        if not self._is_closed:
            act(*arguments)

    # ---- telling

    def tell(self, member: MemberId, frame: AsideFrame) -> bool:
        """In one room where it is linked; whether there is any."""
        return any(room.tell(member, frame) for room in self._shared_with(member)[:1])

    def can_tell(self, member: MemberId) -> bool:
        return bool(self._shared_with(member))

    def _shared_with(self, member: MemberId) -> list[Room]:
        """Rooms where it is linked, private ones first: it may not listen to strangers in public."""
        linked = [room for room in self._entered() if room.is_linked_to(member)]
        return sorted(linked, key=lambda room: room.is_public)

    def _entered(self) -> list[Room]:
        return [room for room in self._rooms() if room.state is not RoomState.LEFT]

    def _maybe_member(self, member: MemberId) -> Member | None:
        members = (each for room in self._shared_with(member) for each in room.members)
        return next((each for each in members if each.id == member), None)

    # ---- invitations

    def _be_invited(self, member: MemberId, frame: RoomInvite) -> None:
        by, room_id = self._maybe_member(member), RoomId(frame.room_id)
        if by is None or any(room.room_id == room_id for room in self._entered()):
            return
        if not self._pace().spend(now=asyncio.get_running_loop().time()):
            return
        title = clean_name(frame.title, max_chars=self._config.max_name_chars) or "untitled"
        link = Invite(self._server, room_id, frame.secret, frame.seed, is_open=False).link
        self._put(Invited(title, by, link))
        if self._config.join_when_invited and self._has_place():
            self._unasked.add(room_id)
            self._joining.add(room_id)
            self._runtime.spawn(self._join_unasked(link, room_id), name="join when invited")

    def _has_place(self) -> bool:
        """Anybody whom we share a room with may invite us, to any number of rooms."""
        self._unasked &= self._joining | {room.room_id for room in self._entered()}
        return len(self._unasked) < self._config.max_unasked_rooms

    def _pace(self) -> Pace:
        if self._invitations is None:
            now, config = asyncio.get_running_loop().time(), self._config
            self._invitations = Pace(burst=config.invitations_burst, per_s=config.invitations_per_s, now=now)
        return self._invitations

    async def _join_unasked(self, link: str, room_id: RoomId) -> None:
        try:
            await self._join(link)
        except PeerError as error:
            _log.info("! a room that we were invited to was not entered: %s", error)
        finally:
            self._joining.discard(room_id)


def _acknowledge(event: PeerEvent) -> None:
    if isinstance(event, MessageArrived):
        event.room.acknowledge(event.message)
